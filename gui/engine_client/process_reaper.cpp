#include "gui/engine_client/process_reaper.h"

#include <QTimer>

namespace lapidary::gui {

void reap(std::unique_ptr<QProcess> process, int graceMs) {
    if (!process) return;
    if (process->state() == QProcess::NotRunning) {
        process.release()->deleteLater();  // we may stand inside one of its signals
        return;
    }
    QProcess* const child = process.release();
    child->disconnect();
    child->setParent(nullptr);
    QObject::connect(child, &QProcess::finished, child, &QObject::deleteLater);
    // What it still says is read and thrown away, so that it never blocks on a full pipe.
    QObject::connect(child, &QProcess::readyReadStandardOutput, child, [child] { child->readAllStandardOutput(); });
    QObject::connect(child, &QProcess::readyReadStandardError, child, [child] { child->readAllStandardError(); });
    child->closeWriteChannel();
    QTimer::singleShot(graceMs, child, [child] { child->terminate(); });
    QTimer::singleShot(2 * graceMs, child, [child] { child->kill(); });
}

}  // namespace lapidary::gui
