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

    // Errors of all four: ChildDied when a rank left or did not answer in time.
    // Sum over ranks, in place.
    virtual Result<void> allReduce(at::Tensor& tensor) = 0;
    // The root's values on every rank, in place.
    virtual Result<void> broadcast(at::Tensor& tensor, int root) = 0;
    // Every rank's tensor (equal shapes), by rank.
    virtual Result<std::vector<at::Tensor>> allGather(const at::Tensor& tensor) = 0;
    virtual Result<void> barrier() = 0;
};

}  // namespace lapidary::distributed
