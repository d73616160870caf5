// A file mapped read-only into memory.  Weights stay here as stored: opening costs no private memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "core/shared/base/result.h"

namespace lapidary {

class MappedFile {
public:
    // Errors: NotFound, InvalidFile (a directory), Io.  An empty file maps to an empty span.
    static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path);

    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    [[nodiscard]] std::span<const std::byte> bytes() const { return {m_data, m_size}; }
    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

private:
    MappedFile(std::filesystem::path path, const std::byte* data, std::size_t size);

    std::filesystem::path m_path;
    const std::byte* m_data;
    std::size_t m_size;
};

// A mapped file that is truncated, or whose network share drops, raises SIGBUS at the next access.  After this call the
// process then names the file on stderr and leaves with exit code 3 instead of dumping core.  Call once, from main.
void installMappedFileFaultHandler();

}  // namespace lapidary
