#include "core/shared/base/runtime_folder.h"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include "core/shared/base/file.h"

namespace lapidary {

Result<RuntimeFolder> RuntimeFolder::create() {
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    std::error_code problem;
    if (runtime != nullptr && std::filesystem::is_directory(runtime, problem)) {
        // A session's folder may be gone or read-only (containers, sudo): then the temporary folder serves.
        if (auto made = createIn(runtime)) return made;
    }
    const auto temporary = std::filesystem::temp_directory_path(problem);
    return createIn(problem ? std::filesystem::path("/tmp") : temporary);
}

Result<RuntimeFolder> RuntimeFolder::createIn(const std::filesystem::path& parent) {
    std::string pattern = (parent / "lapidary-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return systemError("cannot make a private folder in", parent, errno);
    return RuntimeFolder(pattern);
}

RuntimeFolder::RuntimeFolder(RuntimeFolder&& other) noexcept : m_path(std::exchange(other.m_path, {})) {}

RuntimeFolder::~RuntimeFolder() {
    std::error_code ignored;
    if (!m_path.empty()) std::filesystem::remove_all(m_path, ignored);
}

}  // namespace lapidary
