// One pass over every row of a set before a run: what cannot be used and why, how long the samples are, which pictures are in it
// (faults 26-34).  `dataset check` prints it; opening a set for training is the same pass without decoding pictures.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/data/dataset/finding.h"
#include "core/data/dataset/loss_mask.h"
#include "core/data/dataset/record_set.h"
#include "core/data/dataset/sample_pieces.h"
#include "core/data/processor/gemma3_processor.h"
#include "core/shared/base/result.h"

namespace lapidary::dataset {

struct SampleSettings {
    LossMaskMode mask = LossMaskMode::Answers;
    std::int64_t maxTokens = 0;  // of a sample; 0: any length
    LengthPolicy length = LengthPolicy::Skip;
    image::ViewSettings views;  // pan & scan, or the whole picture alone
    image::UrlConsent urls = image::UrlConsent::Refuse;
};

// A sample of the set: a row, or a piece of one.
struct SampleEntry {
    std::int64_t row = 0;
    SamplePiece piece;
};

struct SurveyReport {
    std::string name;
    std::int64_t rows = 0;
    std::int64_t usableRows = 0;  // that give samples
    std::int64_t errorRows = 0;  // with a finding of Severity::Error
    std::int64_t droppedRows = 0;  // by a maker's own rule
    std::int64_t pictures = 0;  // places in usable rows
    FindingList findings;
    ColumnUse columns;
    // With a processor.
    bool tokenised = false;
    std::int64_t samples = 0;
    std::int64_t minTokens = 0;  // of a sample
    std::int64_t maxTokens = 0;
    std::int64_t maxLabels = 0;
    std::int64_t maxViews = 0;
    std::int64_t totalTokens = 0;
    std::int64_t totalLabels = 0;
    std::vector<std::string> templateProblems;  // of the tokenizer itself
    // What tells rows and pictures apart: hashes of the decoded pixels where pictures were decoded, else of where they come from.
    std::unordered_set<std::string> pictureHashes;
    std::unordered_set<std::string> rowHashes;
};

struct Survey {
    SurveyReport report;
    std::vector<SampleEntry> entries;  // with a processor
    std::vector<std::filesystem::path> pictureFiles;  // each once, in the order of their first row
};

enum class SurveyDepth : std::uint8_t {
    Files,  // pictures are looked for, not opened (with pan & scan their sizes are needed, and they are)
    Decoded,  // every picture is decoded
};

struct SurveyRequest {
    const RecordSet* records = nullptr;
    const processor::Gemma3Processor* processor = nullptr;  // none: texts and pictures alone, no lengths and labels
    SampleSettings settings;
    SurveyDepth depth = SurveyDepth::Files;
    const SurveyReport* training = nullptr;  // of the training set, when this is the evaluation set: overlaps are found
    std::function<void(std::int64_t row, std::int64_t rows)> progress;
};

// Rows that cannot be used are findings, not errors.  Errors: Cancelled.
Result<Survey> surveyRecords(const SurveyRequest& request, const std::stop_token& stop = {});

// A record as token ids and labels without views; [seq] each.  `sizes`: of its pictures, {1, 1} where crops do not depend on them.
// Answers that LossMaskMode::Search did not find are told in `notFound` (may be null).
Result<TrainingSample> layOutSample(const Record& record, std::span<const processor::PictureSize> sizes,
                                    const processor::Gemma3Processor& processor, const SampleSettings& settings,
                                    std::vector<std::size_t>* notFound = nullptr);

}  // namespace lapidary::dataset
