// Ranks for tests: processes of this machine that meet in a file.  Link lapidary::test_ranks.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "core/engine/distributed/process_group.h"

namespace lapidary::test {

struct RankEnd {
    int code = -1;     // 0: f returned; 1: it threw; 128 + signal
    std::string text;  // what f returned or threw
};

// Forks `count` processes; each calls `f` with its group (LocalGroup for one) on one thread and returns its text.  The test's own
// process must not have used LibTorch's threads before: do all tensor work inside `f`.  Ranks that outlive `patience` are killed.
std::vector<RankEnd> runRanks(int count, const std::function<std::string(distributed::ProcessGroup& group)>& f,
                              std::chrono::milliseconds groupTimeout = std::chrono::seconds(5),
                              std::chrono::milliseconds patience = std::chrono::seconds(60));

}  // namespace lapidary::test
