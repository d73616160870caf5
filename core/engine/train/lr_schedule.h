// The learning rate of each step: linear warm-up from `initial`, then cosine, linear or constant decay to `minimum`.
// Formulas: Megatron-Core's OptimizerParamScheduler; with warm-up from 0 and minimum 0 they are transformers' as well.
#pragma once

#include <cstdint>

#include "core/shared/base/result.h"

namespace lapidary::train {

enum class Decay : std::uint8_t { Constant, Linear, Cosine };

struct LrSchedule {
    double maximum = 1e-4;
    double minimum = 0.0;
    double initial = 0.0;  // at step 0 of the warm-up
    Decay decay = Decay::Cosine;
    std::int64_t warmupSteps = 0;
    std::int64_t decaySteps = 0;  // the step at which `minimum` is reached, warm-up included; 0 with Constant

    // Errors: Usage naming what cannot be (minimum above maximum, a warm-up that does not end before the decay, negative numbers).
    [[nodiscard]] Result<void> check() const;

    // step: 0 for the first update.
    [[nodiscard]] double at(std::int64_t step) const;
};

}  // namespace lapidary::train
