// The group that a launcher asks for by torchrun's variables: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT, and of this machine
// LOCAL_RANK and LOCAL_WORLD_SIZE.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/engine/distributed/c10d_group.h"
#include "core/engine/ops/cuda_plugin.h"
#include "core/shared/base/result.h"

namespace lapidary::distributed {

// The value of a variable, if it is set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

// A size of one where neither RANK nor WORLD_SIZE is set.  Errors: Usage naming the variable, its value and what is allowed.
Result<GroupSettings> groupSettings(const Environment& environment);

// LocalGroup for one, Gloo for more.  Errors: those of groupSettings and openGlooGroup.
Result<std::shared_ptr<ProcessGroup>> makeProcessGroup(const Environment& environment,
                                                       std::chrono::milliseconds timeout = kGroupTimeout);
// The same for ranks whose model lives on `device`: Gloo for what lies on the CPU, NCCL for what lies on the GPU.
// Errors: also those of withDevice.
Result<std::shared_ptr<ProcessGroup>> makeProcessGroup(const Environment& environment, std::chrono::milliseconds timeout,
                                                       at::Device device);

// The device that `--device` means for this rank, made ready: alone as everywhere (ops::resolveDevice); of several ranks on a machine
// each has the GPU of its LOCAL_RANK.  "auto" is the CPU for all where there are fewer GPUs than ranks.
// Errors: those of resolveDevice; Usage for "cuda:N" with several ranks.
Result<at::Device> deviceOfRank(const std::string& wanted, const GroupSettings& settings);
// The same with a plug-in (or the reason why there is none) in hand.
Result<at::Device> deviceOfRank(const std::string& wanted, const GroupSettings& settings,
                                const std::function<Result<ops::CudaPlugin>()>& openPlugin);

}  // namespace lapidary::distributed
