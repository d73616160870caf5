#include "gui/chat/message.h"

namespace lapidary::gui {

QString Message::text() const {
    QStringList texts;
    for (const MessagePart& part : parts) {
        if (!part.picture && !part.text.isEmpty()) texts.append(part.text);
    }
    return texts.join(QStringLiteral("\n\n"));
}

std::vector<Picture> Message::pictures() const {
    std::vector<Picture> found;
    for (const MessagePart& part : parts) {
        if (part.picture) found.push_back(*part.picture);
    }
    return found;
}

void Message::append(const QString& more) {
    if (more.isEmpty()) return;
    if (parts.empty() || parts.back().picture) parts.emplace_back();
    parts.back().text += more;
}

}  // namespace lapidary::gui
