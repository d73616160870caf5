#include "core/data/dataset/conversation_dataset.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace lapidary::dataset {
namespace {

std::string rowsText(std::int64_t count) { return std::to_string(count) + (count == 1 ? " row" : " rows"); }

// "train.jsonl:12: …", of the first finding that makes a row unusable.
std::string firstError(const SurveyReport& report) {
    for (const Finding& finding : report.findings.kept()) {
        if (severityOf(finding.rule) == Severity::Error) return finding.place + ": " + finding.message;
    }
    return "";
}

// All that decides what the samples are, beside the files.
std::string describeSettings(const RecordRequest& request, const SampleSettings& settings) {
    std::string text =
        request.maker + "|" + request.split + "|" + request.subset + "|" + std::to_string(static_cast<int>(request.markers)) +
        "|" + std::to_string(static_cast<int>(settings.mask)) + "|" + std::to_string(settings.maxTokens) + "|" +
        std::to_string(static_cast<int>(settings.length)) + "|" + std::to_string(static_cast<int>(settings.views.mode));
    if (settings.views.mode == image::CropMode::PanAndScan) {
        const auto& crops = settings.views.panAndScan;
        text += "|" + std::to_string(crops.minCropSize) + "|" + std::to_string(crops.maxNumCrops) + "|" +
                std::to_string(crops.minRatioToActivate);
    }
    for (const auto& [column, meaning] : request.columns) text.append("|").append(column).append("=").append(meaning);
    return text;
}

}  // namespace

Result<BadRows> badRows(const std::string& name) {
    if (name == "stop") return BadRows::Stop;
    if (name == "skip") return BadRows::Skip;
    return Error{ErrorCode::Usage,
                 "rows that cannot be used are met with \"stop\" or \"skip\", not \"" + name.substr(0, 40) + "\"", ""};
}

Result<void> usableOrError(const SurveyReport& report, BadRows policy) {
    if (report.errorRows > 0 && (policy == BadRows::Stop || report.usableRows == 0)) {
        return Error{ErrorCode::InvalidData,
                     rowsText(report.errorRows) + " of " + std::to_string(report.rows) + " cannot be used; the first is " +
                         firstError(report) + (report.usableRows > 0 ? ".  Mend them, or choose to skip such rows" : ""),
                     report.name};
    }
    if (report.tokenised && report.usableRows == 0 && report.findings.count(Rule::NoLabels) > 0 &&
        report.findings.count(Rule::TooLongSkipped) == 0) {
        return Error{ErrorCode::InvalidData, "every label of every sample is masked: nothing would be learned", report.name};
    }
    if (report.usableRows == 0) {
        return Error{
            ErrorCode::InvalidData,
            "no sample is left of " + rowsText(report.rows) +
                (report.findings.count(Rule::TooLongSkipped) > 0
                     ? ": " + std::to_string(report.findings.count(Rule::TooLongSkipped)) + " are longer than the limit"
                     : ""),
            report.name};
    }
    return {};
}

Result<TrainingSample> makeSample(const Record& record, const processor::Gemma3Processor& processor,
                                  const SampleSettings& settings, const std::stop_token& stop) {
    std::vector<image::Picture> pictures;
    std::vector<processor::PictureSize> sizes;
    for (const PictureRef& reference : record.pictures) {
        auto picture = loadPicture(reference, settings.urls, stop);
        if (!picture) return picture.error().within(record.place);
        sizes.push_back({picture->width, picture->height});
        pictures.push_back(std::move(*picture));
    }
    auto sample = layOutSample(record, sizes, processor, settings);
    if (!sample) return sample.error().within(record.place);
    for (processor::PromptImage& place : sample->images) {
        const image::Picture& picture = pictures[static_cast<std::size_t>(place.picture)];
        place.width = picture.width;
        place.height = picture.height;
        auto views = processor.imageProcessor().views(picture, settings.views, stop);
        if (!views) return views.error().within(record.place);
        std::move(views->begin(), views->end(), std::back_inserter(sample->views));
    }
    return sample;
}

Result<std::shared_ptr<const ConversationDataset>> ConversationDataset::open(
    RecordSet records, std::shared_ptr<const processor::Gemma3Processor> processor, const OpenSetOptions& options,
    const std::stop_token& stop) {
    ASSIGN_OR_RETURN(
        Survey survey,
        surveyRecords({&records, processor.get(), options.settings, options.depth, options.training, options.progress}, stop));
    RETURN_IF_ERROR(usableOrError(survey.report, options.badRows));
    auto files = records.files();
    auto fingerprint =
        fingerprintOf(records.root(), files, survey.pictureFiles, describeSettings(records.request(), options.settings), stop);
    if (!fingerprint) return fingerprint.error();
    auto set = std::shared_ptr<ConversationDataset>(
        new ConversationDataset(std::move(records), std::move(processor), options.settings, std::move(survey)));
    set->m_fingerprint = std::move(*fingerprint);
    files.insert(files.end(), set->m_survey.pictureFiles.begin(), set->m_survey.pictureFiles.end());
    set->m_stamps = FileStamps(files);
    return std::shared_ptr<const ConversationDataset>(std::move(set));
}

ConversationDataset::ConversationDataset(RecordSet records, std::shared_ptr<const processor::Gemma3Processor> processor,
                                         const SampleSettings& settings, Survey survey)
    : m_records(std::move(records)), m_processor(std::move(processor)), m_settings(settings), m_survey(std::move(survey)) {}

std::vector<std::string> ConversationDataset::changedFiles() const {
    std::vector<std::string> changed = m_stamps.changed();
    if (changed.empty()) return changed;
    // Files that were only touched, or put back as they were, are the same: what counts is what is in them.
    const auto now = fingerprintOf(m_records.root(), m_records.files(), m_survey.pictureFiles,
                                   describeSettings(m_records.request(), m_settings));
    if (now && *now == m_fingerprint) changed.clear();
    return changed;
}

Result<MappedRecord> ConversationDataset::record(std::int64_t index) const {
    if (index < 0 || index >= size())
        return Error{ErrorCode::NotFound,
                     "sample " + std::to_string(index) + " of " + std::to_string(size()) + " (numbers begin with 0)", ""};
    return m_records.record(m_survey.entries[static_cast<std::size_t>(index)].row);
}

Result<TrainingSample> ConversationDataset::sample(std::int64_t index) const {
    ASSIGN_OR_RETURN(const auto mapped, record(index));
    ASSIGN_OR_RETURN(auto whole, makeSample(mapped.record, *m_processor, m_settings));
    const SamplePiece& piece = m_survey.entries[static_cast<std::size_t>(index)].piece;
    if (piece.end > std::ssize(whole.ids))
        return Error{ErrorCode::InvalidFile, "the row changed since the set was opened", mapped.record.place};
    return takePiece(std::move(whole), piece);
}

}  // namespace lapidary::dataset
