// Recipes and their overrides: any text is a recipe or an error, and what was read prints and reads back.  The first line is a list
// of overrides with a tab between two, the rest is a recipe file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/shared/plan/builtin_recipes.h"
#include "core/shared/plan/recipe_overrides.h"
#include "core/shared/plan/recipe_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lapidary;  // NOLINT(google-build-using-namespace): nothing but this function
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t line = std::min(text.find('\n'), size);
    auto recipe = plan::recipeFromText(text.substr(std::min(line + 1, size)), "fuzz");
    if (!recipe) recipe = plan::Recipe();
    std::vector<std::string> overrides;
    for (std::size_t begin = 0; begin <= line && overrides.size() < 8;) {
        const std::size_t end = std::min(text.find('\t', begin), line);
        overrides.emplace_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    for (const std::string& each : overrides) {
        if (auto changed = plan::applyOverrides(*recipe, {&each, 1})) recipe = std::move(changed);
    }
    const auto again = plan::Recipe::fromJson(nlohmann::json(recipe->toJson()), "again");
    if (!again || !(*again == *recipe)) std::abort();
    const auto settled = plan::settle(*recipe);
    (void)plan::checkRecipe(settled.recipe, 2);
    if (!plan::diff(settled.recipe, plan::settle(settled.recipe).recipe).empty()) std::abort();
    return 0;
}
