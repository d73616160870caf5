// What one rank throws must not keep it from joining the next operation of the group: it becomes an error, to be agreed on.
#pragma once

#include <exception>

#include "core/engine/session/to_error.h"

namespace lapidary::train {

// `work` returns a Result.
template <class Work>
auto onThisRank(const Work& work) -> decltype(work()) {
    try {
        return work();
    } catch (...) {
        return session::toError(std::current_exception());
    }
}

}  // namespace lapidary::train
