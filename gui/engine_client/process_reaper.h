// Ends processes without waiting for them: asked to leave, then terminated, then killed, each after a time.
#pragma once

#include <QObject>
#include <QProcess>
#include <memory>

namespace lapidary::gui {

// Takes the process over; it is deleted once it has ended.  `graceMs` for each of the steps.  A window that closes leaves
// standard input closed behind it, at which an engine leaves by itself.
void reap(std::unique_ptr<QProcess> process, int graceMs = 3000);

}  // namespace lapidary::gui
