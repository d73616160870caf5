#include "core/shared/plan/recipe.h"

#include <nlohmann/json.hpp>

#include "core/shared/plan/recipe_reader.h"
#include "core/shared/plan/recipe_writer.h"

namespace lapidary::plan {
namespace {

using nlohmann::ordered_json;

// Bridge up to v0.3 has these two under `train`, later versions under `validation`.
constexpr const char* kMovedKeys[] = {"eval_iters", "eval_interval"};

// The recipe with train.eval_* moved to validation.eval_*.  Both, and different, is an error.
Result<Json> withMovedKeys(Json root) {
    const auto train = root.find("train");
    if (train == root.end() || !train->is_object()) return root;
    for (const char* key : kMovedKeys) {
        const auto old = train->find(key);
        if (old == train->end()) continue;
        const Json value = *old;
        train->erase(old);
        Json& validation = root["validation"];
        if (validation.is_null()) validation = Json::object();
        if (!validation.is_object()) return root;  // the reader complains
        if (validation.contains(key) && validation.at(key) != value) {
            return Error{ErrorCode::InvalidData,
                         std::string("'train.") + key + "' is " + describeJson(value) + ", but 'validation." + key + "' is " +
                             describeJson(validation.at(key)) + "; they are one setting",
                         ""};
        }
        validation[key] = value;
    }
    return root;
}

// Leaves of both trees in the order of `to`; lists and what belongs to others are leaves.
void compare(const std::string& path, const ordered_json& from, const ordered_json& to, std::vector<RecipeDifference>& out) {
    if (from == to) return;
    if (!from.is_object() || !to.is_object()) {
        out.push_back({path, from.dump(), to.dump()});
        return;
    }
    const auto child = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
    for (const auto& [key, value] : to.items()) compare(child(key), from.value(key, ordered_json()), value, out);
    for (const auto& [key, value] : from.items()) {
        if (!to.contains(key)) compare(child(key), value, ordered_json(), out);
    }
}

}  // namespace

Result<Recipe> Recipe::fromJson(const Json& root, const std::string& source) { return fromJson(root, source, Recipe()); }

Result<Recipe> Recipe::fromJson(const Json& root, const std::string& source, const Recipe& base) {
    if (!root.is_object()) {
        return Error{ErrorCode::InvalidData, "expected an object of sections, found " + describeJson(root), source};
    }
    auto moved = withMovedKeys(root);
    if (!moved) return moved.error().within(source);
    std::optional<Error> error;
    RecipeReader reader(*moved, "", error);
    Recipe recipe = base;
    fields(reader, recipe);
    reader.refuseOthers();
    if (error) return error->within(source);
    return recipe;
}

ordered_json Recipe::toJson() const {
    Recipe copy = *this;  // one list of fields serves reading and printing, and reading writes
    RecipeWriter writer;
    fields(writer, copy);
    return std::move(writer).take();
}

std::vector<RecipeDifference> diff(const Recipe& from, const Recipe& to) {
    std::vector<RecipeDifference> differences;
    compare("", from.toJson(), to.toJson(), differences);
    return differences;
}

std::string printDiff(const std::vector<RecipeDifference>& differences) {
    std::string text;
    for (const RecipeDifference& each : differences) text += each.path + ": " + each.from + " -> " + each.to + "\n";
    return text;
}

}  // namespace lapidary::plan
