// What a recipe means: the traps of Megatron-Bridge's settings taken out and told (specification megatron 5.1-5.3), what may learn,
// where a run lives, and what Lapidary refuses to run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/shared/base/result.h"
#include "core/shared/plan/freeze_plan.h"
#include "core/shared/plan/recipe.h"

namespace lapidary::plan {

struct SettledRecipe {
    Recipe recipe;
    std::vector<std::string> notes;  // sentences for a person: what was changed, and what acts otherwise than one would think
};

// min_lr above lr becomes lr / 10 (Bridge since v0.3); a warm-up that is not over before the decay ends becomes a tenth of it.
SettledRecipe settle(Recipe recipe);

// What Lapidary cannot run as it is asked for, `worldSize` ranks being there: parallelism other than of data, batch sizes that do not
// divide, nothing that learns, stages that cannot be.  Errors: Unsupported or Usage, with the overrides to type.
Result<void> checkRecipe(const Recipe& recipe, std::int64_t worldSize);
// The data a run needs is named.  Errors: Usage with the option to type.  Apart, so that a recipe can be shown without its data.
Result<void> checkDataset(const DatasetSection& dataset);

// What learns.  model.language, .vision and .projection where given; else with peft everything is frozen and the language model gets
// adapters (Bridge freezes every parameter then), without it the freeze flags count.
// Errors: Usage where nothing would learn, a part asks for an adapter without peft, or peft has no part to go to.
Result<FreezePlan> freezePlan(const Recipe& recipe);

// Weight decay that acts: the scheduler overwrites the optimizer's at every step where it has one.  Errors: Unsupported for a weight
// decay that changes during the run.
Result<double> effectiveWeightDecay(const Recipe& recipe);
// Iteration at which the decay ends: scheduler.lr_decay_iters, else train.train_iters.
std::int64_t decayIterations(const Recipe& recipe);
// train.activation_checkpointing, or Bridge's model.recompute_granularity.
bool recomputesActivations(const Recipe& recipe);

// Where a run lives (core/engine/train/run_folder.h); absolute, or relative to the working folder.
struct RunPlaces {
    std::filesystem::path folder;  // <dir>/<name>; checkpoint.save names it otherwise, a last "checkpoints" left out
    std::filesystem::path load;  // the run that is gone on with: `folder`, or what checkpoint.load names
    std::filesystem::path tensorboard;  // <folder>/tb_logs, or logger.tensorboard_dir
};
// `saveDir`: the environment's SAVE_DIR.
RunPlaces runPlaces(const Recipe& recipe, const std::optional<std::string>& saveDir);

}  // namespace lapidary::plan
