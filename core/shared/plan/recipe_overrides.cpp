#include "core/shared/plan/recipe_overrides.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/shared/base/json.h"
#include "core/shared/plan/override_value.h"

namespace lapidary::plan {
namespace {

enum class Action : std::uint8_t { Set, Add, AddOrSet, Delete };

struct Override {
    Action action = Action::Set;
    std::vector<std::string> path;
    std::string name;  // the path as text
    Json value;        // Delete: discarded unless hasValue
    bool hasValue = false;
};

// Objects whose keys are the user's.
constexpr std::string_view kFreePlaces[] = {"dataset.maker_kwargs", "dataset.scenes", "dataset.columns", "peft.rank_pattern",
                                            "peft.alpha_pattern"};

bool isFree(const std::string& place) {
    return std::any_of(std::begin(kFreePlaces), std::end(kFreePlaces), [&](std::string_view free) {
        return place == free || (place.starts_with(free) && place.size() > free.size() && place[free.size()] == '.');
    });
}

Error usage(const std::string& text, const std::string& what) {
    return Error{ErrorCode::Usage, "'" + clipText(text, 120) + "' is no override: " + what, ""};
}

Result<std::vector<std::string>> pathOf(const std::string& name, const std::string& text) {
    constexpr std::size_t kMaxKeys = 16;
    std::vector<std::string> path(1);
    for (const char c : name) {
        if (c == '.') {
            path.emplace_back();
        } else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-') {
            path.back() += c;
        } else {
            return usage(text, "a path is keys with dots between them");
        }
    }
    const bool hole = std::any_of(path.begin(), path.end(), [](const std::string& key) { return key.empty(); });
    if (hole || path.size() > kMaxKeys) return usage(text, "a path is keys with dots between them");
    // One setting under two names: see Recipe::fromJson.
    if (path.size() == 2 && path[0] == "train" && (path[1] == "eval_iters" || path[1] == "eval_interval"))
        path[0] = "validation";
    return path;
}

std::string joined(const std::vector<std::string>& path, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ".") + path[i];
    return text;
}

Result<Override> parseOverride(const std::string& text) {
    Override override;
    std::string_view rest = text;
    const auto skip = [&](std::string_view prefix) {
        if (!rest.starts_with(prefix)) return false;
        rest.remove_prefix(prefix.size());
        return true;
    };
    if (skip("++"))
        override.action = Action::AddOrSet;
    else if (skip("+"))
        override.action = Action::Add;
    else if (skip("~"))
        override.action = Action::Delete;
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos && override.action != Action::Delete) return usage(text, "expected KEY=VALUE");
    ASSIGN_OR_RETURN(override.path, pathOf(std::string(rest.substr(0, equals)), text));
    override.name = joined(override.path, override.path.size());
    if (equals != std::string_view::npos) {
        ASSIGN_OR_RETURN(override.value, parseOverrideValue(rest.substr(equals + 1), override.name));
        override.hasValue = true;
    }
    return override;
}

void merge(Json& into, const Json& value) {
    if (!into.is_object() || !value.is_object()) {
        into = value;
        return;
    }
    for (const auto& [key, element] : value.items()) merge(into[key], element);
}

// Where the last key of the path lives.  Objects on the way are made where keys are free or the path is added.
Result<Json*> parentOf(Json& root, const Override& override) {
    Json* node = &root;
    for (std::size_t i = 0; i + 1 < override.path.size(); ++i) {
        const std::string place = joined(override.path, i + 1);
        if (!node->contains(override.path[i])) {
            if (override.action == Action::Delete) return Error{ErrorCode::InvalidData, "'" + place + "' is not there", ""};
            (*node)[override.path[i]] = Json::object();  // an unknown section is refused when the recipe is read
        }
        node = &(*node)[override.path[i]];
        if (node->is_null() && place == "peft") {
            return Error{ErrorCode::InvalidData,
                         "'" + override.name + "' belongs to adapters, and this run has none; add --peft lora or --peft dora",
                         ""};
        }
        if (!node->is_object()) {
            return Error{ErrorCode::InvalidData, "'" + place + "' is " + describeJson(*node) + ", not an object of keys", ""};
        }
    }
    return node;
}

Result<void> change(Json& root, const Override& override) {
    ASSIGN_OR_RETURN(Json * parent, parentOf(root, override));
    const std::string& key = override.path.back();
    const bool there = parent->contains(key);
    const bool free = isFree(joined(override.path, override.path.size() - 1));
    const auto refused = [](const std::string& what) { return Error{ErrorCode::InvalidData, what, ""}; };
    switch (override.action) {
        case Action::Delete:
            if (!there) return refused("'" + override.name + "' is not there");
            if (override.hasValue && parent->at(key) != override.value) {
                return refused("'" + override.name + "' is " + describeJson(parent->at(key)) + ", not " +
                               describeJson(override.value));
            }
            parent->erase(key);
            return {};
        case Action::Add:
            if (there) return refused("'" + override.name + "' is there already; write it without '+', or with '++'");
            break;
        case Action::Set:
            if (!there && free)
                return refused("'" + override.name + "' is not there; to add it write '+" + override.name + "=…'");
            break;
        case Action::AddOrSet: break;
    }
    merge((*parent)[key], override.value);
    return {};
}

}  // namespace

Result<Recipe> applyOverrides(const Recipe& recipe, std::span<const std::string> overrides) {
    Recipe current = recipe;
    for (const std::string& text : overrides) {
        auto override = parseOverride(text);
        if (!override) return override.error();
        Json root(current.toJson());
        const std::string source = "override '" + clipText(text, 80) + "'";
        if (auto changed = change(root, *override); !changed) return changed.error().within(source);
        ASSIGN_OR_RETURN(current, Recipe::fromJson(root, source));
    }
    return current;
}

Result<Recipe> mergeRecipe(const Recipe& recipe, const Json& partial, const std::string& source) {
    return Recipe::fromJson(partial, source, recipe);
}

Result<Recipe> recipeOfStage(const Recipe& recipe, std::size_t index) {
    const Stage& stage = recipe.stages.at(index);
    Json root(recipe.toJson());
    for (const auto& [name, value] : stage.overrides) {
        const std::string source = "stage '" + stage.name + "'";
        Override override{Action::AddOrSet, {}, name, Json::parse(value, nullptr, false), true};
        auto path = pathOf(name, name);
        if (!path) return path.error().within(source);
        override.path = *path;
        if (override.path.front() == "stages") {
            return Error{ErrorCode::InvalidData, "a stage cannot change the stages", source};
        }
        if (auto changed = change(root, override); !changed) return changed.error().within(source);
    }
    ASSIGN_OR_RETURN(Recipe result, Recipe::fromJson(root, "stage '" + stage.name + "'"));
    if (stage.maxIters > 0 && !stage.overrides.contains("train.train_iters")) result.train.trainIters = stage.maxIters;
    return result;
}

}  // namespace lapidary::plan
