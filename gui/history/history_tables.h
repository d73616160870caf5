// Rows of the history: what a conversation is in SQLite.  Every function that writes is meant for a transaction of its caller.  Lives
// on the worker's thread.
#pragma once

#include <QSet>
#include <QString>
#include <QVector>
#include <optional>
#include <vector>

#include "gui/history/history_types.h"
#include "gui/history/sql_connection.h"

namespace lapidary::gui {

class HistoryTables {
public:
    // `sql` outlives this.
    HistoryTables(SqlConnection& sql, HistoryPaths paths) : m_sql(sql), m_paths(std::move(paths)) {}

    // Pinned first, then what was touched last; without the deleted ones.
    Result<std::vector<ConversationInfo>> list();
    // With what was streamed since.  A message that cannot be read is there as a failed one that says so.
    Result<ConversationData> read(const QString& id);
    // SHA-256 of every picture that a message shows.
    Result<QSet<QString>> usedPictures();

    Result<void> create(const ConversationInfo& info, const ConversationSettings& settings);
    // Inserts or replaces.  NotFound: no such conversation.
    Result<void> store(const QString& conversation, const Message& message, qint64 nowMs);
    Result<void> append(const QString& conversation, qint64 message, const QString& text,
                        const std::vector<AnswerToken>& tokens);
    // The SHA-256 of the pictures that they showed.
    Result<QSet<QString>> remove(const QString& conversation, const QVector<qint64>& messages);
    Result<void> setLeaf(const QString& conversation, qint64 leaf);
    Result<void> setSettings(const QString& conversation, const ConversationSettings& settings);
    Result<void> setModel(const QString& conversation, const QString& model);
    Result<void> rename(const QString& conversation, const QString& title);
    Result<void> setPinned(const QString& conversation, bool pinned);
    Result<void> setDeleted(const QString& conversation, bool deleted);
    // Joins what was streamed to its messages, so that the search finds it.
    Result<void> joinPieces();
    // After a start: whoever was writing is writing no more.
    Result<void> interruptStreams();
    // Deletes for good what was marked.
    Result<void> purge();

private:
    struct Row {
        qint64 row = 0;
        Message message;
    };
    Result<qint64> rowOf(const QString& conversation);
    Result<std::optional<qint64>> messageRow(qint64 conversation, qint64 id);
    // All messages of a conversation, or of it the one.
    Result<std::vector<Row>> messages(qint64 conversation, std::optional<qint64> onlyRow = {});
    Result<void> joinPieces(std::vector<Row>& rows, qint64 conversation);
    Result<void> write(qint64 conversation, const Message& message);
    Result<void> index(qint64 row, const QString& text);
    Result<void> change(const QString& conversation, const QString& column, const QVariant& value);
    Message readable(const QSqlQuery& row) const;

    // Pictures of the store are kept relative to it, so that the data folder may move.
    [[nodiscard]] QString keptPath(const Picture& picture) const;
    [[nodiscard]] QString realPath(const Picture& picture) const;

    SqlConnection& m_sql;
    HistoryPaths m_paths;
};

}  // namespace lapidary::gui
