// What a recipe's `dataset` section means.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/data/dataset/conversation_dataset.h"
#include "core/data/dataset/makers.h"
#include "core/data/dataset/mock_dataset.h"
#include "core/engine/train/batch_source.h"
#include "core/engine/train/scene_sources.h"
#include "core/shared/base/json.h"

namespace lapidary::train {
namespace {

// Seeds of the generator: validation never meets training's pictures, and neither meets the evaluation set (its own split).
constexpr std::uint64_t kValidationStream = 0x76616C6964617465U;
// Scenes are endless; an epoch is merely a number.
constexpr std::int64_t kSceneEpoch = std::int64_t{1} << 40;

// Scenes that tell how long scenes are: the longest of a micro-batch is rarely longer.
constexpr std::int64_t kScenesToMeasure = 64;

using ProcessorPointer = std::shared_ptr<const processor::Gemma3Processor>;

Result<plan::SampleExtent> largestOf(const dataset::Dataset& set, std::int64_t samples) {
    plan::SampleExtent largest;
    for (std::int64_t i = 0; i < std::min(samples, set.size()); ++i) {
        ASSIGN_OR_RETURN(const dataset::TrainingSample sample, set.sample(i));
        const auto answers = std::count_if(sample.labels.begin(), sample.labels.end(),
                                           [](std::int64_t label) { return label != dataset::kNoLabel; });
        largest.tokens = std::max<std::int64_t>(largest.tokens, std::ssize(sample.ids));
        largest.answers = std::max<std::int64_t>(largest.answers, answers);
        largest.views = std::max<std::int64_t>(largest.views, std::ssize(sample.views));
    }
    return largest;
}

Result<TrainingData> openScenes(const plan::Recipe& recipe, const ProcessorPointer& processor) {
    ASSIGN_OR_RETURN(const Json settings, parseJson(recipe.dataset.scenes.json, "dataset.scenes"));
    ASSIGN_OR_RETURN(const scenes::SceneMix mix, scenes::SceneMix::fromJson(settings));
    const auto seed = static_cast<std::uint64_t>(recipe.rng.seed);
    const std::uint64_t validationSeed = seed ^ kValidationStream;
    const std::int64_t validationSize = std::max<std::int64_t>(recipe.validation.evalIters, 1) * recipe.train.globalBatchSize;
    TrainingData data;
    if (recipe.train.task == plan::TrainTask::TowerLabels) {
        ASSIGN_OR_RETURN(auto training, scenes::TowerDataset::create(mix, seed, kSceneEpoch));
        ASSIGN_OR_RETURN(auto validation, scenes::TowerDataset::create(mix, validationSeed, validationSize));
        data.training = towerSource(std::move(training));
        data.validation = towerSource(std::move(validation));
        data.largest = {scenes::kTokensPerView, 0, 1};
        return data;
    }
    ASSIGN_OR_RETURN(auto training, scenes::SceneDataset::create(mix, seed, kSceneEpoch));
    ASSIGN_OR_RETURN(auto validation, scenes::SceneDataset::create(mix, validationSeed, validationSize));
    ASSIGN_OR_RETURN(data.largest, largestOf(*training, kScenesToMeasure));
    data.training = sceneSource(std::move(training), processor);
    data.validation = sceneSource(std::move(validation), processor);
    return data;
}

dataset::OpenSetOptions setOptions(const plan::Recipe& recipe, const session::OpenedCheckpoint& opened) {
    const plan::DatasetSection& section = recipe.dataset;
    dataset::OpenSetOptions options;
    options.settings.mask =
        section.lossMaskMode == plan::LossMaskMode::Search ? dataset::LossMaskMode::Search : dataset::LossMaskMode::Answers;
    options.settings.maxTokens = recipe.model.seqLength;
    switch (section.lengthPolicy) {
        case plan::LengthPolicy::Fail: options.settings.length = dataset::LengthPolicy::Fail; break;
        case plan::LengthPolicy::Skip: options.settings.length = dataset::LengthPolicy::Skip; break;
        case plan::LengthPolicy::SplitText: options.settings.length = dataset::LengthPolicy::SplitText; break;
    }
    options.settings.views = viewSettings(recipe, opened);
    options.settings.urls = section.allowUrls ? image::UrlConsent::Allow : image::UrlConsent::Refuse;
    options.badRows = section.onBadRow == plan::RowPolicy::Skip ? dataset::BadRows::Skip : dataset::BadRows::Stop;
    return options;
}

// Bridge's arguments of a maker: where its set lies, and which part of it.  Errors: Usage for others.
Result<void> takeMakerArguments(const plan::DatasetSection& section, dataset::RecordRequest& request) {
    ASSIGN_OR_RETURN(const Json arguments, parseJson(section.makerKwargs.json, "dataset.maker_kwargs"));
    for (const auto& [name, value] : arguments.items()) {
        std::string* const wanted = name == "path_or_dataset" ? &request.path
                                    : name == "subset"        ? &request.subset
                                    : name == "split"         ? &request.split
                                                              : nullptr;
        if (wanted == nullptr || !value.is_string()) {
            return Error{ErrorCode::Usage,
                         "expected path_or_dataset, subset and split as texts, found '" + clipText(name, 80) +
                             "': " + describeJson(value),
                         "dataset.maker_kwargs"};
        }
        *wanted = value.get<std::string>();
    }
    return {};
}

dataset::RecordRequest plainRequest(const plan::DatasetSection& section) {
    dataset::RecordRequest request;
    request.maker = section.makerName.value_or("");
    request.pictureFolder = section.imageFolder.value_or("");
    request.columns = section.columns;
    if (section.markerNumbering == plan::MarkerNumbering::EachMessage)
        request.markers = dataset::MarkerNumbering::RestartInEachTurn;
    return request;
}

// The set behind a path of the recipe, a folder of pictures with captions, or the maker's own repository.
Result<dataset::RecordRequest> trainingRequest(const plan::DatasetSection& section) {
    dataset::RecordRequest request = plainRequest(section);
    RETURN_IF_ERROR(takeMakerArguments(section, request));
    if (section.trainDataPath) request.path = *section.trainDataPath;
    if (section.datasetType == plan::DatasetType::Captions && request.path.empty()) {
        request.path = std::exchange(request.pictureFolder, {}).string();
    }
    return request;
}

// Its other part, unless a path is given.
Result<dataset::RecordRequest> validationRequest(const plan::DatasetSection& section) {
    dataset::RecordRequest request = plainRequest(section);
    RETURN_IF_ERROR(takeMakerArguments(section, request));
    if (section.validDataPath) request.path = *section.validDataPath;
    request.split = "validation";
    return request;
}

// As many samples as the run asks for, of which all are the same.
Result<TrainingData> openMock(const plan::Recipe& recipe, const session::OpenedCheckpoint& opened) {
    const dataset::SampleSettings settings = setOptions(recipe, opened).settings;
    TrainingData data;
    const auto source = [&](std::int64_t size) -> Result<std::unique_ptr<BatchSource>> {
        ASSIGN_OR_RETURN(auto set, dataset::MockDataset::create(size, recipe.dataset.numImages, *opened.processor, settings));
        ASSIGN_OR_RETURN(data.largest, largestOf(*set, 1));
        return datasetSource(std::move(set), opened.processor);
    };
    ASSIGN_OR_RETURN(data.training, source(recipe.train.trainIters * recipe.train.globalBatchSize));
    if (recipe.validation.evalIters > 0) {
        ASSIGN_OR_RETURN(data.validation, source(recipe.validation.evalIters * recipe.train.globalBatchSize));
    }
    data.notes.emplace_back("The data are a mock: one sample over and over, which teaches nothing.");
    return data;
}

void noteReport(const dataset::SurveyReport& report, std::vector<std::string>& notes) {
    notes.push_back(report.name + ": " + std::to_string(report.samples) + " samples from " + std::to_string(report.usableRows) +
                    " of " + std::to_string(report.rows) + " rows, " + std::to_string(report.totalTokens) + " tokens, " +
                    std::to_string(report.totalLabels) + " of them learned");
    if (report.errorRows > 0)
        notes.push_back(report.name + ": " + std::to_string(report.errorRows) + " rows cannot be used and are left out");
}

}  // namespace

image::ViewSettings viewSettings(const plan::Recipe& recipe, const session::OpenedCheckpoint& opened) {
    const plan::DatasetSection& section = recipe.dataset;
    const auto& defaults = opened.checkpoint.imageProcessor;
    image::ViewSettings views;
    if (defaults) {
        views.mode = defaults->doPanAndScan ? image::CropMode::PanAndScan : image::CropMode::None;
        views.panAndScan = {defaults->panAndScanMinCropSize, defaults->panAndScanMaxNumCrops,
                            defaults->panAndScanMinRatioToActivate};
    }
    if (section.doPanAndScan) views.mode = *section.doPanAndScan ? image::CropMode::PanAndScan : image::CropMode::None;
    if (section.panAndScanMinCropSize) views.panAndScan.minCropSize = *section.panAndScanMinCropSize;
    if (section.panAndScanMaxNumCrops) views.panAndScan.maxNumCrops = *section.panAndScanMaxNumCrops;
    if (section.panAndScanMinRatioToActivate) views.panAndScan.minRatioToActivate = *section.panAndScanMinRatioToActivate;
    return views;
}

Result<TrainingData> openTrainingData(const plan::Recipe& recipe, const session::OpenedCheckpoint& opened,
                                      std::stop_token stop) {
    const ProcessorPointer& processor = opened.processor;
    const plan::DatasetSection& section = recipe.dataset;
    if (section.datasetType == plan::DatasetType::Scenes) return openScenes(recipe, processor);
    if (recipe.train.task == plan::TrainTask::TowerLabels) {
        return Error{ErrorCode::Usage, "tower_labels needs dataset.dataset_type=scenes", "train.task"};
    }
    if (section.datasetType == plan::DatasetType::Mock) return openMock(recipe, opened);
    dataset::OpenSetOptions options = setOptions(recipe, opened);
    TrainingData data;
    ASSIGN_OR_RETURN(const dataset::RecordRequest wanted, trainingRequest(section));
    ASSIGN_OR_RETURN(auto records, dataset::RecordSet::open(wanted, stop));
    ASSIGN_OR_RETURN(auto training, dataset::ConversationDataset::open(std::move(records), processor, options, stop));
    noteReport(training->report(), data.notes);
    data.largest = {training->report().maxTokens, training->report().maxLabels, training->report().maxViews};
    const bool hasValidation = section.validDataPath || section.makerName;
    if (recipe.validation.evalIters > 0 && hasValidation) {
        options.training = &training->report();
        ASSIGN_OR_RETURN(const dataset::RecordRequest held, validationRequest(section));
        ASSIGN_OR_RETURN(auto others, dataset::RecordSet::open(held, stop));
        ASSIGN_OR_RETURN(auto validation, dataset::ConversationDataset::open(std::move(others), processor, options, stop));
        noteReport(validation->report(), data.notes);
        data.validation = datasetSource(validation, processor);
    }
    data.training = datasetSource(training, processor);
    return data;
}

}  // namespace lapidary::train
