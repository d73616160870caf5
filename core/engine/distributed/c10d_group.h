// Several processes joined by c10d's Gloo backend, over TCP or a file.  Tensors on the CPU.
//
// Before each operation the ranks exchange what they are about to do (48 bytes each), so that ranks which went different ways are told
// so at once instead of reading each other's numbers.  A rank that ended or hangs is named: those that fail write so into the store,
// and whoever does not within a few seconds is the culprit.  After a failure the group is over: every later call gives the same error.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "core/engine/distributed/process_group.h"
#include "core/shared/base/result.h"

namespace lapidary::distributed {

// Longest silence of a rank within one operation.
inline constexpr std::chrono::milliseconds kGroupTimeout = std::chrono::seconds(100);

struct GroupSettings {
    int rank = 0;
    int size = 1;
    int localSize = 1;  // ranks on this machine
    int localRank = 0;  // among them
    std::string masterAddress = "127.0.0.1";  // of rank 0, as the others reach it; what rank 0 listens on, nothing else
    std::uint16_t masterPort = 0;
    std::filesystem::path storeFile;  // not empty: the ranks of one machine meet in this file instead
    std::chrono::milliseconds timeout = kGroupTimeout;
};

// Returns when all ranks have come.  float32, float64, int64, bfloat16 and uint8 tensors.
// Errors: ChildDied naming the ranks that did not come in time; Network where nothing can be reached or listened on.
Result<std::shared_ptr<ProcessGroup>> openGlooGroup(const GroupSettings& settings);

}  // namespace lapidary::distributed
