// What a training run tells, one JSON object a line, on stdout and in <run>/events.jsonl (README.md of this folder has examples).
// The window follows that file, so a live, a finished and a remote run are read alike.  A step that was run again after a resume
// appears again: the later line counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::protocol {

struct RunStartedEvent {
    std::string run;  // its folder
    std::int64_t step = 0;  // first step that follows: 0, or where a resumed run goes on
    std::int64_t steps = 0;  // of the whole run
    std::int64_t parameters = 0;
    std::int64_t trainableParameters = 0;
    std::int64_t samples = 0;  // of the training set
    std::int64_t worldSize = 1;
    std::int64_t globalBatchSize = 0;  // samples of a step, over all ranks; 0 in logs of before it was told
    std::string device;
    std::string dtype;
    std::int64_t estimatedPrivateBytes = 0;  // that the run will need at its peak (core/shared/plan/training_forecast.h)
    std::vector<std::string> notes;  // sentences for a person
    bool operator==(const RunStartedEvent&) const = default;
};

struct StepEvent {
    std::int64_t step = 0;  // from 1, as people count
    double loss = 0.0;  // mean over the step's answer tokens, before the update
    double learningRate = 0.0;
    double gradNorm = 0.0;  // before clipping
    double tokensPerSecond = 0.0;  // of the step alone, without padding, over all ranks
    double seconds = 0.0;  // the step took
    std::int64_t targetTokens = 0;
    std::int64_t consumedSamples = 0;  // since the run began
    double epoch = 0.0;
    std::optional<double> remainingSeconds;  // that the rest of the run will take at this sitting's pace, pauses left out
    std::int64_t privateBytes =
        0;  // peak of resident memory of this process alone since it began (core/shared/base/private_memory.h)
    std::optional<std::int64_t> deviceBytes{};  // peak of the GPU's memory that its tensors took; on a CPU nothing
    bool operator==(const StepEvent&) const = default;
};

struct KindAccuracy {
    std::string kind;
    double accuracy = 0.0;  // 0 to 1
    std::int64_t count = 0;
    bool operator==(const KindAccuracy&) const = default;
};

struct EvaluationEvent {
    std::int64_t step = 0;
    double loss = 0.0;
    double accuracy = 0.0;  // answers that are right as a whole
    std::vector<KindAccuracy> kinds;
    bool best = false;  // the best so far
    bool operator==(const EvaluationEvent&) const = default;
};

// The answer to a pinned prompt, greedy, with the weights after `step`.
struct SampleAnswerEvent {
    std::int64_t step = 0;
    std::int64_t sample = 0;  // its number in validation.samples, from 0
    std::string prompt;
    std::vector<std::string> images;
    std::string answer;
    bool operator==(const SampleAnswerEvent&) const = default;
};

struct SavedEvent {
    std::int64_t step = 0;
    std::string folder;
    std::int64_t bytes = 0;
    double seconds = 0.0;
    bool operator==(const SavedEvent&) const = default;
};

// Anything else that happened: "warning", "refused_step", "out_of_memory", "remedy" (what was done about the two), "paused", "resumed",
// "interrupted" (the sitting before this one ended without a word), "stage", "checkpoint_skipped", "save_failed".
struct NoticeEvent {
    std::int64_t step = 0;
    std::string kind;
    std::string message;
    bool operator==(const NoticeEvent&) const = default;
};

struct RunFinishedEvent {
    std::int64_t step = 0;
    // "done", "stopped", "early_stopping", "reached", "failed", or "interrupted": a device or rank went away, the run can be resumed
    std::string reason;
    std::string message;
    std::string adapter;  // folder of the last checkpoint's adapter or weights; empty where nothing was saved
    // Since the run began.
    std::int64_t refusedSteps = 0;  // whose loss or gradient could not be trusted
    std::int64_t outOfMemorySteps = 0;
    std::int64_t skippedSteps = 0;  // whose samples were passed over
    std::int64_t rollbacks = 0;
    std::int64_t loweredLearningRates = 0;
    std::int64_t privateBytes = 0;  // as StepEvent's
    std::optional<std::int64_t> deviceBytes{};  // likewise
    bool operator==(const RunFinishedEvent&) const = default;
};

using TrainingEventBody =
    std::variant<RunStartedEvent, StepEvent, EvaluationEvent, SampleAnswerEvent, SavedEvent, NoticeEvent, RunFinishedEvent>;

struct TrainingEvent {
    double time = 0.0;  // seconds since 1970, for people; durations are measured by a monotonic clock
    TrainingEventBody body;
    bool operator==(const TrainingEvent&) const = default;
};

// "run_started", "step", "evaluation", "sample_answer", "saved", "notice", "run_finished".
const char* trainingEventTypeName(const TrainingEventBody& body);

// Errors: InvalidData naming the field; Unsupported for an unknown type.
Result<TrainingEvent> parseTrainingEvent(std::string_view line);
// One line without its newline.  Numbers that are not finite become null.
std::string printTrainingEvent(const TrainingEvent& event);

}  // namespace lapidary::protocol
