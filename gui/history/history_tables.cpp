#include "gui/history/history_tables.h"

#include <QJsonDocument>
#include <QRegularExpression>
#include <algorithm>
#include <map>
#include <utility>

#include "gui/chat/message_json.h"
#include "gui/history/history_search.h"
#include "gui/history/history_text.h"

namespace lapidary::gui {
namespace {

QString compact(const QJsonObject& json) { return QString::fromUtf8(QJsonDocument(json).toJson(QJsonDocument::Compact)); }
QString compact(const QJsonArray& json) { return QString::fromUtf8(QJsonDocument(json).toJson(QJsonDocument::Compact)); }
QJsonDocument parsed(const QString& json) { return QJsonDocument::fromJson(json.toUtf8()); }

// SQLite's NOT NULL means a QString that is null as well as empty.
QString notNull(const QString& text) { return text.isNull() ? QStringLiteral("") : text; }

}  // namespace

QString HistoryTables::keptPath(const Picture& picture) const {
    const QString inside = m_paths.pictures() + QLatin1Char('/');
    return !picture.sha256.isEmpty() && picture.path.startsWith(inside) ? picture.path.mid(inside.size()) : picture.path;
}

QString HistoryTables::realPath(const Picture& picture) const {
    static const QRegularExpression stored(QStringLiteral("^[0-9a-f]{2}/[0-9a-f]{64}\\.[a-z0-9]{1,5}$"));
    return stored.match(picture.path).hasMatch() ? m_paths.pictures() + QLatin1Char('/') + picture.path : picture.path;
}

Result<std::vector<ConversationInfo>> HistoryTables::list() {
    std::vector<ConversationInfo> found;
    RETURN_IF_ERROR(
        m_sql.each(QStringLiteral("SELECT id, title, created, changed, pinned, model FROM conversations WHERE deleted = 0 "
                                  "ORDER BY pinned DESC, touched DESC"),
                   {}, [&](const QSqlQuery& row) {
                       found.push_back({row.value(0).toString(), row.value(1).toString(), row.value(2).toLongLong(),
                                        row.value(3).toLongLong(), row.value(4).toBool(), row.value(5).toString()});
                   }));
    return found;
}

Result<qint64> HistoryTables::rowOf(const QString& conversation) {
    ASSIGN_OR_RETURN(const auto row,
                     m_sql.number(QStringLiteral("SELECT row FROM conversations WHERE id = ?"), {conversation}));
    if (!row) return failure(ErrorCode::NotFound, HistoryText::tr("The history has no conversation “%1”.").arg(conversation));
    return *row;
}

Result<std::optional<qint64>> HistoryTables::messageRow(qint64 conversation, qint64 id) {
    return m_sql.number(QStringLiteral("SELECT row FROM messages WHERE conversation = ? AND id = ?"), {conversation, id});
}

Result<ConversationData> HistoryTables::read(const QString& id) {
    ASSIGN_OR_RETURN(const qint64 conversation, rowOf(id));
    ConversationData data;
    QString settings;
    RETURN_IF_ERROR(m_sql.each(
        QStringLiteral("SELECT id, title, created, changed, pinned, model, leaf, settings FROM conversations WHERE row = ?"),
        {conversation}, [&](const QSqlQuery& row) {
            data.info = {row.value(0).toString(),   row.value(1).toString(), row.value(2).toLongLong(),
                         row.value(3).toLongLong(), row.value(4).toBool(),   row.value(5).toString()};
            data.leaf = row.value(6).toLongLong();
            settings = row.value(7).toString();
        }));
    // Settings that cannot be read are the program's own again (faults, row 60): the words matter more.
    if (auto read = settingsFromJson(parsed(settings).object())) data.settings = std::move(*read);
    ASSIGN_OR_RETURN(std::vector<Row> rows, messages(conversation));
    RETURN_IF_ERROR(joinPieces(rows, conversation));
    data.messages.reserve(rows.size());
    for (Row& row : rows) data.messages.push_back(std::move(row.message));
    return data;
}

Result<std::vector<HistoryTables::Row>> HistoryTables::messages(qint64 conversation, std::optional<qint64> onlyRow) {
    std::vector<Row> rows;
    QString statement = QStringLiteral(
        "SELECT row, id, parent, role, state, error, created, model, parts, figures, tokens "
        "FROM messages WHERE conversation = ?");
    QVariantList values{conversation};
    if (onlyRow) {
        statement += QStringLiteral(" AND row = ?");
        values.append(*onlyRow);
    }
    RETURN_IF_ERROR(m_sql.each(statement + QStringLiteral(" ORDER BY id"), values, [&](const QSqlQuery& row) {
        rows.push_back({row.value(0).toLongLong(), readable(row)});
    }));
    return rows;
}

Message HistoryTables::readable(const QSqlQuery& row) const {
    QJsonObject json{{QStringLiteral("id"), row.value(1).toLongLong()},
                     {QStringLiteral("parent"), row.value(2).toLongLong()},
                     {QStringLiteral("role"), row.value(3).toString()},
                     {QStringLiteral("state"), row.value(4).toString()},
                     {QStringLiteral("error"), row.value(5).toString()},
                     {QStringLiteral("created"), row.value(6).toLongLong()},
                     {QStringLiteral("model"), row.value(7).toString()},
                     {QStringLiteral("figures"), parsed(row.value(9).toString()).object()},
                     {QStringLiteral("tokens"), parsed(row.value(10).toString()).array()}};
    const QJsonDocument parts = parsed(row.value(8).toString());
    if (parts.isArray()) json.insert(QStringLiteral("parts"), parts.array());
    auto message = messageFromJson(json);
    if (!message) {
        Message damaged;
        damaged.id = row.value(1).toLongLong();
        damaged.parent = row.value(2).toLongLong();
        damaged.role = row.value(3).toString() == QLatin1String("user") ? Role::User : Role::Assistant;
        damaged.createdMs = row.value(6).toLongLong();
        damaged.state = Message::State::Failed;
        damaged.error = HistoryText::tr("The history holds this message in a form that cannot be read.  %1")
                            .arg(sentenceOf(message.error()));
        return damaged;
    }
    for (MessagePart& part : message->parts) {
        if (part.picture) part.picture->path = realPath(*part.picture);
    }
    return std::move(*message);
}

Result<void> HistoryTables::joinPieces(std::vector<Row>& rows, qint64 conversation) {
    std::map<qint64, Message*> byRow;
    for (Row& row : rows) byRow.emplace(row.row, &row.message);
    return m_sql.each(QStringLiteral("SELECT pieces.message, pieces.text, pieces.tokens FROM pieces JOIN messages "
                                     "ON messages.row = pieces.message WHERE messages.conversation = ? ORDER BY pieces.row"),
                      {conversation}, [&](const QSqlQuery& row) {
                          const auto found = byRow.find(row.value(0).toLongLong());
                          if (found == byRow.end()) return;
                          found->second->append(row.value(1).toString());
                          auto tokens = tokensFromJson(parsed(row.value(2).toString()).array());
                          if (!tokens) return;  // the words are there; what else it might have said is not
                          found->second->tokens.insert(found->second->tokens.end(), tokens->begin(), tokens->end());
                      });
}

Result<void> HistoryTables::joinPieces() {
    std::vector<std::pair<qint64, qint64>> open;  // conversation, message's row
    RETURN_IF_ERROR(
        m_sql.each(QStringLiteral("SELECT DISTINCT messages.conversation, messages.row FROM pieces JOIN messages "
                                  "ON messages.row = pieces.message"),
                   {}, [&](const QSqlQuery& row) { open.emplace_back(row.value(0).toLongLong(), row.value(1).toLongLong()); }));
    for (const auto& [conversation, row] : open) {
        ASSIGN_OR_RETURN(std::vector<Row> rows, messages(conversation, row));
        RETURN_IF_ERROR(joinPieces(rows, conversation));
        for (const Row& one : rows) RETURN_IF_ERROR(write(conversation, one.message));
    }
    return {};
}

Result<void> HistoryTables::interruptStreams() {
    return m_sql.run(QStringLiteral("UPDATE messages SET state = 'interrupted' WHERE state = 'streaming'"));
}

Result<void> HistoryTables::create(const ConversationInfo& info, const ConversationSettings& settings) {
    RETURN_IF_ERROR(
        m_sql.run(QStringLiteral("INSERT INTO conversations(id, title, created, changed, touched, pinned, settings, model) "
                                 "SELECT ?, ?, ?, ?, coalesce(max(touched), 0) + 1, ?, ?, ? FROM conversations"),
                  {info.id, notNull(info.title), qint64{info.createdMs}, qint64{info.changedMs}, info.pinned ? 1 : 0,
                   compact(toJson(settings)), notNull(info.model)}));
    ASSIGN_OR_RETURN(const qint64 row, rowOf(info.id));
    return index(-row, info.title);
}

Result<void> HistoryTables::store(const QString& conversation, const Message& message, qint64 nowMs) {
    ASSIGN_OR_RETURN(const qint64 row, rowOf(conversation));
    RETURN_IF_ERROR(write(row, message));
    return m_sql.run(QStringLiteral("UPDATE conversations SET changed = ?, model = coalesce(nullif(?, ''), model), "
                                    "touched = (SELECT max(touched) FROM conversations) + 1 WHERE row = ?"),
                     {nowMs, notNull(message.model), row});
}

Result<void> HistoryTables::write(qint64 conversation, const Message& message) {
    Message kept = message;
    QSet<QString> pictures;
    for (MessagePart& part : kept.parts) {
        if (!part.picture) continue;
        part.picture->path = keptPath(*part.picture);
        if (!part.picture->sha256.isEmpty()) pictures.insert(part.picture->sha256);
    }
    const QJsonObject json = toJson(kept);
    const auto column = [&](const char* key) { return json.value(QLatin1String(key)); };
    RETURN_IF_ERROR(m_sql.run(
        QStringLiteral(
            "INSERT INTO messages(conversation, id, parent, role, state, error, created, model, parts, figures, tokens) "
            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(conversation, id) DO UPDATE SET parent = excluded.parent, "
            "role = excluded.role, state = excluded.state, error = excluded.error, created = excluded.created, "
            "model = excluded.model, parts = excluded.parts, figures = excluded.figures, tokens = excluded.tokens"),
        {conversation, qint64{message.id}, qint64{message.parent}, column("role").toString(), column("state").toString(),
         notNull(message.error), qint64{message.createdMs}, notNull(message.model), compact(column("parts").toArray()),
         compact(column("figures").toObject()), compact(column("tokens").toArray())}));
    ASSIGN_OR_RETURN(const auto row, messageRow(conversation, message.id));
    RETURN_IF_ERROR(m_sql.run(QStringLiteral("DELETE FROM pieces WHERE message = ?"), {*row}));
    RETURN_IF_ERROR(m_sql.run(QStringLiteral("DELETE FROM uses WHERE message = ?"), {*row}));
    for (const QString& sha256 : pictures)
        RETURN_IF_ERROR(m_sql.run(QStringLiteral("INSERT INTO uses(message, sha256) VALUES(?, ?)"), {*row, sha256}));
    return index(*row, message.text());
}

Result<void> HistoryTables::index(qint64 row, const QString& text) {
    RETURN_IF_ERROR(m_sql.run(QStringLiteral("DELETE FROM search WHERE rowid = ?"), {row}));
    if (text.isEmpty()) return {};
    return m_sql.run(QStringLiteral("INSERT INTO search(rowid, text) VALUES(?, ?)"), {row, foldedForSearch(text)});
}

Result<void> HistoryTables::append(const QString& conversation, qint64 message, const QString& text,
                                   const std::vector<AnswerToken>& tokens) {
    ASSIGN_OR_RETURN(const qint64 parent, rowOf(conversation));
    ASSIGN_OR_RETURN(const auto row, messageRow(parent, message));
    if (!row) return failure(ErrorCode::NotFound, HistoryText::tr("The conversation has no message %1.").arg(message));
    return m_sql.run(QStringLiteral("INSERT INTO pieces(message, text, tokens) VALUES(?, ?, ?)"),
                     {*row, notNull(text), tokens.empty() ? QStringLiteral("") : compact(tokensToJson(tokens))});
}

Result<QSet<QString>> HistoryTables::remove(const QString& conversation, const QVector<qint64>& messages) {
    ASSIGN_OR_RETURN(const qint64 parent, rowOf(conversation));
    QSet<QString> pictures;
    for (const qint64 id : messages) {
        ASSIGN_OR_RETURN(const auto row, messageRow(parent, id));
        if (!row) continue;
        RETURN_IF_ERROR(m_sql.each(QStringLiteral("SELECT sha256 FROM uses WHERE message = ?"), {*row},
                                   [&](const QSqlQuery& use) { pictures.insert(use.value(0).toString()); }));
        RETURN_IF_ERROR(m_sql.run(QStringLiteral("DELETE FROM messages WHERE row = ?"), {*row}));
    }
    return pictures;
}

// `column` is one of ours, never text from outside.
Result<void> HistoryTables::change(const QString& conversation, const QString& column, const QVariant& value) {
    ASSIGN_OR_RETURN(const qint64 row, rowOf(conversation));
    return m_sql.run(QStringLiteral("UPDATE conversations SET %1 = ? WHERE row = ?").arg(column), {value, row});
}

Result<void> HistoryTables::setLeaf(const QString& conversation, qint64 leaf) {
    return change(conversation, QStringLiteral("leaf"), leaf);
}

Result<void> HistoryTables::setSettings(const QString& conversation, const ConversationSettings& settings) {
    return change(conversation, QStringLiteral("settings"), compact(toJson(settings)));
}

Result<void> HistoryTables::setModel(const QString& conversation, const QString& model) {
    return change(conversation, QStringLiteral("model"), notNull(model));
}

Result<void> HistoryTables::rename(const QString& conversation, const QString& title) {
    RETURN_IF_ERROR(change(conversation, QStringLiteral("title"), notNull(title)));
    ASSIGN_OR_RETURN(const qint64 row, rowOf(conversation));
    return index(-row, title);
}

Result<void> HistoryTables::setPinned(const QString& conversation, bool pinned) {
    return change(conversation, QStringLiteral("pinned"), pinned ? 1 : 0);
}

Result<void> HistoryTables::setDeleted(const QString& conversation, bool deleted) {
    return change(conversation, QStringLiteral("deleted"), deleted ? 1 : 0);
}

Result<void> HistoryTables::purge() { return m_sql.run(QStringLiteral("DELETE FROM conversations WHERE deleted = 1")); }

Result<QSet<QString>> HistoryTables::usedPictures() {
    QSet<QString> used;
    RETURN_IF_ERROR(m_sql.each(QStringLiteral("SELECT DISTINCT sha256 FROM uses"), {},
                               [&](const QSqlQuery& row) { used.insert(row.value(0).toString()); }));
    return used;
}

}  // namespace lapidary::gui
