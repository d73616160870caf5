// The recipes that Lapidary brings: Megatron-Bridge's for Gemma 3 VL (specification megatron 5.1), its later versions' names, and
// our own for one machine.  Their values are resources/recipes/*.json, compiled in; the code knows what depends on peft.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/shared/base/result.h"
#include "core/shared/plan/recipe.h"

namespace lapidary::plan {

enum class PeftChoice : std::uint8_t { RecipeDefault, None, Lora, Dora };
// "lora", "dora" or "none" in any case; Bridge reads a missing scheme as "none".  Errors: Usage.
Result<PeftChoice> peftChoice(std::string_view name);

// Names in the order in which a person would look for them.
std::vector<std::string> builtinRecipeNames();

// The recipe in its variant for the choice: TP, PP and learning rates of the full model and of adapters differ.  Version 0.6's names
// (gemma3_vl_4b_sft_1gpu_h100_bf16_config) are accepted.  Errors: NotFound naming the nearest recipe, or all of them.
Result<Recipe> builtinRecipe(std::string_view name, PeftChoice choice);

// Bridge's defaults of an adapter (specification megatron 5.3): rank 32, alpha 32 (DoRA: 64), the four fused modules of a layer.
PeftSection defaultPeft(PeftScheme scheme);

// A recipe file: JSON text of any subset of the keys.  "recipe" names the built-in recipe that the rest comes from, in its
// variant for `choice`, else for the file's own peft.  Errors: those of parseJson, builtinRecipe and Recipe::fromJson.
Result<Recipe> recipeFromText(std::string_view text, const std::string& source, PeftChoice choice = PeftChoice::RecipeDefault);

}  // namespace lapidary::plan
