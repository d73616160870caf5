// How long the window took to appear and how long it kept a person waiting at worst: figures for `--timings FILE`.
#pragma once

#include <QObject>
#include <optional>

#include "gui/window/event_loop_watch.h"

namespace lapidary::gui {

// Lives on the main thread.
class LoopWatch final : public QObject {
    Q_OBJECT

public:
    // `window`: whose first painting is waited for.
    explicit LoopWatch(QObject& window, QObject* parent = nullptr);

    // From the start of the process, as the kernel knows it (steps of 10 ms), to the end of the first painting; negative before it.
    [[nodiscard]] double firstPaintMs() const { return m_firstPaintMs; }
    // The longest stretch in which the event loop answered nothing, since the first painting.
    [[nodiscard]] qint64 longestStallMs() const { return m_stalls ? m_stalls->longestMs() : 0; }
    // The part of it that is not other programs'.
    [[nodiscard]] qint64 longestOwnStallMs() const { return m_stalls ? m_stalls->longestOwnMs() : 0; }
    // {"first_paint_ms": 412.0, "longest_stall_ms": 37, "longest_own_stall_ms": 35}
    [[nodiscard]] bool writeTo(const QString& path) const;

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    double m_firstPaintMs = -1;
    std::optional<EventLoopWatch> m_stalls;  // from the first painting on
};

}  // namespace lapidary::gui
