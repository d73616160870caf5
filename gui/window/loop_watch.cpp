#include "gui/window/loop_watch.h"

#include <unistd.h>

#include <QEvent>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>
#include <QTimer>
#include <ctime>

namespace lapidary::gui {
namespace {

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

LoopWatch::LoopWatch(QObject& window, QObject* parent) : QObject(parent) { window.installEventFilter(this); }

bool LoopWatch::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Paint) {
        watched->removeEventFilter(this);
        // Children are painted within the same event; the next turn of the loop comes after them.
        QTimer::singleShot(0, this, [this] {
            m_firstPaintMs = processAgeMs();
            m_stalls.emplace();
        });
    }
    return false;
}

bool LoopWatch::writeTo(const QString& path) const {
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly)) return false;
    const QJsonObject figures{{QStringLiteral("first_paint_ms"), m_firstPaintMs},
                              {QStringLiteral("longest_stall_ms"), longestStallMs()},
                              {QStringLiteral("longest_own_stall_ms"), longestOwnStallMs()}};
    file.write(QJsonDocument(figures).toJson(QJsonDocument::Compact) + '\n');
    return file.commit();
}

}  // namespace lapidary::gui
