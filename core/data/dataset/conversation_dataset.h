// A set of conversations as the trainer's samples: every row was read once when it was opened, so that nothing is found at step 1,284
// (fault 29); pictures are decoded when their sample is asked for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/data/dataset/fingerprint.h"
#include "core/data/dataset/survey.h"
#include "core/data/dataset/training_sample.h"

namespace lapidary::dataset {

enum class BadRows : std::uint8_t {
    Stop,  // the set is refused, with the first rows named
    Skip,  // they are left out; the report counts them
};
// "stop" or "skip".  Errors: Usage.
Result<BadRows> badRows(const std::string& name);

struct OpenSetOptions {
    SampleSettings settings;
    BadRows badRows = BadRows::Stop;
    SurveyDepth depth = SurveyDepth::Files;
    const SurveyReport* training = nullptr;  // as SurveyRequest
    std::function<void(std::int64_t row, std::int64_t rows)> progress;
};

class ConversationDataset final : public Dataset {
public:
    // Errors: InvalidData where rows cannot be used (BadRows::Stop), or no sample is left: every label masked, every row too long
    // (fault 31); Cancelled.
    static Result<std::shared_ptr<const ConversationDataset>> open(RecordSet records,
                                                                   std::shared_ptr<const processor::Gemma3Processor> processor,
                                                                   const OpenSetOptions& options,
                                                                   const std::stop_token& stop = {});

    [[nodiscard]] std::int64_t size() const override { return std::ssize(m_survey.entries); }
    [[nodiscard]] Result<TrainingSample> sample(std::int64_t index) const override;
    [[nodiscard]] std::string fingerprint() const override { return m_fingerprint; }
    [[nodiscard]] std::vector<std::string> changedFiles() const override;

    [[nodiscard]] const SurveyReport& report() const { return m_survey.report; }
    // The row behind a sample, as it was read.
    [[nodiscard]] Result<MappedRecord> record(std::int64_t index) const;

private:
    ConversationDataset(RecordSet records, std::shared_ptr<const processor::Gemma3Processor> processor,
                        const SampleSettings& settings, Survey survey);

    RecordSet m_records;
    std::shared_ptr<const processor::Gemma3Processor> m_processor;
    SampleSettings m_settings;
    Survey m_survey;
    std::string m_fingerprint;
    FileStamps m_stamps;
};

// The whole of a record as a sample, views included: what sample() gives before a piece is taken.
Result<TrainingSample> makeSample(const Record& record, const processor::Gemma3Processor& processor,
                                  const SampleSettings& settings, const std::stop_token& stop = {});

// Why a set cannot be used, as one error; success where it can.
Result<void> usableOrError(const SurveyReport& report, BadRows policy);

}  // namespace lapidary::dataset
