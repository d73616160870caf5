// Time that passes when a test says so.
#pragma once

#include "core/shared/base/clock.h"

namespace lapidary::test {

class FakeClock final : public Clock {
public:
    [[nodiscard]] double monotonicSeconds() const override { return m_monotonic; }
    [[nodiscard]] double wallSeconds() const override { return m_wall; }

    void pass(double seconds) {
        m_monotonic += seconds;
        m_wall += seconds;
    }
    // Somebody sets the time, summer ends, or the machine slept.
    void jump(double seconds) { m_wall += seconds; }

private:
    double m_monotonic = 5000.0;
    double m_wall = 1.75e9;
};

}  // namespace lapidary::test
