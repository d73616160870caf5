#include "core/engine/distributed/parallel_context.h"

#include <utility>

#include "core/engine/distributed/local_group.h"

namespace lapidary::distributed {

ParallelContext::ParallelContext() : m_tensor(std::make_shared<LocalGroup>()) {}

ParallelContext::ParallelContext(std::shared_ptr<ProcessGroup> tensorGroup) : m_tensor(std::move(tensorGroup)) {}

}  // namespace lapidary::distributed
