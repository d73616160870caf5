#include "core/engine/train/answer_score.h"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "core/data/dataset/conversation_dataset.h"
#include "core/data/scenes/evaluation.h"
#include "core/data/scenes/initial_model.h"
#include "core/data/scenes/vocabulary.h"
#include "core/engine/train/batch_source.h"
#include "core/engine/train/scene_sources.h"

namespace lapidary::train {
namespace {

// Logits in memory at once.
constexpr std::int64_t kLogitBytes = 64 << 20;

// [first, first + count) as far as it lies in the source.
std::vector<std::int64_t> indicesFrom(std::int64_t first, std::int64_t count, std::int64_t size) {
    std::vector<std::int64_t> indices(static_cast<std::size_t>(std::clamp<std::int64_t>(size - first, 0, count)));
    std::iota(indices.begin(), indices.end(), first);
    return indices;
}

Result<Tally> scoreSource(const session::Model& model, BatchSource& source, const ScoringSettings& settings,
                          const std::stop_token& stop) {
    const std::int64_t size = source.size();
    const std::int64_t step = settings.samplesAtOnce;
    Tally tally;
    for (std::int64_t first = 0; first < size; first += step) {
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "scoring was cancelled", ""};
        ASSIGN_OR_RETURN(const MicroBatch batch,
                         source.batch(indicesFrom(first, step, size), indicesFrom(first + step, step, size)));
        model::ModelInput input = batch.input;
        input.adapter = model.adapter().get();
        ASSIGN_OR_RETURN(const AnswerPrediction found,
                         predictAnswers(model.network(), input, batch.targets, kLogitBytes, stop));
        tally.add(tallyOf(found, batch));
        if (settings.onProgress) settings.onProgress(std::min(first + step, size), size);
    }
    return tally;
}

// Of the demo model or one that was trained from it.
Result<void> knowsScenes(const session::Model& model) {
    const config::Gemma3Config& config = model.config();
    const Error error{ErrorCode::InvalidData,
                      "the questions are asked in the demo model's vocabulary and views, and this model has others",
                      "--scenes"};
    if (!config.vision || config.vision->imageSize != scenes::kViewSize ||
        config.mmTokensPerImage != scenes::kTokensPerSide * scenes::kTokensPerSide ||
        config.imageTokenIndex != scenes::kImageSoftTokenId)
        return error;
    ASSIGN_OR_RETURN(const auto demo, scenes::demoProcessor());
    for (const std::string& phrase : scenes::everyPhrase()) {
        const auto expected = demo.tokenizer().encode(phrase, text::SpecialTokens::AsText);
        if (model.tokenizer().encode(phrase, text::SpecialTokens::AsText) != expected) return error;
    }
    return {};
}

scenes::Scorer scorerOf(const Tally& tally) {
    scenes::Scorer scorer;
    for (const auto& [name, count] : tally.kinds) {
        if (const auto kind = scenes::kindOf(name)) scorer.add(*kind, count.right, count.asked);
    }
    return scorer;
}

}  // namespace

Result<Tally> scoreRows(const session::Model& model, const std::string& path, const ScoringSettings& settings,
                        const std::stop_token& stop) {
    dataset::RecordRequest request;
    request.path = path;
    ASSIGN_OR_RETURN(auto records, dataset::RecordSet::open(request, stop));
    const auto& processor = model.opened().processor;
    const image::ImageProcessorSettings& images = processor->imageProcessor().settings();
    dataset::OpenSetOptions options;
    options.settings.maxTokens = model.contextTokens();
    options.settings.length = dataset::LengthPolicy::Fail;
    options.settings.views.mode = images.panAndScanByDefault ? image::CropMode::PanAndScan : image::CropMode::None;
    options.settings.views.panAndScan = images.panAndScan;
    ASSIGN_OR_RETURN(auto set, dataset::ConversationDataset::open(std::move(records), processor, options, stop));
    return scoreSource(model, *datasetSource(std::move(set), processor), settings, stop);
}

Result<scenes::Scores> scoreScenes(const session::Model& model, const SceneQuestions& questions,
                                   const ScoringSettings& settings, const std::stop_token& stop) {
    RETURN_IF_ERROR(knowsScenes(model));
    auto asked = scenes::askedScenes(questions.split, questions.seed, questions.count);
    // Pictures of the same number of views beside each other: little of a batch is padding.
    std::stable_sort(asked.begin(), asked.end(), [](const scenes::AskedScene& a, const scenes::AskedScene& b) {
        return a.scene.squares < b.scene.squares;
    });
    scenes::Scores scores;
    const std::array<std::pair<scenes::Showing, scenes::Scorer*>, 3> ways{{{scenes::Showing::PanAndScan, &scores.panAndScan},
                                                                           {scenes::Showing::WholeOnly, &scores.wholeOnly},
                                                                           {scenes::Showing::Blank, &scores.blank}}};
    std::int64_t before = 0;
    for (const auto& [showing, scorer] : ways) {
        ASSIGN_OR_RETURN(auto set, scenes::EvaluationDataset::create(asked, showing));
        ScoringSettings one = settings;
        const std::int64_t all = set->size();
        if (settings.onProgress) {
            one.onProgress = [&settings, before, all](std::int64_t done, std::int64_t) {
                settings.onProgress(before + done, 3 * all);
            };
        }
        ASSIGN_OR_RETURN(const Tally tally,
                         scoreSource(model, *evaluationSource(std::move(set), model.opened().processor), one, stop));
        *scorer = scorerOf(tally);
        before += all;
    }
    return scores;
}

}  // namespace lapidary::train
