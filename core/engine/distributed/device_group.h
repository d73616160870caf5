// Ranks with a GPU each: numbers, texts and decisions go by the group that joins them on the CPU, tensors on a GPU by NCCL.
#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "core/engine/distributed/c10d_group.h"
#include "core/engine/distributed/process_group.h"
#include "core/engine/ops/cuda_plugin.h"
#include "core/shared/base/result.h"

namespace lapidary::distributed {

// Every operation by `onCpu` or `onGpu`, by where its tensor lies; rank and size are those of `onCpu`, as is the barrier.
std::shared_ptr<ProcessGroup> joinGroups(std::shared_ptr<ProcessGroup> onCpu, std::shared_ptr<ProcessGroup> onGpu);

// `group` and NCCL on `device`, which `settings` met for at rank 0's address.  Called by all ranks.
// Errors: Unsupported where there is no plug-in; ChildDied, the same on all ranks, with what NCCL said where a first sum over all fails.
Result<std::shared_ptr<ProcessGroup>> withDevice(std::shared_ptr<ProcessGroup> group, const GroupSettings& settings,
                                                 at::Device device);
// The same with the plug-in in hand.
Result<std::shared_ptr<ProcessGroup>> withDevice(std::shared_ptr<ProcessGroup> group, const GroupSettings& settings,
                                                 at::Device device, const ops::CudaPlugin& plugin);

}  // namespace lapidary::distributed
