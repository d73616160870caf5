#include "gui/window/loop_watch.h"

#include <unistd.h>

#include <QEvent>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>
#include <algorithm>
#include <ctime>

namespace lapidary::gui {
namespace {

constexpr int kBeatMs = 5;

// Milliseconds since this process was started; proc(5): field 22 of stat, in clock ticks since boot.
double processAgeMs() {
    QFile stat(QStringLiteral("/proc/self/stat"));
    if (!stat.open(QIODevice::ReadOnly)) return -1;
    const QByteArray line = stat.readAll();
    // The second field is the program's name in brackets, which may hold blanks; after it comes field 3.
    const QList<QByteArray> fields = line.mid(line.lastIndexOf(')') + 2).split(' ');
    constexpr int kStartTime = 22 - 3;
    if (fields.size() <= kStartTime) return -1;
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    const double nowMs = static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
    return nowMs - fields[kStartTime].toDouble() * 1e3 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

LoopWatch::LoopWatch(QObject& window, QObject* parent) : QObject(parent) {
    window.installEventFilter(this);
    m_timer.setTimerType(Qt::PreciseTimer);
    m_timer.setInterval(kBeatMs);
    connect(&m_timer, &QTimer::timeout, this, &LoopWatch::beat);
}

bool LoopWatch::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Paint && m_firstPaintMs < 0 && !m_timer.isActive()) {
        watched->removeEventFilter(this);
        m_sinceBeat.start();
        m_timer.start();
        // Children are painted within the same event; the next turn of the loop comes after them.
        QTimer::singleShot(0, this, [this] {
            m_firstPaintMs = processAgeMs();
            m_sinceBeat.restart();
        });
    }
    return false;
}

void LoopWatch::beat() {
    const double passed = static_cast<double>(m_sinceBeat.nsecsElapsed()) / 1e6;
    m_sinceBeat.restart();
    if (m_firstPaintMs >= 0) m_longestStallMs = std::max(m_longestStallMs, passed - kBeatMs);
}

bool LoopWatch::writeTo(const QString& path) const {
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly)) return false;
    const QJsonObject figures{{QStringLiteral("first_paint_ms"), m_firstPaintMs},
                              {QStringLiteral("longest_stall_ms"), m_longestStallMs}};
    file.write(QJsonDocument(figures).toJson(QJsonDocument::Compact) + '\n');
    return file.commit();
}

}  // namespace lapidary::gui
