// How long the window took to appear and how long it kept a person waiting at worst: figures for `--timings FILE`.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

namespace lapidary::gui {

// Lives on the main thread.  A timer asks to be called every few milliseconds; what passes beyond that is time in which no key and no
// click was answered.
class LoopWatch final : public QObject {
    Q_OBJECT

public:
    // `window`: whose first painting is waited for.
    explicit LoopWatch(QObject& window, QObject* parent = nullptr);

    // From the start of the process, as the kernel knows it (steps of 10 ms), to the end of the first painting; negative before it.
    [[nodiscard]] double firstPaintMs() const { return m_firstPaintMs; }
    // The longest stretch in which the event loop answered nothing, since the first painting.
    [[nodiscard]] double longestStallMs() const { return m_longestStallMs; }
    // {"first_paint_ms": 412.0, "longest_stall_ms": 37.5}
    [[nodiscard]] bool writeTo(const QString& path) const;

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void beat();

    QTimer m_timer;
    QElapsedTimer m_sinceBeat;
    double m_firstPaintMs = -1;
    double m_longestStallMs = 0;
};

}  // namespace lapidary::gui
