#include "core/shared/base/json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace lapidary {
namespace {

Error badValue(const std::string& where, const std::string& key, const std::string& expected, const Json& found) {
    return Error{ErrorCode::InvalidData, "'" + key + "': expected " + expected + ", found " + describeJson(found), where};
}

const Json* findValue(const Json& object, const std::string& key) {
    if (!object.is_object()) return nullptr;
    const auto entry = object.find(key);
    return entry == object.end() || entry->is_null() ? nullptr : &*entry;
}

std::size_t editDistance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
        }
    }
    return row[b.size()];
}

}  // namespace

Result<std::optional<std::int64_t>> findInteger(const Json& object, const std::string& key, const std::string& where) {
    const Json* value = findValue(object, key);
    if (value == nullptr) return std::optional<std::int64_t>{};
    if (value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
        return badValue(where, key, "an integer below 2^63", *value);
    }
    if (value->is_number_integer()) return std::optional(value->get<std::int64_t>());
    // transformers writes some counts as 1000000.0; a fraction is refused.
    if (value->is_number_float()) {
        const double number = value->get<double>();
        if (std::nearbyint(number) == number && std::abs(number) < 9.0e15)
            return std::optional(static_cast<std::int64_t>(number));
    }
    return badValue(where, key, "an integer", *value);
}

Result<std::optional<double>> findNumber(const Json& object, const std::string& key, const std::string& where) {
    const Json* value = findValue(object, key);
    if (value == nullptr) return std::optional<double>{};
    if (!value->is_number() || !std::isfinite(value->get<double>())) return badValue(where, key, "a finite number", *value);
    return std::optional(value->get<double>());
}

Result<std::optional<bool>> findBool(const Json& object, const std::string& key, const std::string& where) {
    const Json* value = findValue(object, key);
    if (value == nullptr) return std::optional<bool>{};
    if (!value->is_boolean()) return badValue(where, key, "true or false", *value);
    return std::optional(value->get<bool>());
}

Result<std::optional<std::string>> findString(const Json& object, const std::string& key, const std::string& where) {
    const Json* value = findValue(object, key);
    if (value == nullptr) return std::optional<std::string>{};
    if (!value->is_string()) return badValue(where, key, "a string", *value);
    return std::optional(value->get<std::string>());
}

std::string nearestKey(std::string_view key, const std::vector<std::string>& known) {
    std::string nearest;
    std::size_t best = 4;
    key = key.substr(0, 64);  // the work is the product of both lengths
    for (const std::string& candidate : known) {
        const std::size_t distance = editDistance(key, candidate);
        if (distance < best && 2 * distance <= std::max(key.size(), candidate.size())) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

Result<void> refuseUnknownKeys(const Json& object, const std::vector<std::string>& known, const std::string& where) {
    for (const auto& [key, value] : object.items()) {
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        const std::string nearest = nearestKey(key, known);
        return Error{ErrorCode::InvalidData,
                     "unknown key '" + clipText(key, 80) + "'" + (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"),
                     where};
    }
    return {};
}

std::string clipText(std::string_view text, std::size_t maxBytes) {
    if (text.size() <= maxBytes) return std::string(text);
    std::size_t end = maxBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return std::string(text.substr(0, end)) + "…";
}

std::string describeJson(const Json& value) {
    switch (value.type()) {
        case Json::value_t::null: return "null";
        case Json::value_t::object: return "an object";
        case Json::value_t::array: return "a list of " + std::to_string(value.size());
        case Json::value_t::string: {
            const auto& text = value.get_ref<const std::string&>();
            return text.size() <= 40 ? "the string \"" + text + "\"" : "a string of " + std::to_string(text.size()) + " bytes";
        }
        case Json::value_t::boolean: return value.get<bool>() ? "true" : "false";
        default: return "the number " + value.dump();
    }
}

}  // namespace lapidary
