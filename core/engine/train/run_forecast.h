// The memory that a run will need, known from its recipe, the shapes of its model and the largest sample of its data: what
// `finetune --estimate` prints, and what a run tells before its first step.
#pragma once

#include <cstdint>
#include <functional>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/shared/base/result.h"
#include "core/shared/plan/recipe.h"
#include "core/shared/plan/training_forecast.h"

namespace lapidary::train {

struct ModelShapes {
    config::Gemma3Config config;
    bool untiedHead = false;
    std::function<std::int64_t(const plan::Parameter&)> weightBytes;  // as stored; empty: bfloat16
};

ModelShapes shapesOf(const checkpoint::Checkpoint& checkpoint);

// Of one run (a stage of a recipe in stages is one).  Errors: those of the recipe: nothing learns, an adapter that matches nothing.
Result<plan::TrainingForecast> forecastRun(const plan::Recipe& recipe, const ModelShapes& shapes,
                                           const plan::SampleExtent& sample, std::int64_t threads);

}  // namespace lapidary::train
