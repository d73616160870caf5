// The model of a run: opened from the recipe, what learns chosen by its FreezePlan, written back as Hugging Face or peft would.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/engine/model/adapter.h"
#include "core/engine/model/gemma3_vl_model.h"
#include "core/engine/session/opened_checkpoint.h"
#include "core/engine/session/vision_state_store.h"
#include "core/engine/train/trainable_parameter.h"
#include "core/shared/base/result.h"
#include "core/shared/plan/recipe.h"

namespace lapidary::train {

struct TrainingModel {
    session::OpenedCheckpoint opened;
    std::shared_ptr<model::Gemma3VlModel> network;
    plan::FreezePlan plan;
    std::shared_ptr<model::Adapter> adapter;  // where a part learns by one; sample answers look through it too
    std::shared_ptr<session::VisionStateStore> visionStates;  // where the tower is frozen and pictures come again
    std::string path;  // what the recipe calls the model
    TrainableParameters parameters;  // of the model and of the adapter, with their learning-rate factors
    TrainableParameters helpers;  // learn beside it and are no part of it (the warm-up's heads)
    std::int64_t totalParameters = 0;  // of the model
    std::int64_t trainableParameters = 0;  // numbers that learn
};

// What learns of an adapter.  Decay acts on all of it, or on matrices alone.
TrainableParameters adapterParameters(model::Adapter& adapter, bool decayAll);

// On the CPU frozen parts stay mapped as they are stored, elsewhere they are held in the type of the activations.  Errors: those of opening; Usage where nothing learns; Unsupported for quantised weights
// that are to learn.
// `visionCache`: where a frozen tower's results are kept (empty: VisionStateStore::defaultFolder()).
Result<TrainingModel> openTrainingModel(const plan::Recipe& recipe, const std::string& modelPath,
                                        const std::filesystem::path& visionCache, at::Device device);

// What a checkpoint of a run holds for its users: `adapter/` as peft stores it, where there is one, and `model/` where weights
// themselves learn (a Hugging Face folder, each tensor in the type that the base stores it in).
// Errors: Unsupported, Io.
Result<void> writeTrainedModel(const std::filesystem::path& folder, const TrainingModel& model);

}  // namespace lapidary::train
