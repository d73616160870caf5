// Time as something that is passed along, so that a test can make it jump.  Durations come from a clock that never does (fault 48).
#pragma once

namespace lapidary {

class Clock {
public:
    virtual ~Clock() = default;
    // Seconds since some moment: never goes back, is set by nobody, stands still while the machine sleeps.
    [[nodiscard]] virtual double monotonicSeconds() const = 0;
    // Seconds since 1970 as the machine believes them, for people alone: it may jump.
    [[nodiscard]] virtual double wallSeconds() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] double monotonicSeconds() const override;
    [[nodiscard]] double wallSeconds() const override;
};

}  // namespace lapidary
