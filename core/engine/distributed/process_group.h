// Several processes that compute one model together.  Every rank calls the same operations in the same order.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::distributed {

class ProcessGroup {
public:
    virtual ~ProcessGroup() = default;

    [[nodiscard]] virtual int rank() const = 0;
    [[nodiscard]] virtual int size() const = 0;
    // Ranks on this machine, which share its cores.
    [[nodiscard]] virtual int localSize() const { return size(); }

    // Errors of all four: ChildDied when a rank left or did not answer in time, naming it and the operation; Internal when ranks call
    // different operations.
    // Sum over ranks, in place.
    virtual Result<void> allReduce(at::Tensor& tensor) = 0;
    // The root's values on every rank, in place.
    virtual Result<void> broadcast(at::Tensor& tensor, int root) = 0;
    // Every rank's tensor (equal shapes), by rank.
    virtual Result<std::vector<at::Tensor>> allGather(const at::Tensor& tensor) = 0;
    virtual Result<void> barrier() = 0;
};

}  // namespace lapidary::distributed
