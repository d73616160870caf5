// Writes a conversation down as it changes.  Lives on the main thread, as long as the conversation is open.
#pragma once

#include <QObject>
#include <QString>

namespace lapidary::gui {

class Conversation;
class HistoryStore;

class HistoryRecorder final : public QObject {
    Q_OBJECT

public:
    // `id`: from HistoryStore::create or its list.  Conversation and history outlive this.
    HistoryRecorder(Conversation& conversation, HistoryStore& history, QString id, QObject* parent = nullptr);

    [[nodiscard]] const QString& id() const { return m_id; }

private:
    QString m_id;
};

}  // namespace lapidary::gui
