// The longest time in which an event loop did nothing else: measured between ticks of a timer.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <algorithm>

namespace lapidary::gui {

// Lives on the thread whose loop it watches.
class EventLoopWatch final : public QObject {
public:
    EventLoopWatch() {
        m_timer.setTimerType(Qt::PreciseTimer);
        m_timer.setInterval(1);
        connect(&m_timer, &QTimer::timeout, this, [this] { tick(); });
        m_since.start();
        m_timer.start();
    }

    // Milliseconds, up to now: a loop that does not come back is seen as well.
    [[nodiscard]] qint64 longestMs() const { return std::max(m_longestNs, m_since.nsecsElapsed()) / 1'000'000; }
    [[nodiscard]] qint64 ticks() const { return m_ticks; }

private:
    void tick() {
        m_longestNs = std::max(m_longestNs, m_since.nsecsElapsed());
        m_since.start();
        ++m_ticks;
    }

    QTimer m_timer;
    QElapsedTimer m_since;
    qint64 m_longestNs = 0;
    qint64 m_ticks = 0;
};

}  // namespace lapidary::gui
