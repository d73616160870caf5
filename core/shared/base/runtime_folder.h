// A private folder for what two processes of one session hand each other by path: previews, thumbnails.
// A locked file in it tells that its process lives: what a killed process left behind goes when the next folder is made.
#pragma once

#include <filesystem>

#include "core/shared/base/result.h"

namespace lapidary {

class RuntimeFolder {
public:
    // Makes `lapidary-XXXXXX`, mode 0700, below $XDG_RUNTIME_DIR, else the temporary folder.  Errors: Io, NotFound.
    static Result<RuntimeFolder> create();
    // Below `parent`, after removing there what dead processes of this user left.
    static Result<RuntimeFolder> createIn(const std::filesystem::path& parent);

    ~RuntimeFolder();  // removed with all that is in it
    RuntimeFolder(RuntimeFolder&& other) noexcept;
    RuntimeFolder& operator=(RuntimeFolder&&) = delete;
    RuntimeFolder(const RuntimeFolder&) = delete;
    RuntimeFolder& operator=(const RuntimeFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

private:
    RuntimeFolder(std::filesystem::path path, int lock) : m_path(std::move(path)), m_lock(lock) {}

    std::filesystem::path m_path;
    int m_lock = -1;  // descriptor that holds the lock
};

}  // namespace lapidary
