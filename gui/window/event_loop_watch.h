// The longest time in which an event loop did nothing else: measured between ticks of a timer.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <algorithm>
#include <array>
#include <cstdlib>

namespace lapidary::gui {

// Lives on the thread whose loop it watches.
class EventLoopWatch final : public QObject {
public:
    EventLoopWatch() : m_schedule(::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)) {
        m_timer.setTimerType(Qt::PreciseTimer);
        m_timer.setInterval(1);
        connect(&m_timer, &QTimer::timeout, this, [this] { tick(); });
        begin();
        m_timer.start();
    }
    ~EventLoopWatch() override {
        if (m_schedule >= 0) ::close(m_schedule);
    }

    // Milliseconds, up to now: a loop that does not come back is seen as well.  What a person at the screen waits for.
    [[nodiscard]] qint64 longestMs() const { return std::max(m_longestNs, m_since.nsecsElapsed()) / 1'000'000; }
    // The same without the time in which the thread could have gone on and other programs had the processors: what the window itself is
    // to blame for, on a machine that is busy with something else.
    [[nodiscard]] qint64 longestOwnMs() const { return std::max(m_longestOwnNs, ownNs()) / 1'000'000; }
    [[nodiscard]] qint64 ticks() const { return m_ticks; }

private:
    // Nanoseconds for which this thread was ready and had no processor: the second figure of proc(5)'s schedstat; 0 where the kernel does
    // not count them.
    [[nodiscard]] qint64 waitedNs() const {
        std::array<char, 96> text{};
        if (m_schedule < 0 || ::pread(m_schedule, text.data(), text.size() - 1, 0) <= 0) return 0;
        char* next = nullptr;
        std::strtoll(text.data(), &next, 10);
        return std::strtoll(next, nullptr, 10);
    }
    [[nodiscard]] qint64 ownNs() const { return m_since.nsecsElapsed() - (waitedNs() - m_waitedBefore); }
    void begin() {
        m_waitedBefore = waitedNs();
        m_since.start();
    }
    void tick() {
        m_longestNs = std::max(m_longestNs, m_since.nsecsElapsed());
        m_longestOwnNs = std::max(m_longestOwnNs, ownNs());
        begin();
        ++m_ticks;
    }

    int m_schedule;
    QTimer m_timer;
    QElapsedTimer m_since;
    qint64 m_waitedBefore = 0;
    qint64 m_longestNs = 0;
    qint64 m_longestOwnNs = 0;
    qint64 m_ticks = 0;
};

}  // namespace lapidary::gui
