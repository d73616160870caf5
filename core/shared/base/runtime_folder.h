// A private folder for what two processes of one session hand each other by path: previews, thumbnails.
#pragma once

#include <filesystem>

#include "core/shared/base/result.h"

namespace lapidary {

class RuntimeFolder {
public:
    // Makes `lapidary-XXXXXX`, mode 0700, below $XDG_RUNTIME_DIR, else the temporary folder.  Errors: Io, NotFound.
    static Result<RuntimeFolder> create();
    // Below `parent`.
    static Result<RuntimeFolder> createIn(const std::filesystem::path& parent);

    ~RuntimeFolder();  // removed with all that is in it
    RuntimeFolder(RuntimeFolder&& other) noexcept;
    RuntimeFolder& operator=(RuntimeFolder&&) = delete;
    RuntimeFolder(const RuntimeFolder&) = delete;
    RuntimeFolder& operator=(const RuntimeFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

private:
    explicit RuntimeFolder(std::filesystem::path path) : m_path(std::move(path)) {}

    std::filesystem::path m_path;
};

}  // namespace lapidary
