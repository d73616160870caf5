#include "tests/support/places.h"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace lapidary::test {
namespace {

std::filesystem::path fromEnvironment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::filesystem::path cacheFolder() {
    if (const auto own = fromEnvironment("LAPIDARY_CACHE"); !own.empty()) return own;
    if (const auto xdg = fromEnvironment("XDG_CACHE_HOME"); !xdg.empty()) return xdg / "lapidary";
    return fromEnvironment("HOME") / ".cache" / "lapidary";
}

}  // namespace

std::filesystem::path buildPath(const std::filesystem::path& inside) {
    return std::filesystem::path(LAPIDARY_BUILD_DIR) / inside;
}

std::filesystem::path realModelPath() {
    const auto path = cacheFolder() / "models" / "gemma-3-270m-q4_k_m.gguf";
    if (!std::filesystem::exists(path)) throw std::runtime_error("missing " + path.string() + ": run installer/setup.sh");
    return path;
}

}  // namespace lapidary::test
