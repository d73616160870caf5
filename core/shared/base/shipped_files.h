// What comes with the program, found from where the program lies: <prefix>/bin/lapidary has its files in <prefix>/share/lapidary.  A
// build tree has the same two folders (resources/cmake/LapidaryInstall.cmake), so no path is compiled in and either may be moved.
#pragma once

#include <filesystem>
#include <string>

#include "core/shared/base/result.h"

namespace lapidary {

// The folder `name` of what is shipped with the running program.  Errors: NotFound with the place where it was looked for.
Result<std::filesystem::path> shippedFolder(const std::string& name);
// The same for a program that lies at `executable`.
Result<std::filesystem::path> shippedFolder(const std::string& name, const std::filesystem::path& executable);

}  // namespace lapidary
