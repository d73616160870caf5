// --input-ids F.json: a JSON list of token ids, or {"input_ids": […]}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::app {

// Errors: those of reading; InvalidData naming the first entry that is no id, or an empty list.
Result<std::vector<std::int64_t>> readIdsFile(const std::filesystem::path& path);

}  // namespace lapidary::app
