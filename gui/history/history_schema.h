// The tables of history.sqlite and how an older file becomes a present one.
#pragma once

#include "gui/history/sql_connection.h"

namespace lapidary::gui {

// PRAGMA user_version.  A step to the next one is added to history_schema.cpp; steps that were released never change.
constexpr qint64 kHistoryVersion = 1;
// PRAGMA application_id: "Lapi".
constexpr qint64 kHistoryApplication = 0x4c617069;

// Takes the file to kHistoryVersion, each step in a transaction of its own.  Unsupported: newer than this program.
Result<void> migrateHistory(SqlConnection& sql);

// Unsupported where SQLite was built without the module; the search stands on "fts5".
Result<void> requireModule(SqlConnection& sql, const QString& module);

}  // namespace lapidary::gui
