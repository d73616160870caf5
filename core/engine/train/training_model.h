// The model of a run: opened from the recipe, what learns chosen by its FreezePlan, written back as Hugging Face or peft would.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/engine/model/gemma3_vl_model.h"
#include "core/engine/session/opened_checkpoint.h"
#include "core/engine/train/trainable_parameter.h"
#include "core/shared/base/result.h"
#include "core/shared/plan/recipe.h"

namespace lapidary::train {

struct TrainingModel {
    session::OpenedCheckpoint opened;
    std::shared_ptr<model::Gemma3VlModel> network;
    plan::FreezePlan plan;
    TrainableParameters parameters;  // of the model and of the adapter, with their learning-rate factors
    TrainableParameters helpers;  // learn beside it and are no part of it (the warm-up's heads)
    std::int64_t totalParameters = 0;  // of the model
    std::int64_t trainableParameters = 0;  // numbers that learn
};

// Frozen parts stay mapped as they are stored.  Errors: those of opening; Usage where nothing learns; Unsupported for quantised weights
// that are to learn.
Result<TrainingModel> openTrainingModel(const plan::Recipe& recipe, const std::string& modelPath);

// What a checkpoint of a run holds for its users: `model/` (a Hugging Face folder, each tensor in the type that the base stores it in).
// Errors: Unsupported, Io.
Result<void> writeTrainedModel(const std::filesystem::path& folder, const TrainingModel& model);

}  // namespace lapidary::train
