// Starts the ranks of one program on this machine and stays with them until all have ended.  No tensors.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::distributed {

struct LaunchRequest {
    std::filesystem::path executable;
    std::vector<std::string> words;  // its arguments
    int ranksHere = 1;
    int nodes = 1;
    int nodeRank = 0;
    std::string masterAddress;     // empty: this machine alone
    std::uint16_t masterPort = 0;  // 0: a free one (one node only)
    std::chrono::milliseconds patience = std::chrono::seconds(10);  // for the others to end by themselves after one did
};

// Each rank finds RANK, LOCAL_RANK, WORLD_SIZE, LOCAL_WORLD_SIZE, MASTER_ADDR and MASTER_PORT in its environment.  Rank 0 keeps standard
// input (unless that is a terminal) and output; every other line of any rank goes to `onLine` with its rank.  A request to stop becomes
// SIGTERM for all.  When a rank ends badly the others get `patience`, SIGTERM, then SIGKILL; they die too when this process does.
// Errors: Usage for counts and addresses that cannot be meant; Io where a process cannot be started; ChildDied naming the first rank
// that was killed or that lost another one; where ranks ended with an error of their own, the error that has their exit code.
Result<void> launchRanks(const LaunchRequest& request, const std::function<void(int rank, const std::string& line)>& onLine,
                         const std::stop_token& stop);

}  // namespace lapidary::distributed
