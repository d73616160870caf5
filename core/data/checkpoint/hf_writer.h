// Writes a model as a Hugging Face folder: one model.safetensors under hub names, configuration and tokenizer files beside it.
// The folder is complete only when this returned; callers who must not show half of one write beside its place and rename.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/shared/base/result.h"

namespace lapidary::checkpoint {

struct TensorToStore {
    std::string name;   // canonical, which is what the hub stores
    std::string dtype;  // "F32", "BF16", "F16"
    std::vector<std::int64_t> shape;
    // Gives all bytes in order, in portions of any size, by calling `append`.
    std::function<Result<void>(const std::function<Result<void>(std::span<const std::byte>)>& append)> write;
};

// The tensor's bytes as they are stored in a checkpoint.  Errors: Unsupported for quantised ones.
Result<TensorToStore> storedAsIs(const StoredTensor& tensor);

// model.safetensors, config.json and whatever else `base`'s folder holds for tokenizer, processor, template and generation.
// Errors: Unsupported for a base that is a GGUF (it has no config.json to copy), Io.
Result<void> writeHfFolder(const std::filesystem::path& folder, const Checkpoint& base,
                           const std::vector<TensorToStore>& tensors);

}  // namespace lapidary::checkpoint
