// Names and paths of the Hugging Face cache (huggingface_hub, "cache-system reference"), and the checks of names that come from
// a server: nothing may leave the model's own folder.
#pragma once

#include <filesystem>
#include <string>

#include "core/shared/base/result.h"

namespace lapidary::net::detail {

// models--org--name below the cache.
std::filesystem::path modelFolder(const std::filesystem::path& cache, const std::string& id);

// "sub/folder/file": relative, no empty, "." or ".." component, no backslash or control character.
bool isSafeFileName(const std::string& name);
// A branch, tag or commit: letters, digits, '.', '_', '-', '/', no "..".
bool isSafeRevision(const std::string& revision);

// The snapshot that `id` stands for: that of refs/main, else the newest.  Errors: NotFound.
Result<std::filesystem::path> snapshotOf(const std::filesystem::path& cache, const std::string& id);

}  // namespace lapidary::net::detail
