#include "gui/history_widgets/conversation_list_model.h"

#include <QDateTime>
#include <QLocale>
#include <algorithm>
#include <utility>

namespace lapidary::gui {
namespace {

constexpr int kDelayMs = 150;

QVariantList findsOf(const std::vector<TextRange>& ranges) {
    QVariantList found;
    for (const TextRange& range : ranges) found << range.begin << range.begin + range.length;
    return found;
}

}  // namespace

ConversationListModel::ConversationListModel(HistoryStore& store, QObject* parent)
    : QAbstractListModel(parent), m_store(store) {
    m_delay.setSingleShot(true);
    m_delay.setInterval(kDelayMs);
    connect(&m_delay, &QTimer::timeout, this, &ConversationListModel::refresh);
    connect(&store, &HistoryStore::listChanged, this, [this] { m_delay.start(); });
    connect(&store, &HistoryStore::statusChanged, this, [this] { m_delay.start(); });
    refresh();
}

int ConversationListModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant ConversationListModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    const Row& row = m_rows[static_cast<std::size_t>(index.row())];
    const QString title = row.title.isEmpty() ? tr("Untitled") : row.title;
    switch (role) {
        case Qt::DisplayRole: return row.pinned ? tr("%1 (pinned)").arg(title) : title;
        case Qt::EditRole: return row.title;
        case Qt::ToolTipRole:
            return row.snippet.isEmpty()
                       ? QLocale().toString(QDateTime::fromMSecsSinceEpoch(row.changedMs), QLocale::LongFormat)
                       : row.snippet;
        case Qt::AccessibleTextRole: return row.snippet.isEmpty() ? title : title + QStringLiteral(": ") + row.snippet;
        case IdRole: return row.id;
        case PinnedRole: return row.pinned;
        case SnippetRole: return row.snippet;
        case FindsRole: return findsOf(row.finds);
        case MessageRole: return static_cast<qint64>(row.message);
        case ChangedRole: return static_cast<qint64>(row.changedMs);
        default: return {};
    }
}

int ConversationListModel::rowOf(const QString& conversation, qint64 message) const {
    const auto isIt = [&](const Row& row) { return row.id == conversation && (message == 0 || row.message == message); };
    const auto found = std::find_if(m_rows.begin(), m_rows.end(), isIt);
    return found == m_rows.end() ? -1 : static_cast<int>(found - m_rows.begin());
}

std::optional<ConversationListModel::Known> ConversationListModel::known(const QString& conversation) const {
    const auto found = m_known.find(conversation);
    return found == m_known.end() ? std::nullopt : std::optional(found->second);
}

void ConversationListModel::search(const QString& query) {
    if (std::exchange(m_query, query.trimmed()) == m_query) return;
    m_delay.start();
}

void ConversationListModel::refresh() {
    const int asked = ++m_asked;
    if (m_query.isEmpty()) {
        m_store.list(this, [this, asked](Result<std::vector<ConversationInfo>> result) {
            if (asked != m_asked) return;
            m_problem = result ? QString() : QString::fromStdString(result.error().toString());
            std::vector<Row> rows;
            m_known.clear();
            if (result) {
                rows.reserve(result->size());
                for (const ConversationInfo& info : *result) {
                    rows.push_back({info.id, info.title, {}, {}, 0, info.pinned, info.changedMs});
                    m_known[info.id] = {info.title, info.pinned};
                }
            }
            setRows(std::move(rows));
        });
        return;
    }
    m_store.search(m_query, this, [this, asked](Result<std::vector<SearchHit>> result) {
        if (asked != m_asked) return;
        m_problem = result ? QString() : QString::fromStdString(result.error().toString());
        std::vector<Row> rows;
        if (result) {
            rows.reserve(result->size());
            for (const SearchHit& hit : *result)
                rows.push_back({hit.conversation, hit.title, hit.snippet, hit.finds, hit.message, false, 0});
        }
        setRows(std::move(rows));
    });
}

void ConversationListModel::setRows(std::vector<Row> rows) {
    if (rows != m_rows) {
        beginResetModel();
        m_rows = std::move(rows);
        endResetModel();
    }
    emit refreshed();
}

}  // namespace lapidary::gui
