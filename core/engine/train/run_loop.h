// The loop of a run, the same on every rank (each decision is agreed on before the next operation of the group): steps, evaluations,
// checkpoints; and in run_remedies.cpp what is done about steps that are in its way, and words from outside.  Private to training_run.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/data/dataset/sample_order.h"
#include "core/engine/train/batch_source.h"
#include "core/engine/train/run_folder.h"
#include "core/engine/train/run_log.h"
#include "core/engine/train/sample_answers.h"
#include "core/engine/train/trainer.h"
#include "core/engine/train/training_model.h"
#include "core/engine/train/training_run.h"
#include "core/engine/train/training_state.h"
#include "core/engine/train/working_time.h"
#include "core/shared/base/clock.h"
#include "core/shared/base/private_memory.h"

namespace lapidary::train {

// What a run works on; outlives the loop.
struct RunParts {
    TrainingModel& model;
    TrainingData& data;
    Objective& objective;
    Trainer& trainer;
    RunFolder* folder;  // null on all ranks but the first
    RunLog& log;
    const SampleAnswers* samples;  // null where there are none, and on all ranks but the first
    distributed::ProcessGroup& group;
    const Clock& clock;
    PrivateMemoryPeak& memory;
    RunIdentity identity;
};

class RunLoop {
public:
    RunLoop(const RunRequest& request, const RunParts& parts, dataset::SampleOrder order, const RunCounters& counters);

    Result<RunResult> run(std::stop_token stop);

private:
    // Why a step was not done (faults 37 and 36).
    enum class Trouble : std::uint8_t { BadStep, OutOfMemory };

    Result<void> steps(const std::stop_token& stop);
    Error endWith(Error error, const std::stop_token& stop);
    // Whether a step was done; where not, the run goes on in another way or waits.
    Result<bool> oneStep(const std::stop_token& stop);
    Result<void> afterStep(const std::stop_token& stop);
    Result<std::vector<MicroBatch>> nextBatches();

    // `what`, a sentence, was in the way.  The error that ends the run where the recipe wants that or nothing helps.
    Result<void> meet(Trouble trouble, const std::string& what, const std::stop_token& stop);
    [[nodiscard]] std::string offer(Trouble trouble) const;
    // Does it and says what was done.  Errors: Usage where it is no help against `trouble`: nothing was changed then.
    Result<std::string> apply(RunCommand remedy, Trouble trouble);
    Result<std::string> needLess();
    Result<std::string> rollBack();
    void passOver() { m_counters.consumedSamples += m_request.recipe.train.globalBatchSize; }

    Result<void> checkThatSomethingMoves();
    Result<void> evaluate(const std::stop_token& stop);
    Result<void> answerSamples(const std::stop_token& stop);
    Result<std::optional<Tally>> tallyOfValidation(const std::stop_token& stop);
    Result<void> tellEvaluation(const Tally& tally, const std::stop_token& stop);
    [[nodiscard]] bool isBetter(const Tally& tally) const;
    [[nodiscard]] bool reachedGoals(const Tally& tally) const;
    Result<void> save(const std::stop_token& stop);
    [[nodiscard]] std::vector<std::int64_t> alwaysKept() const;
    Result<std::string> writeCheckpoint(const std::stop_token& stop);
    // Takes words until the run need not wait.
    Result<void> obey(const std::stop_token& stop);
    Result<void> follow(RunCommand word, const std::stop_token& stop);
    Result<void> answer(RunCommand word, const std::stop_token& stop);
    // Whether they are as they were; where not, the run waits.
    Result<bool> checkData(const std::stop_token& stop);
    [[nodiscard]] Result<void> dataAreAsBefore() const;
    [[nodiscard]] std::vector<std::int64_t> indicesOf(std::int64_t consumed) const;
    [[nodiscard]] protocol::RunFinishedEvent finished(const std::string& message) const;
    void tellStep(const StepReport& report, double seconds);
    [[nodiscard]] bool due(std::int64_t interval) const { return interval > 0 && m_counters.step % interval == 0; }
    [[nodiscard]] bool outOfTime() const;

    const RunRequest& m_request;
    RunParts m_parts;
    dataset::SampleOrder m_order;
    RunCounters m_counters;
    std::map<std::string, std::uint64_t> m_startHashes;  // of what learns, for the no-op check
    WorkingTime m_time;
    std::int64_t m_stepsDone = 0;  // in this sitting
    std::optional<SavedCheckpoint> m_saved;
    std::optional<RunCounters> m_savedCounters;  // what m_saved holds
    bool m_cannotSave = false;
    std::string m_reason;
    std::optional<WorkingTime::Pause> m_pause;  // while the run waits for a word
    std::optional<Trouble> m_trouble;  // that it waits over
};

}  // namespace lapidary::train
