#include "gui/history/history_text.h"

#include "gui/chat/message.h"

namespace lapidary::gui {

Error failure(ErrorCode code, const QString& sentence) { return {code, sentence.toStdString(), {}}; }

QString sentenceOf(const Error& error) { return QString::fromStdString(error.toString()); }

QString speakerOf(const Message& message) {
    if (message.role == Role::User) return HistoryText::tr("You");
    return message.model.isEmpty() ? HistoryText::tr("Model") : message.model;
}

}  // namespace lapidary::gui
