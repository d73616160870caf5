// --input-ids F.json: a JSON list of token ids, or {"input_ids": […]}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "core/shared/base/result.h"
#include "core/shared/config/gemma3_config.h"

namespace lapidary::app {

// Errors: those of reading; InvalidData naming the first entry that is no id, or an empty list.
Result<std::vector<std::int64_t>> readIdsFile(const std::filesystem::path& path);

// Errors: InvalidData naming the file, the first entry that is no id of the model's vocabulary, and the vocabulary's size.
Result<void> requireKnownIds(std::span<const std::int64_t> ids, const config::Gemma3Config& config,
                             const std::filesystem::path& path);

}  // namespace lapidary::app
