#include "core/shared/base/shipped_files.h"

#include <system_error>

namespace lapidary {

namespace fs = std::filesystem;

Result<fs::path> shippedFolder(const std::string& name) {
    std::error_code failure;
    // Follows a link in a folder of $PATH to the place that was installed.
    const fs::path executable = fs::read_symlink("/proc/self/exe", failure);
    if (failure) return Error{ErrorCode::NotFound, "cannot tell where this program lies: " + failure.message(), ""};
    return shippedFolder(name, executable);
}

Result<fs::path> shippedFolder(const std::string& name, const fs::path& executable) {
    const fs::path folder = executable.parent_path().parent_path() / "share" / "lapidary" / name;
    std::error_code ignored;
    if (fs::is_directory(folder, ignored)) return folder;
    return Error{ErrorCode::NotFound, "expected the folder '" + folder.string() + "', which comes with the program", ""};
}

}  // namespace lapidary
