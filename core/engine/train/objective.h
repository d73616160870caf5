// What a step's loss is: a sum over targets of a micro-batch, its gradients, and how right the model is.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <utility>

#include "core/engine/distributed/process_group.h"
#include "core/engine/model/adapter.h"
#include "core/engine/model/gemma3_vl_model.h"
#include "core/engine/session/vision_state_store.h"
#include "core/engine/train/collator.h"
#include "core/shared/base/result.h"

namespace lapidary::train {

// Right answers, counted by kind.
struct Tally {
    struct Count {
        std::int64_t right = 0;
        std::int64_t asked = 0;

        // 0 to 1; 0 where nothing was asked.
        [[nodiscard]] double accuracy() const {
            return asked > 0 ? static_cast<double>(right) / static_cast<double>(asked) : 0.0;
        }
    };
    double lossSum = 0.0;
    std::int64_t targets = 0;
    std::map<std::string, Count> kinds;

    void add(const Tally& other);
    // Of all ranks together.  Errors: ChildDied.
    [[nodiscard]] Result<Tally> sumOverRanks(distributed::ProcessGroup& group) const;
    [[nodiscard]] double loss() const { return targets > 0 ? lossSum / static_cast<double>(targets) : 0.0; }
    // Of all kinds together, 0 to 1; 0 where nothing was asked.
    [[nodiscard]] double accuracy() const;
};

// What a model says at a micro-batch's places.
struct AnswerPrediction {
    at::Tensor losses;  // [n] float32
    at::Tensor predictions;  // [n] int64: the likeliest ids
    double sum = 0.0;  // of `losses`
};
// `input`: the batch's own, or with an adapter beside it.  At most `lossBlockBytes` of logits exist at once.  Without gradients.
Result<AnswerPrediction> predictAnswers(const model::Gemma3VlModel& model, const model::ModelInput& input,
                                        const at::Tensor& targets, std::int64_t lossBlockBytes, std::stop_token stop);
// Right answers by the kinds of batch.groups.
Tally tallyOf(const AnswerPrediction& found, const MicroBatch& batch);

class Objective {
public:
    virtual ~Objective() = default;

    // What the loss of a micro-batch is a sum over.
    [[nodiscard]] virtual std::int64_t targets(const MicroBatch& batch) const = 0;
    // Adds the gradients of gradientScale · Σ loss to the parameters; returns Σ loss.  Errors: those of the model's forward.
    virtual Result<double> accumulate(const MicroBatch& batch, double gradientScale, std::stop_token stop) = 0;
    // Without gradients.
    virtual Result<Tally> evaluate(const MicroBatch& batch, std::stop_token stop) const = 0;
    // For a person, where a loss is not finite: the first place of the model whose output is not ("layers.2"); empty where that cannot
    // be said.
    [[nodiscard]] virtual std::string firstNotFinite(const MicroBatch& /*batch*/) const { return {}; }
    // From now on less memory and more time for the same numbers.  False where there is no way, or none that is not taken yet.
    virtual bool saveMemory() { return false; }
};

// The next token, over the answers.  An answer is right when each of its tokens is the likeliest one: what greedy decoding writes.
class AnswerObjective final : public Objective {
public:
    struct Settings {
        std::int64_t lossBlockBytes = 64 << 20;
        bool checkpointActivations = false;
        model::Adapter* adapter = nullptr;  // that learns beside the model; outlives the objective
        session::VisionStateStore* store = nullptr;  // of a frozen tower's results; outlives the objective
    };
    AnswerObjective(model::Gemma3VlModel& model, const Settings& settings) : m_model(model), m_settings(settings) {}

    [[nodiscard]] std::int64_t targets(const MicroBatch& batch) const override { return batch.targets.numel(); }
    Result<double> accumulate(const MicroBatch& batch, double gradientScale, std::stop_token stop) override;
    Result<Tally> evaluate(const MicroBatch& batch, std::stop_token stop) const override;
    [[nodiscard]] std::string firstNotFinite(const MicroBatch& batch) const override;
    bool saveMemory() override { return !std::exchange(m_settings.checkpointActivations, true); }

    Result<AnswerPrediction> predict(const MicroBatch& batch, std::stop_token stop) const;

private:
    // The input with the adapter, and with kept states instead of pixels where the tower is frozen.
    [[nodiscard]] Result<model::ModelInput> inputOf(const MicroBatch& batch, const std::stop_token& stop) const;

    model::Gemma3VlModel& m_model;
    Settings m_settings;
};

}  // namespace lapidary::train
