// How ranks stay on one way: nobody may decide alone whether an operation of the group comes next.
// Every function is called by all ranks; a group of one pays nothing.  Errors of all: ChildDied from the group, and those named.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/engine/distributed/process_group.h"
#include "core/shared/base/result.h"

namespace lapidary::distributed {

// Sums over ranks; the same number of values everywhere.
Result<std::vector<std::int64_t>> sumOverRanks(ProcessGroup& group, const std::vector<std::int64_t>& values);

Result<bool> anyRank(ProcessGroup& group, bool mine);

// Every rank's text, by rank.
Result<std::vector<std::string>> gatherTexts(ProcessGroup& group, const std::string& mine);

// Nothing where all ranks succeeded; else, on all, the error of the first that failed, with its number where others are told.
Result<void> agree(ProcessGroup& group, const Result<void>& mine);

// Rank 0 works, however long (the others are told every second that it lives), and all get its text or its error.
Result<std::string> byFirstRank(ProcessGroup& group, const std::function<Result<std::string>()>& work);

// Sums tensors over ranks in place, in flat buffers of about `bucketBytes`: many small messages would wait for each other.
Result<void> allReduceInBuckets(ProcessGroup& group, const std::vector<at::Tensor>& tensors,
                                std::int64_t bucketBytes = 8 << 20);

}  // namespace lapidary::distributed
