#include "core/data/dataset/survey.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/data/dataset/template_lint.h"
#include "core/data/net/digest.h"

namespace lapidary::dataset {
namespace {

namespace fs = std::filesystem;

// Enough of a SHA-256 to tell pictures of one set apart.
constexpr std::size_t kHashDigits = 32;

std::string hashOf(std::string_view bytes) {
    net::Digest digest(net::Digest::Kind::Sha256);
    digest.add(bytes);
    return digest.finish().substr(0, kHashDigits);
}

// Of the pixels as decoded, so that another file with the same picture is found.
std::string hashOf(const image::Picture& picture) {
    net::Digest digest(net::Digest::Kind::Sha256);
    digest.add(std::to_string(picture.width) + "x" + std::to_string(picture.height) + ":");
    digest.add(std::as_bytes(std::span(picture.rgb)));
    return digest.finish().substr(0, kHashDigits);
}

class Surveyor {
public:
    explicit Surveyor(const SurveyRequest& request) : m_request(request), m_report(m_survey.report) {
        m_report.name = request.records->name();
        m_report.rows = request.records->rows();
        m_report.tokenised = request.processor != nullptr;
        if (m_report.tokenised) m_report.templateProblems = lintTokenizer(request.processor->tokenizer());
        m_decodes = request.depth == SurveyDepth::Decoded ||
                    (m_report.tokenised && request.settings.views.mode == image::CropMode::PanAndScan);
    }

    Result<Survey> run(const std::stop_token& stop) {
        for (m_row = 0; m_row < m_report.rows; ++m_row) {
            if (stop.stop_requested())
                return Error{ErrorCode::Cancelled,
                             "cancelled at row " + std::to_string(m_row + 1) + " of " + std::to_string(m_report.rows), ""};
            if (m_request.progress) m_request.progress(m_row, m_report.rows);
            m_failed = false;
            RETURN_IF_ERROR(surveyRow(stop));
            if (m_failed) ++m_report.errorRows;
        }
        if (m_request.progress) m_request.progress(m_report.rows, m_report.rows);
        return std::move(m_survey);
    }

private:
    void add(Rule rule, std::string message) {
        if (severityOf(rule) == Severity::Error) m_failed = true;
        m_report.findings.add({rule, m_row, m_request.records->place(m_row), std::move(message)});
    }

    Result<void> surveyRow(const std::stop_token& stop) {
        auto mapped = m_request.records->record(m_row);
        if (!mapped) {
            addRowError(mapped.error());
            return {};
        }
        for (const auto& [column, meaning] : mapped->columns) ++m_report.columns[column][meaning];
        if (mapped->dropped) {
            ++m_report.droppedRows;
            return {};
        }
        const Record& record = mapped->record;
        for (const Finding& warning : record.warnings) add(warning.rule, warning.message);
        for (const Finding& finding : checkTurns(record)) add(finding.rule, finding.message);
        for (std::string& sentence : lintTexts(record)) add(Rule::MarkersInText, std::move(sentence));
        std::vector<processor::PictureSize> sizes;
        std::vector<std::string> hashes;
        RETURN_IF_ERROR(surveyPictures(record, sizes, hashes, stop));
        if (m_failed) return {};
        compareWithOthers(record, hashes);
        if (m_report.tokenised && !surveySample(record, sizes)) return {};
        ++m_report.usableRows;
        m_report.pictures += std::ssize(record.pictures);
        return {};
    }

    // The place is the finding's own.
    void addRowError(const Error& error) {
        Rule rule = error.code == ErrorCode::InvalidData ? Rule::BadRecord : Rule::BadRow;
        if (error.context.ends_with("picture_count")) rule = Rule::PictureCount;
        add(rule, error.message);
    }

    Result<void> surveyPictures(const Record& record, std::vector<processor::PictureSize>& sizes,
                                std::vector<std::string>& hashes, const std::stop_token& stop) {
        for (const PictureRef& picture : record.pictures) {
            noteFile(picture);
            if (const auto problem = lookFor(picture)) {
                add(problem->first, problem->second);
                continue;
            }
            if (!m_decodes) {
                sizes.push_back({1, 1});
                hashes.push_back(hashOf(std::to_string(static_cast<int>(picture.kind)) + picture.value));
                continue;
            }
            const auto decoded = loadPicture(picture, m_request.settings.urls, stop);
            if (!decoded && decoded.error().code == ErrorCode::Cancelled) return decoded.error();
            if (!decoded) {
                add(Rule::PictureUnreadable, clipText(decoded.error().toString(), 400));
                continue;
            }
            sizes.push_back({decoded->width, decoded->height});
            hashes.push_back(hashOf(*decoded));
        }
        return {};
    }

    // What can be said of a picture without opening it.
    std::optional<std::pair<Rule, std::string>> lookFor(const PictureRef& picture) const {
        std::error_code ignored;
        if (picture.kind == PictureRef::Kind::Path && !fs::is_regular_file(picture.value, ignored)) {
            return std::pair(Rule::PictureMissing, "no such file: " + describePicture(picture));
        }
        if (picture.kind == PictureRef::Kind::Url && m_request.settings.urls != image::UrlConsent::Allow) {
            return std::pair(Rule::UrlRefused,
                             "addresses in a data set are only followed with --allow-urls: " + describePicture(picture));
        }
        return std::nullopt;
    }

    void noteFile(const PictureRef& picture) {
        if (picture.kind == PictureRef::Kind::Path && m_seenFiles.insert(picture.value).second)
            m_survey.pictureFiles.emplace_back(picture.value);
    }

