// Whole-file reads with a cap, and writes that are either complete or absent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/shared/base/result.h"

namespace lapidary {

// The file's bytes.  Errors: NotFound, InvalidFile (a directory, or longer than `maxBytes`: nothing is read then), Io.
Result<std::string> readFile(const std::filesystem::path& path, std::uint64_t maxBytes);

// The same of a regular file alone.  A named pipe, for whose writer readFile waits, and a device, which may have no end, are refused:
// InvalidFile.
Result<std::string> readRegularFile(const std::filesystem::path& path, std::uint64_t maxBytes);

// Writes a file of its own beside the target (`.lapidary-<process>-<n>.partial`), syncs, renames: a reader sees the old file or the
// whole new one, and two writers never mix.  The permissions of an existing target are kept.
Result<void> writeFileAtomically(const std::filesystem::path& path, std::string_view bytes);

// Text of `errno` for a path, as an Error of the fitting code ("cannot open '…': No such file or directory").
Error systemError(const std::string& action, const std::filesystem::path& path, int errnoValue);

}  // namespace lapidary
