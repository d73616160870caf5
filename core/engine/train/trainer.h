// One optimizer step over any number of micro-batches: loss summed over all answer tokens of the step (of every rank), divided once by
// their number, clipped by the global norm.  A step whose loss or gradient cannot be trusted changes nothing and says where.
// Lives on the thread that owns the tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/engine/distributed/process_group.h"
#include "core/engine/model/gemma3_vl_model.h"
#include "core/engine/train/adam_w.h"
#include "core/engine/train/collator.h"
#include "core/engine/train/lr_schedule.h"
#include "core/engine/train/objective.h"
#include "core/shared/base/result.h"

namespace lapidary::train {

struct TrainerSettings {
    AdamWSettings optimizer;
    LrSchedule schedule;
    double maxGradNorm = 1.0;  // 0: no clipping
    double spikeFactor = 10.0;  // a loss of that many times the recent mean is refused; 0: never
};

enum class StepRefusal : std::uint8_t { NotFiniteLoss, NotFiniteGradient, LossSpike };

struct StepReport {
    std::int64_t step = 0;  // of this update, from 0
    double loss = 0.0;  // mean over all answer tokens, before the update
    double gradNorm = 0.0;  // before clipping
    double learningRate = 0.0;  // that was applied
    std::int64_t targetTokens = 0;  // over all ranks
    std::int64_t tokens = 0;  // over all ranks, without padding
    std::vector<double> microLosses;  // this rank's sums divided by all targets, one a micro-batch
    std::optional<StepRefusal> refusal;  // nothing was changed
    std::string where;  // of a refusal, on every rank: samples, and the first parameter or micro-batch that is not finite
};

class Trainer {
public:
    // `parameters`: at least one.  `objective` and `group` outlive the trainer.
    Trainer(Objective& objective, TrainableParameters parameters, const TrainerSettings& settings,
            distributed::ProcessGroup& group);

    // Called by all ranks, each with as many micro-batches.  Errors, the same on all: those of the forward on any rank (with one rank
    // what it throws goes through), ChildDied from the group, InvalidData for a step without any target.  After an error and after
    // running out of memory anywhere in it the parameters and their moments are as they were.
    Result<StepReport> step(std::span<const MicroBatch> batches, std::stop_token stop = {});

    [[nodiscard]] AdamW& optimizer() { return m_optimizer; }
    [[nodiscard]] const TrainerSettings& settings() const { return m_settings; }
    // The step that comes next; a resumed run sets it.
    [[nodiscard]] std::int64_t nextStep() const { return m_nextStep; }
    // Mean loss of the last steps, which a spike is measured against; 0 before the first.
    [[nodiscard]] double recentLoss() const { return m_recentLoss; }
    void restore(std::int64_t nextStep, double recentLoss);
    // Times the schedule's rate, from the next step on.
    void setLearningRateFactor(double factor) { m_learningRateFactor = factor; }

private:
    Result<double> accumulate(std::span<const MicroBatch> batches, StepReport& report, std::vector<double>& losses,
                              const std::stop_token& stop);
    void completeGradients();
    Result<void> sumOverRanks(double& loss);
    Result<void> gatherPlaces(StepReport& report);
    void judge(StepReport& report, std::span<const MicroBatch> batches, std::span<const double> losses);

    Objective& m_objective;
    TrainerSettings m_settings;
    distributed::ProcessGroup& m_group;
    AdamW m_optimizer;
    std::int64_t m_nextStep = 0;
    double m_recentLoss = 0.0;
    double m_learningRateFactor = 1.0;
};

// What learns in `model` (its parameters that require a gradient), a tied head once.  Decay acts on all of them, or on all but norms
// and biases (`decayAll` false: transformers' Trainer).
TrainableParameters trainableParameters(model::Gemma3VlModel& model, bool decayAll);

}  // namespace lapidary::train
