// model.safetensors.index.json: parsing, and the names it may hold.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/data/checkpoint/weight_files.h"
#include "core/data/files/safetensors_header.h"
#include "core/shared/base/json.h"

namespace lapidary::checkpoint {
namespace {

constexpr std::size_t kMaxFileNameBytes = 255;  // NAME_MAX

// Names that Windows gives to devices, with any extension: such a file could not be copied there.
bool isReservedOnWindows(std::string_view name) {
    std::string stem(name.substr(0, name.find('.')));
    std::transform(stem.begin(), stem.end(), stem.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c); });
    if (stem == "CON" || stem == "PRN" || stem == "AUX" || stem == "NUL") return true;
    return stem.size() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")) && stem[3] >= '1' && stem[3] <= '9';
}

}  // namespace

std::string whyUnsafeShardName(std::string_view name) {
    if (name.empty()) return "is empty";
    if (name.size() > kMaxFileNameBytes) return "has " + std::to_string(name.size()) + " bytes, more than a file name can have";
    for (const char c : name) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return "holds a control character";
        if (c == '/' || c == '\\' || c == ':') return "is a path, which could lead out of the folder";
    }
    if (name.find("..") != std::string_view::npos) return "holds '..', which could lead out of the folder";
    if (isReservedOnWindows(name)) return "is reserved on Windows";
    if (!name.ends_with(".safetensors")) return "does not end with .safetensors";
    return "";
}

Result<std::map<std::string, std::string>> parseWeightIndex(std::string_view json, const std::string& source) {
    ASSIGN_OR_RETURN(const Json root, parseJson(json, source));
    const auto map = root.is_object() ? root.find("weight_map") : root.end();
    if (!root.is_object() || map == root.end() || !map->is_object()) {
        return Error{
            ErrorCode::InvalidData,
            "'weight_map': expected an object, found " + (root.is_object() && map != root.end() ? describeJson(*map) : "none"),
            source};
    }
    if (map->empty()) return Error{ErrorCode::InvalidData, "'weight_map' names no tensor", source};
    std::map<std::string, std::string> weights;
    for (const auto& [tensor, file] : map->items()) {
        const std::string where = "weight_map['" + files::printableName(tensor) + "']";
        if (!file.is_string())
            return Error{ErrorCode::InvalidData, where + ": expected a file name, found " + describeJson(file), source};
        const auto& name = file.get_ref<const std::string&>();
        if (const std::string why = whyUnsafeShardName(name); !why.empty()) {
            const std::string shown = "the file name '" + files::printableName(name) + "' ";
            // NOLINTNEXTLINE(performance-inefficient-string-concatenation): once, on the way out
            return Error{ErrorCode::InvalidData, where + ": " + shown + why, source};
        }
        weights.emplace(tensor, name);
    }
    return weights;
}

}  // namespace lapidary::checkpoint
