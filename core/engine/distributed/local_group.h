// A group of one: the process itself.  Every operation is the identity.
#pragma once

#include "core/engine/distributed/process_group.h"

namespace lapidary::distributed {

class LocalGroup final : public ProcessGroup {
public:
    [[nodiscard]] int rank() const override { return 0; }
    [[nodiscard]] int size() const override { return 1; }
    Result<void> allReduce(at::Tensor& tensor) override;
    Result<void> broadcast(at::Tensor& tensor, int root) override;
    Result<std::vector<at::Tensor>> allGather(const at::Tensor& tensor) override;
    Result<void> barrier() override { return {}; }
};

}  // namespace lapidary::distributed
