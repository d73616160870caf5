// How long a run has worked and how long it still will, the times left out in which it waited (fault 48).
#pragma once

#include <cstdint>
#include <optional>

#include "core/shared/base/clock.h"

namespace lapidary::train {

// Lives on the training thread.
class WorkingTime {
public:
    // `clock` outlives it.
    explicit WorkingTime(const Clock& clock) : m_clock(clock), m_begin(clock.monotonicSeconds()) {}

    // While one lives the run waits.
    class Pause {
    public:
        explicit Pause(WorkingTime& time) : m_time(time), m_begin(time.m_clock.monotonicSeconds()) {}
        ~Pause() { m_time.m_waited += m_time.m_clock.monotonicSeconds() - m_begin; }
        Pause(const Pause&) = delete;
        Pause& operator=(const Pause&) = delete;

    private:
        WorkingTime& m_time;
        double m_begin;
    };

    // Since it began, waits included.
    [[nodiscard]] double elapsedSeconds() const { return m_clock.monotonicSeconds() - m_begin; }
    // What `left` steps will take if they go as the `done` ones did; nothing before the first.
    [[nodiscard]] std::optional<double> remainingSeconds(std::int64_t done, std::int64_t left) const {
        if (done < 1) return std::nullopt;
        return (elapsedSeconds() - m_waited) / static_cast<double>(done) * static_cast<double>(left);
    }

private:
    const Clock& m_clock;
    double m_begin;
    double m_waited = 0.0;
};

}  // namespace lapidary::train
