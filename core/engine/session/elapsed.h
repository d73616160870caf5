// Durations for figures, by a clock that never jumps (faults, row 48).
#pragma once

#include <chrono>

namespace lapidary::session {

using SteadyClock = std::chrono::steady_clock;

inline double secondsSince(SteadyClock::time_point start) {
    return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

}  // namespace lapidary::session
