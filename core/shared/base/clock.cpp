#include "core/shared/base/clock.h"

#include <chrono>

namespace lapidary {
namespace {

template <class SomeClock>
double secondsOf() {
    return std::chrono::duration<double>(SomeClock::now().time_since_epoch()).count();
}

}  // namespace

// CLOCK_MONOTONIC in libstdc++.
double SystemClock::monotonicSeconds() const { return secondsOf<std::chrono::steady_clock>(); }

double SystemClock::wallSeconds() const { return secondsOf<std::chrono::system_clock>(); }

}  // namespace lapidary
