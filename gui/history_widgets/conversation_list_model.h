// The conversations of the history, or what a search found in them, as rows.  Lives on the main thread.
#pragma once

#include <QAbstractListModel>
#include <QTimer>
#include <map>
#include <optional>
#include <vector>

#include "gui/history/history_store.h"

namespace lapidary::gui {

class ConversationListModel final : public QAbstractListModel {
    Q_OBJECT

public:
    // FindsRole: begin and end of each find in the snippet, one after the other.
    enum Roles { IdRole = Qt::UserRole, PinnedRole, SnippetRole, FindsRole, MessageRole, ChangedRole };

    explicit ConversationListModel(HistoryStore& store, QObject* parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    // -1: it is not in the list.  `message`: of a hit; 0: any of that conversation.
    [[nodiscard]] int rowOf(const QString& conversation, qint64 message = 0) const;
    // What the list said last about it, also while a search shows others.  None: it was in no list yet.
    struct Known {
        QString title;
        bool pinned = false;
    };
    [[nodiscard]] std::optional<Known> known(const QString& conversation) const;
    [[nodiscard]] bool isSearching() const { return !m_query.isEmpty(); }
    [[nodiscard]] const QString& problem() const { return m_problem; }

    // Empty: all conversations, pinned first, newest first.
    void search(const QString& query);
    void refresh();

signals:
    void refreshed();

private:
    struct Row {
        QString id;
        QString title;
        QString snippet;
        std::vector<TextRange> finds;  // in the snippet
        std::int64_t message = 0;
        bool pinned = false;
        std::int64_t changedMs = 0;
        bool operator==(const Row&) const = default;
    };
    void setRows(std::vector<Row> rows);

    HistoryStore& m_store;
    QString m_query;
    QString m_problem;
    std::vector<Row> m_rows;
    std::map<QString, Known> m_known;
    int m_asked = 0;  // answers to older questions are dropped
    QTimer m_delay;
};

}  // namespace lapidary::gui
