#include "core/engine/distributed/local_group.h"

#include <c10/util/Exception.h>

namespace lapidary::distributed {

Result<void> LocalGroup::allReduce(at::Tensor& /*tensor*/) { return {}; }

Result<void> LocalGroup::broadcast(at::Tensor& /*tensor*/, int root) {
    TORCH_CHECK(root == 0, "a group of one has no rank ", root);
    return {};
}

Result<std::vector<at::Tensor>> LocalGroup::allGather(const at::Tensor& tensor) { return std::vector<at::Tensor>{tensor}; }

}  // namespace lapidary::distributed
