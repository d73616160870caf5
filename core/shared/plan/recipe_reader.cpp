#include "core/shared/plan/recipe_reader.h"

#include <algorithm>
#include <cmath>

namespace lapidary::plan {
namespace {

// "optimizer.lr" for "lr": the place of a key that was written into another section.
std::string placeElsewhere(const std::string& key) {
    const nlohmann::ordered_json all = Recipe().toJson();
    for (const auto& [section, keys] : all.items()) {
        if (keys.is_object() && keys.contains(key)) return std::string(section).append(".").append(key);
    }
    return "";
}

}  // namespace

const Json* RecipeReader::find(const char* key) {
    m_known.emplace_back(key);
    if (m_error) return nullptr;
    const auto entry = m_object.find(key);
    return entry == m_object.end() ? nullptr : &*entry;
}

const Json* RecipeReader::findMap(const char* key) {
    const Json* found = find(key);
    if (found == nullptr) return nullptr;
    if (found->is_object() && found->size() <= kMaxList) return found;
    fail(key, "an object of at most " + std::to_string(kMaxList) + " keys", *found);
    return nullptr;
}

void RecipeReader::failAt(const std::string& place, const std::string& expected, const std::string& found) {
    if (!m_error) m_error = Error{ErrorCode::InvalidData, "'" + place + "': expected " + expected + ", found " + found, ""};
}

void RecipeReader::refuseOthers() {
    if (m_error) return;
    for (const auto& [key, value] : m_object.items()) {
        if (std::find(m_known.begin(), m_known.end(), key) != m_known.end()) continue;
        std::string nearest = nearestKey(key, m_known);
        nearest = nearest.empty() ? placeElsewhere(key) : placeOf(nearest);
        m_error = Error{
            ErrorCode::InvalidData,
            "unknown key '" + placeOf(clipText(key, 80)) + "'" + (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"),
            ""};
        return;
    }
}

void RecipeReader::takeInteger(const std::string& place, const Json& found, std::int64_t low, std::int64_t high,
                               std::int64_t& value) {
    const auto number = findInteger(Json{{"value", found}}, "value", "");
    const std::string expected = "an integer from " + std::to_string(low) + " to " + std::to_string(high);
    if (!number || !*number || **number < low || **number > high) return failAt(place, expected, describeJson(found));
    value = **number;
}

void RecipeReader::takeNumber(const std::string& place, const Json& found, double low, double high, double& value) {
    const double number = found.is_number() ? found.get<double>() : std::nan("");
    const bool inside = number >= low && number <= high;  // false for what is no number at all
    if (!inside) return failAt(place, "a number from " + Json(low).dump() + " to " + Json(high).dump(), describeJson(found));
    value = number;
}

void RecipeReader::takeText(const std::string& place, const Json& found, bool line, std::string& value) {
    if (!found.is_string()) return failAt(place, "a string", describeJson(found));
    const auto& text = found.get_ref<const std::string&>();
    if (text.size() > kMaxText) return failAt(place, "at most " + std::to_string(kMaxText) + " bytes", describeJson(found));
    if (text.find('\0') != std::string::npos) return failAt(place, "a text without NUL", describeJson(found));
    // Hydra and OmegaConf would put a variable of the environment here; a recipe from a stranger must not read it.
    if (line && text.find("${") != std::string::npos) {
        return failAt(place, "a plain text (interpolations like ${…} are not expanded)", describeJson(found));
    }
    value = text;
}

void RecipeReader::integer(const char* key, std::int64_t& value, std::int64_t low, std::int64_t high) {
    if (const Json* found = find(key)) takeInteger(placeOf(key), *found, low, high, value);
}

void RecipeReader::number(const char* key, double& value, double low, double high) {
    if (const Json* found = find(key)) takeNumber(placeOf(key), *found, low, high, value);
}

void RecipeReader::flag(const char* key, bool& value) {
    const Json* found = find(key);
    if (found == nullptr) return;
    if (!found->is_boolean()) return fail(key, "true or false", *found);
    value = found->get<bool>();
}

void RecipeReader::path(const char* key, std::string& value) {
    if (const Json* found = find(key)) takeText(placeOf(key), *found, true, value);
}

void RecipeReader::freeText(const char* key, std::string& value) {
    if (const Json* found = find(key)) takeText(placeOf(key), *found, false, value);
}

void RecipeReader::oneOf(const char* key, std::string& value, std::initializer_list<std::string_view> known) {
    const Json* found = find(key);
    if (found == nullptr) return;
    std::string expected;
    for (const std::string_view name : known) {
        if (found->is_string() && found->get_ref<const std::string&>() == name) {
            value = name;
            return;
        }
        expected += (expected.empty() ? "" : ", ") + std::string(name);
    }
    fail(key, known.size() == 1 ? expected : "one of " + expected, *found);
}

void RecipeReader::paths(const char* key, std::vector<std::string>& values) {
    const Json* found = find(key);
    if (found == nullptr) return;
    if (!found->is_array() || found->size() > kMaxList) return fail(key, "a list of strings", *found);
    std::vector<std::string> read;
    for (const Json& element : *found) {
        const std::string place = placeOf(key) + "[" + std::to_string(read.size()) + "]";
        takeText(place, element, true, read.emplace_back());
    }
    if (!m_error) values = std::move(read);
}

void RecipeReader::texts(const char* key, std::map<std::string, std::string>& values) {
    const Json* found = findMap(key);
    if (found == nullptr) return;
    std::map<std::string, std::string> read;
    for (const auto& [name, value] : found->items()) takeText(placeOf(key) + "." + clipText(name, 80), value, true, read[name]);
    if (!m_error) values = std::move(read);
}

void RecipeReader::integers(const char* key, std::map<std::string, std::int64_t>& values, std::int64_t low, std::int64_t high) {
    const Json* found = findMap(key);
    if (found == nullptr) return;
    std::map<std::string, std::int64_t> read;
    for (const auto& [name, value] : found->items()) {
        takeInteger(placeOf(key) + "." + clipText(name, 80), value, low, high, read[name]);
    }
    if (!m_error) values = std::move(read);
}

void RecipeReader::numbers(const char* key, std::map<std::string, double>& values, double low, double high) {
    const Json* found = findMap(key);
    if (found == nullptr) return;
    std::map<std::string, double> read;
    for (const auto& [name, value] : found->items()) {
        takeNumber(placeOf(key) + "." + clipText(name, 80), value, low, high, read[name]);
    }
    if (!m_error) values = std::move(read);
}

void RecipeReader::freeValues(const char* key, std::map<std::string, std::string>& values) {
    const Json* found = findMap(key);
    if (found == nullptr) return;
    values.clear();
    for (const auto& [name, value] : found->items()) values[name] = value.dump();
}

void RecipeReader::freeObject(const char* key, FreeObject& value) {
    if (const Json* found = findMap(key)) value.json = found->dump();
}

void RecipeReader::alwaysNull(const char* key) {
    const Json* found = find(key);
    if (found != nullptr && !found->is_null()) fail(key, "null (Lapidary does not offer it)", *found);
}

}  // namespace lapidary::plan
