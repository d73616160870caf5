// GGUF checkpoints: a text model, alone or with its mmproj file.  Matrices stay as stored; norms lose GGUF's +1.
#pragma once

#include <filesystem>
#include <optional>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/shared/base/result.h"

namespace lapidary::checkpoint {

// Errors: see openCheckpoint.
Result<Checkpoint> openGgufCheckpoint(const std::filesystem::path& path, const std::optional<std::filesystem::path>& mmproj);

}  // namespace lapidary::checkpoint
