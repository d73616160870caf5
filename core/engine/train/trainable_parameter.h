// What the optimizer sees of a model: every tensor that learns, under its name.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "core/shared/plan/parameter_table.h"

namespace lapidary::train {

struct TrainableParameter {
    std::string name;
    at::Tensor tensor;       // float32 or bfloat16, contiguous, requires a gradient
    plan::Part part = plan::Part::Language;
    bool decays = true;      // whether weight decay acts on it
    double lrFactor = 1.0;   // its learning rate as a multiple of the schedule's
};

using TrainableParameters = std::vector<TrainableParameter>;

}  // namespace lapidary::train
