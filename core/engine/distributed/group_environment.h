// The group that a launcher asks for by torchrun's variables: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT, and of this machine
// LOCAL_RANK and LOCAL_WORLD_SIZE.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/engine/distributed/c10d_group.h"
#include "core/shared/base/result.h"

namespace lapidary::distributed {

// The value of a variable, if it is set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

// A size of one where neither RANK nor WORLD_SIZE is set.  Errors: Usage naming the variable, its value and what is allowed.
Result<GroupSettings> groupSettings(const Environment& environment);

// LocalGroup for one, Gloo for more.  Errors: those of groupSettings and openGlooGroup.
Result<std::shared_ptr<ProcessGroup>> makeProcessGroup(const Environment& environment,
                                                       std::chrono::milliseconds timeout = kGroupTimeout);

}  // namespace lapidary::distributed
