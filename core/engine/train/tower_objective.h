// The tower's warm-up: a linear head for each property reads every pooled token and says what stands there (core/data/scenes/
// token_labels.h).  A tower that learns through a text model alone sees almost no gradient at first; so it learns to see in minutes.
// The heads are thrown away afterwards.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/engine/train/objective.h"
#include "core/engine/train/trainable_parameter.h"

namespace lapidary::train {

class TowerObjective final : public Objective {
public:
    // Heads begin at 0: the first gradients are then those of the labels' frequencies, and need no seed.
    explicit TowerObjective(model::Gemma3VlModel& model);

    // The mean loss of each head counts alike, however many of its labels a micro-batch holds.
    [[nodiscard]] std::int64_t targets(const MicroBatch& batch) const override;
    Result<double> accumulate(const MicroBatch& batch, double gradientScale, std::stop_token stop) override;
    // Kinds are the heads' names; a token's label is an answer.
    Result<Tally> evaluate(const MicroBatch& batch, std::stop_token stop) const override;

    // The heads, to be trained beside the tower.
    [[nodiscard]] TrainableParameters parameters() const;

private:
    // [views, tokens, classes of all heads]
    [[nodiscard]] Result<at::Tensor> scores(const MicroBatch& batch, std::stop_token stop) const;

    model::Gemma3VlModel& m_model;
    at::Tensor m_weight;  // [classes of all heads, vision hidden]
    at::Tensor m_bias;
};

}  // namespace lapidary::train
