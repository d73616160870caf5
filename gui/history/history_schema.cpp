#include "gui/history/history_schema.h"

#include <QStringList>
#include <array>
#include <vector>

#include "gui/history/history_tables.h"
#include "gui/history/history_text.h"

namespace lapidary::gui {
namespace {

QStringList tablesOfVersion1() {
    return {
        // `touched` orders the list: a counter, because the hour of a machine may jump.
        QStringLiteral("CREATE TABLE conversations(row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, "
                       "created INTEGER NOT NULL, changed INTEGER NOT NULL, touched INTEGER NOT NULL, "
                       "pinned INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0, settings TEXT NOT NULL, "
                       "leaf INTEGER NOT NULL DEFAULT 0, model TEXT NOT NULL DEFAULT '')"),
        QStringLiteral("CREATE INDEX conversations_touched ON conversations(touched)"),
        QStringLiteral("CREATE TABLE messages(row INTEGER PRIMARY KEY, "
                       "conversation INTEGER NOT NULL REFERENCES conversations(row) ON DELETE CASCADE, id INTEGER NOT NULL, "
                       "parent INTEGER NOT NULL, role TEXT NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL, "
                       "created INTEGER NOT NULL, model TEXT NOT NULL, parts TEXT NOT NULL, figures TEXT NOT NULL, "
                       "tokens TEXT NOT NULL, UNIQUE(conversation, id))"),
        // What a streaming answer said since its row was written; joined to it when it ends, or at the next start.
        QStringLiteral("CREATE TABLE pieces(row INTEGER PRIMARY KEY, "
                       "message INTEGER NOT NULL REFERENCES messages(row) ON DELETE CASCADE, text TEXT NOT NULL, "
                       "tokens TEXT NOT NULL)"),
        QStringLiteral("CREATE INDEX pieces_message ON pieces(message)"),
        QStringLiteral("CREATE TABLE uses(message INTEGER NOT NULL REFERENCES messages(row) ON DELETE CASCADE, "
                       "sha256 TEXT NOT NULL, PRIMARY KEY(message, sha256)) WITHOUT ROWID"),
        // rowid: a message's row, or a conversation's row times -1 for its title.
        QStringLiteral("CREATE VIRTUAL TABLE search USING fts5(text, tokenize='unicode61 remove_diacritics 2', prefix='2 3')"),
        QStringLiteral("CREATE TRIGGER messages_search AFTER DELETE ON messages "
                       "BEGIN DELETE FROM search WHERE rowid = old.row; END"),
        QStringLiteral("CREATE TRIGGER conversations_search AFTER DELETE ON conversations "
                       "BEGIN DELETE FROM search WHERE rowid = -old.row; END"),
    };
}

// Files without a version are from before the first release: conversations(id, title, created) and messages(conversation, id, parent,
// role, text, created).
Result<void> takeOverVersion0(SqlConnection& sql) {
    HistoryTables tables(sql, HistoryPaths{});
    std::vector<ConversationInfo> conversations;
    RETURN_IF_ERROR(sql.each(QStringLiteral("SELECT id, title, created FROM old_conversations ORDER BY created, rowid"), {},
                             [&](const QSqlQuery& row) {
                                 ConversationInfo& info = conversations.emplace_back();
                                 info.id = row.value(0).toString();
                                 info.title = row.value(1).toString();
                                 info.createdMs = info.changedMs = row.value(2).toLongLong();
                             }));
    for (const ConversationInfo& info : conversations) {
        std::vector<Message> messages;
        RETURN_IF_ERROR(sql.each(
            QStringLiteral("SELECT id, parent, role, text, created FROM old_messages WHERE conversation = ? ORDER BY id"),
            {info.id}, [&](const QSqlQuery& row) {
                Message& message = messages.emplace_back();
                message.id = row.value(0).toLongLong();
                message.parent = row.value(1).toLongLong();
                message.role = row.value(2).toString() == QLatin1String("user") ? Role::User : Role::Assistant;
                message.append(row.value(3).toString());
                message.createdMs = row.value(4).toLongLong();
            }));
        RETURN_IF_ERROR(tables.create(info, {}));
        for (const Message& message : messages) RETURN_IF_ERROR(tables.store(info.id, message, info.changedMs));
        if (!messages.empty()) RETURN_IF_ERROR(tables.setLeaf(info.id, messages.back().id));
    }
    return {};
}

Result<void> toVersion1(SqlConnection& sql) {
    ASSIGN_OR_RETURN(const auto older, sql.number(QStringLiteral("SELECT count(*) FROM sqlite_master WHERE type = 'table' "
                                                                 "AND name IN ('conversations', 'messages')")));
    const bool takeOver = older == 2;
    if (takeOver) {
        RETURN_IF_ERROR(sql.run(QStringLiteral("ALTER TABLE conversations RENAME TO old_conversations")));
        RETURN_IF_ERROR(sql.run(QStringLiteral("ALTER TABLE messages RENAME TO old_messages")));
    }
    for (const QString& statement : tablesOfVersion1()) RETURN_IF_ERROR(sql.run(statement));
    if (!takeOver) return {};
    RETURN_IF_ERROR(takeOverVersion0(sql));
    RETURN_IF_ERROR(sql.run(QStringLiteral("DROP TABLE old_messages")));
    return sql.run(QStringLiteral("DROP TABLE old_conversations"));
}

using Step = Result<void> (*)(SqlConnection&);
constexpr std::array<Step, kHistoryVersion> kSteps{toVersion1};  // kSteps[n]: from version n to n + 1

}  // namespace

Result<void> requireModule(SqlConnection& sql, const QString& module) {
    ASSIGN_OR_RETURN(const auto there,
                     sql.number(QStringLiteral("SELECT count(*) FROM pragma_module_list WHERE name = ?"), {module}));
    if (there.value_or(0) > 0) return {};
    return failure(ErrorCode::Unsupported,
                   HistoryText::tr("Qt's SQLite was built without “%1”, which the search needs, so there is no history; "
                                   "install a Qt whose SQLite has it.")
                       .arg(module));
}

Result<void> migrateHistory(SqlConnection& sql) {
    ASSIGN_OR_RETURN(const auto found, sql.number(QStringLiteral("PRAGMA user_version")));
    const qint64 version = found.value_or(0);
    if (version > kHistoryVersion || version < 0) {
        return failure(ErrorCode::Unsupported,
                       HistoryText::tr("The history has version %1; this program knows versions up to %2.")
                           .arg(version)
                           .arg(kHistoryVersion));
    }
    for (qint64 step = version; step < kHistoryVersion; ++step) {
        RETURN_IF_ERROR(sql.transaction([&]() -> Result<void> {
            RETURN_IF_ERROR(kSteps.at(static_cast<std::size_t>(step))(sql));
            RETURN_IF_ERROR(sql.run(QStringLiteral("PRAGMA application_id = %1").arg(kHistoryApplication)));
            return sql.run(QStringLiteral("PRAGMA user_version = %1").arg(step + 1));
        }));
    }
    return {};
}

}  // namespace lapidary::gui
