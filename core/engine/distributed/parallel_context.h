// How a model is spread: the groups that its layers talk to.  Of size one until more ranks exist; model code asks and never assumes.
#pragma once

#include <memory>

#include "core/engine/distributed/process_group.h"

namespace lapidary::distributed {

class ParallelContext {
public:
    ParallelContext();  // one process
    explicit ParallelContext(std::shared_ptr<ProcessGroup> tensorGroup);

    // Ranks that share each matrix by columns or rows.
    [[nodiscard]] ProcessGroup& tensor() const { return *m_tensor; }
    [[nodiscard]] bool isTensorParallel() const { return m_tensor->size() > 1; }

private:
    std::shared_ptr<ProcessGroup> m_tensor;
};

}  // namespace lapidary::distributed
