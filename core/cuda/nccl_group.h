// Ranks with a GPU each, joined by NCCL.  Hidden behind the plug-in's makeGroup.
#pragma once

#include "core/cuda/plugin_interface.h"
#include "core/engine/distributed/process_group.h"

namespace lapidary::cuda {

// Meets in the store that rank 0's Gloo group serves at the same address.  Throws what c10d throws.
distributed::ProcessGroup* makeNcclGroup(const PluginGroup& request);

}  // namespace lapidary::cuda
