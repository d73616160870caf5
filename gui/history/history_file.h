// Opens history.sqlite whatever is found there: a file of an older or a newer program, a damaged one, one that another window or
// host holds (faults, rows 49 and 59).
#pragma once

#include <QLockFile>
#include <QString>
#include <memory>

#include "gui/history/history_types.h"
#include "gui/history/sql_connection.h"

namespace lapidary::gui {

struct HistoryFile {
    SqlConnection sql;
    std::unique_ptr<QLockFile> lock;  // held; none: read-only
    QString notice;

    [[nodiscard]] bool writable() const { return lock != nullptr; }

    // The folder is made where it is not there, for its owner alone.  Errors leave every file as it was; a damaged one is set aside
    // under another name, with a notice, and an empty one begun.
    static Result<HistoryFile> open(const HistoryPaths& paths);
};

}  // namespace lapidary::gui
