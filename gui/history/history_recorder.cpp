#include "gui/history/history_recorder.h"

#include <utility>

#include "gui/chat/conversation.h"
#include "gui/history/history_store.h"

namespace lapidary::gui {

HistoryRecorder::HistoryRecorder(Conversation& conversation, HistoryStore& history, QString id, QObject* parent)
    : QObject(parent), m_id(std::move(id)) {
    connect(&conversation, &Conversation::stored, this,
            [this, &history](const Message& message) { history.storeMessage(m_id, message); });
    connect(&conversation, &Conversation::streamed, this,
            [this, &history](qint64 message, const QString& text, const QVector<AnswerToken>& tokens) {
                history.appendText(m_id, message, text, tokens);
            });
    connect(&conversation, &Conversation::removed, this,
            [this, &history](const QVector<qint64>& messages) { history.removeMessages(m_id, messages); });
    connect(&conversation, &Conversation::leafChanged, this, [this, &history](qint64 leaf) { history.setLeaf(m_id, leaf); });
}

}  // namespace lapidary::gui
