// Where tests find what is not in tests/golden.
#pragma once

#include <filesystem>

namespace lapidary::test {

// A file of the build folder ("bin/lapidary").
std::filesystem::path buildPath(const std::filesystem::path& inside);

// The real Gemma 3 270M (GGUF, Q4_K_M and others) that installer/setup.sh puts into $LAPIDARY_CACHE/models, else
// $XDG_CACHE_HOME/lapidary/models, else ~/.cache/lapidary/models.  Throws std::runtime_error when it is missing: a test of it must
// fail then, not pass unseen.
std::filesystem::path realModelPath();

}  // namespace lapidary::test
