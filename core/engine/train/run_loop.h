// The loop of a run, the same on every rank (each decision is agreed on before the next operation of the group): steps, evaluations, checkpoints, words from outside.  Private to training_run.cpp.
#pragma once

#include <chrono>
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
    RunIdentity identity;
};

class RunLoop {
public:
    RunLoop(const RunRequest& request, const RunParts& parts, dataset::SampleOrder order, const RunCounters& counters);

    Result<RunResult> run(std::stop_token stop);

private:
    enum class Next : std::uint8_t { GoOn, Leave };

    Result<Next> afterStep(const std::stop_token& stop);
    Result<void> oneStep();
    Result<std::vector<MicroBatch>> nextBatches();
    Result<void> refuse(const StepReport& report);
    Result<void> checkThatSomethingMoves();
    Result<void> evaluate(const std::stop_token& stop);
    Result<void> answerSamples(const std::stop_token& stop);
    Result<std::optional<Tally>> tallyOfValidation(const std::stop_token& stop);
    Result<void> tellEvaluation(const Tally& tally, const std::stop_token& stop);
    [[nodiscard]] bool isBetter(const Tally& tally) const;
    [[nodiscard]] bool reachedGoals(const Tally& tally) const;
    Result<void> save(const std::stop_token& stop);
    Result<std::string> writeCheckpoint(const std::stop_token& stop);
    Result<void> obey(const std::stop_token& stop);
    Result<void> checkData();
    [[nodiscard]] Result<void> dataAreAsBefore() const;
    [[nodiscard]] std::vector<std::int64_t> indicesOf(std::int64_t consumed) const;
    void tellStep(const StepReport& report, double seconds);
    [[nodiscard]] bool due(std::int64_t interval) const { return interval > 0 && m_counters.step % interval == 0; }
    [[nodiscard]] bool outOfTime() const;

    const RunRequest& m_request;
    RunParts m_parts;
    dataset::SampleOrder m_order;
    RunCounters m_counters;
    std::map<std::string, std::uint64_t> m_startHashes;  // of what learns, for the no-op check
    std::chrono::steady_clock::time_point m_begin = std::chrono::steady_clock::now();
    std::optional<SavedCheckpoint> m_saved;
    std::string m_reason;
    bool m_paused = false;
};

}  // namespace lapidary::train
