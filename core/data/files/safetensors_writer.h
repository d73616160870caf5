// Writer of safetensors: tensors are declared first, their bytes then follow in any portions; the file appears under its
// name only when it is complete (written beside it as `<name>.partial`, synced, renamed).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::files {

struct TensorDeclaration {
    std::string name;
    std::string dtype;  // "F32", "BF16", "I64" …
    std::vector<std::int64_t> shape;
};

class SafetensorsWriter {
public:
    // Writes the header.  Errors: Usage (a name twice, an unknown dtype, an overflowing shape), Io.
    static Result<std::unique_ptr<SafetensorsWriter>> create(const std::filesystem::path& path,
                                                             const std::vector<TensorDeclaration>& tensors,
                                                             const std::map<std::string, std::string>& metadata = {
                                                                 {"format", "pt"}});
    ~SafetensorsWriter();  // an unfinished file is removed
    SafetensorsWriter(const SafetensorsWriter&) = delete;
    SafetensorsWriter& operator=(const SafetensorsWriter&) = delete;

    // The next bytes of the tensors, in the order of their declaration.  Errors: Usage (more than was declared), Io.
    Result<void> append(std::span<const std::byte> bytes);
    // Errors: Usage (bytes are missing), Io.
    Result<void> finish();

private:
    SafetensorsWriter(std::filesystem::path path, int fd, std::uint64_t dataBytes);
    Result<void> writeAll(std::span<const std::byte> bytes);

    std::filesystem::path m_path;
    std::filesystem::path m_partial;
    int m_fd;
    std::uint64_t m_missing;  // bytes declared and not yet appended
};

struct TensorToWrite {
    TensorDeclaration declaration;
    std::span<const std::byte> bytes;  // little-endian, as many as the declaration says
};

// All at once, for tensors that are in memory anyway.
Result<void> writeSafetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                              const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

}  // namespace lapidary::files
