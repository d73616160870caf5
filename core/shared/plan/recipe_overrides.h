// Changes to a recipe as a person types them, in Hydra's grammar (specification megatron 5.4):
//   optimizer.lr=1e-4                   a key that is there
//   +dataset.maker_kwargs.split=train   a key that is not (only where keys are free: maker_kwargs, scenes, columns, patterns)
//   ++a.b=1  either;   ~peft  back to the default
// An object as value is merged into what is there; a list replaces it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "core/shared/base/result.h"
#include "core/shared/plan/recipe.h"

namespace lapidary::plan {

// One after the other: the last one wins.  Errors: Usage for what is no override, InvalidData naming path, expected and found.
Result<Recipe> applyOverrides(const Recipe& recipe, std::span<const std::string> overrides);

// Any subset of a recipe's keys over `recipe` (a --config-file): sections are merged key by key, everything else replaces.
Result<Recipe> mergeRecipe(const Recipe& recipe, const nlohmann::json& partial, const std::string& source);

// The recipe as it holds in stage `index` of its stages: train.train_iters (and with it the decay of the learning rate) is the stage's
// max_iters unless the stage says otherwise.  Errors: those of the stage's overrides.
Result<Recipe> recipeOfStage(const Recipe& recipe, std::size_t index);

}  // namespace lapidary::plan
