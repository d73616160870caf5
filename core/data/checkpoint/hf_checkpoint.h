// Hugging Face checkpoints: config.json and safetensors in every naming of specification 7.1.
#pragma once

#include <filesystem>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/shared/base/result.h"

namespace lapidary::checkpoint {

// `path`: the folder, or a weight file in it.  Errors: see openCheckpoint.
Result<Checkpoint> openHfCheckpoint(const std::filesystem::path& path);

}  // namespace lapidary::checkpoint