    // Ids and rows that were there before, and overlap with the training set (fault 34).
    void compareWithOthers(const Record& record, const std::vector<std::string>& hashes) {
        if (!record.id.empty()) {
            const auto [earlier, isNew] = m_ids.emplace(record.id, m_row);
            if (!isNew)
                add(Rule::DuplicateId, "the id '" + clipText(record.id, 80) + "' is that of " +
                                           m_request.records->place(earlier->second) + " too");
        }
        std::string whole;
        for (const text::Message& message : record.messages) {
            const std::string text = textOfMessage(message);
            whole += message.role + ":" + std::to_string(text.size()) + ":" + text + "\n";
        }
        for (const std::string& hash : hashes) whole += hash;
        const std::string row = hashOf(whole);
        if (!m_report.rowHashes.insert(row).second) add(Rule::DuplicateRow, "an earlier row has the same texts and pictures");
        m_report.pictureHashes.insert(hashes.begin(), hashes.end());
        if (m_request.training == nullptr) return;
        const auto known = std::count_if(hashes.begin(), hashes.end(), [&](const std::string& hash) {
            return m_request.training->pictureHashes.contains(hash);
        });
        if (known > 0)
            add(Rule::OverlapPicture,
                std::to_string(known) + " of " + std::to_string(hashes.size()) + " pictures are in the training set");
        if (m_request.training->rowHashes.contains(row)) add(Rule::OverlapText, "the whole row is in the training set");
    }

    // Whether the row gives samples.
    bool surveySample(const Record& record, const std::vector<processor::PictureSize>& sizes) {
        std::vector<std::size_t> notFound;
        const auto sample = layOutSample(record, sizes, *m_request.processor, m_request.settings, &notFound);
        if (!sample) {
            add(sample.error().message.find("placeholder") != std::string::npos ? Rule::PictureCount : Rule::BadRecord,
                sample.error().toString());
            return false;
        }
        for (const std::size_t answer : notFound)
            add(Rule::AnswerNotFound, "answer " + std::to_string(answer + 1) +
                                          " is tokenised differently inside the conversation: it is not learned");
        const auto labels =
            std::count_if(sample->labels.begin(), sample->labels.end(), [](std::int64_t label) { return label != kNoLabel; });
        if (labels == 0) {
            add(Rule::NoLabels, "none of " + std::to_string(sample->ids.size()) + " tokens is learned: the sample is left out");
            return false;
        }
        const auto pieces = piecesOf(*sample);
        for (const SamplePiece& piece : pieces) {
            m_survey.entries.push_back({m_row, piece});
            const std::int64_t tokens = piece.prefix + piece.end - piece.begin;
            m_report.minTokens = m_report.samples == 0 ? tokens : std::min(m_report.minTokens, tokens);
            m_report.maxTokens = std::max(m_report.maxTokens, tokens);
            m_report.totalTokens += tokens;
            ++m_report.samples;
        }
        if (!pieces.empty()) {
            m_report.totalLabels += labels;
            m_report.maxLabels = std::max<std::int64_t>(m_report.maxLabels, labels);
            m_report.maxViews = std::max<std::int64_t>(m_report.maxViews, std::ssize(sample->imageSpans));
        }
        return !pieces.empty();
    }

    std::vector<SamplePiece> piecesOf(const TrainingSample& sample) {
        const std::int64_t length = std::ssize(sample.ids);
        const std::int64_t limit = m_request.settings.maxTokens;
        if (limit <= 0 || length <= limit) return {{0, 0, length}};
        const std::string message = std::to_string(length) + " tokens, the limit is " + std::to_string(limit);
        if (m_request.settings.length == LengthPolicy::SplitText) {
            if (auto pieces = splitIntoPieces(sample, limit)) {
                add(Rule::TooLongSplit, message + ": " + std::to_string(pieces->size()) + " samples");
                return std::move(*pieces);
            }
            add(Rule::TooLongSkipped, message + ", and the question with its pictures leaves no room for an answer");
            return {};
        }
        add(m_request.settings.length == LengthPolicy::Fail ? Rule::TooLong : Rule::TooLongSkipped, message);
        return {};
    }

    const SurveyRequest& m_request;
    Survey m_survey;
    SurveyReport& m_report;
    std::unordered_map<std::string, std::int64_t> m_ids;
    std::unordered_set<std::string> m_seenFiles;
    std::int64_t m_row = 0;
    bool m_failed = false;  // the row has a finding that makes it unusable
    bool m_decodes = false;
};

}  // namespace

Result<Survey> surveyRecords(const SurveyRequest& request, const std::stop_token& stop) { return Surveyor(request).run(stop); }

Result<TrainingSample> layOutSample(const Record& record, std::span<const processor::PictureSize> sizes,
                                    const processor::Gemma3Processor& processor, const SampleSettings& settings,
                                    std::vector<std::size_t>* notFound) {
    processor::ProcessSettings process;
    process.views = settings.views;
    ASSIGN_OR_RETURN(auto prompt, processor.layout(record.messages, sizes, text::AfterLastMessage::Nothing, process));
    LossMask mask;
    if (settings.mask == LossMaskMode::Answers) {
        mask = answersMask(prompt.ids, processor.tokenizer());
    } else {
        std::vector<std::string> answers;
        for (const text::Message& message : record.messages) {
            if (message.role == "assistant") answers.push_back(textOfMessage(message));
        }
        mask = searchMask(prompt.ids, answers, processor.tokenizer());
    }
    TrainingSample sample;
    sample.id = record.place;
    sample.labels = shiftedLabels(prompt.ids, mask.learned);
    sample.ids = std::move(prompt.ids);
    sample.images = std::move(prompt.images);
    sample.imageSpans = std::move(prompt.imageSpans);
    if (notFound != nullptr) *notFound = std::move(mask.notFound);
    return sample;
}

}  // namespace lapidary::dataset
