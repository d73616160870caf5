// A conversation with everything that the view can show.
#pragma once

#include <QPixmap>

#include "gui/chat/conversation.h"
#include "gui/chat_widgets/thumbnails.h"

namespace lapidary::gui::test {

inline MessagePart textPart(const QString& text) { return {std::nullopt, text}; }

inline Message message(Role role, const QString& text) {
    Message made;
    made.role = role;
    if (!text.isEmpty()) made.parts.push_back(textPart(text));
    if (role == Role::Assistant) made.model = QStringLiteral("Gemma 3 4B it");
    return made;
}

// Thumbnails of one colour, there at once.
class FakeThumbnails final : public ThumbnailProvider {
public:
    [[nodiscard]] QPixmap thumbnail(const Picture& picture) override {
        if (missing) return {};
        QPixmap pixmap(static_cast<int>(picture.width) / 4 + 1, static_cast<int>(picture.height) / 4 + 1);
        pixmap.fill(QColor(0x3f7f6f));
        return pixmap;
    }
    bool missing = false;
};

inline void fillLong(Conversation& conversation, int count) {
    std::vector<Message> messages;
    for (int i = 1; i <= count; ++i) {
        Message one = message(i % 2 == 1 ? Role::User : Role::Assistant,
                              i % 2 == 1 ? QStringLiteral("Question %1?").arg(i)
                                         : QStringLiteral("Answer %1. ").arg(i) +
                                               QStringLiteral("It has **some** words to read. ").repeated(1 + i * 7 % 40));
        one.id = i;
        one.parent = i - 1;
        messages.push_back(one);
    }
    conversation.restore(messages, count);
}

}  // namespace lapidary::gui::test
