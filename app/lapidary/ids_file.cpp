#include "app/lapidary/ids_file.h"

#include <nlohmann/json.hpp>

#include "core/shared/base/file.h"
#include "core/shared/base/json.h"

namespace lapidary::app {

Result<std::vector<std::int64_t>> readIdsFile(const std::filesystem::path& path) {
    constexpr std::uint64_t kMaxBytes = std::uint64_t{256} << 20;
    ASSIGN_OR_RETURN(const std::string bytes, readFile(path, kMaxBytes));
    ASSIGN_OR_RETURN(const Json root, parseJson(bytes, path.string()));
    const Json& list = root.is_object() && root.contains("input_ids") ? root.at("input_ids") : root;
    if (!list.is_array() || list.empty()) {
        return Error{ErrorCode::InvalidData,
                     "expected a list of token ids, found " + (list.is_array() ? "an empty one" : describeJson(list)),
                     path.string()};
    }
    std::vector<std::int64_t> ids;
    for (const Json& entry : list) {
        if (!entry.is_number_integer() || entry.get<std::int64_t>() < 0) {
            return Error{ErrorCode::InvalidData,
                         "entry " + std::to_string(ids.size()) + ": expected a token id, found " + describeJson(entry),
                         path.string()};
        }
        ids.push_back(entry.get<std::int64_t>());
    }
    return ids;
}

Result<void> requireKnownIds(std::span<const std::int64_t> ids, const config::Gemma3Config& config,
                             const std::filesystem::path& path) {
    const std::int64_t size = config.text.vocabSize;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (ids[i] < size || (config.isVisionLanguage() && ids[i] == config.imageTokenIndex)) continue;
        return Error{ErrorCode::InvalidData,
                     "entry " + std::to_string(i) + ": expected a token id from 0 to " + std::to_string(size - 1) +
                         " (the vocabulary has " + std::to_string(size) + " entries), found " + std::to_string(ids[i]),
                     path.string()};
    }
    return {};
}

}  // namespace lapidary::app
