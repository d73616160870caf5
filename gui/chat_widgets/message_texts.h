// The sentences about a message: who wrote it, how it ended, its figures, what a screen reader calls it.
#pragma once

#include <QCoreApplication>
#include <QString>

#include "gui/chat/message.h"

namespace lapidary::gui {

class MessageTexts {
    Q_DECLARE_TR_FUNCTIONS(lapidary::gui::MessageTexts)

public:
    [[nodiscard]] static QString author(const Message& message);
    // "2 of 3"; `index` from 0.
    [[nodiscard]] static QString branch(int index, int count);
    // Speed, time to the first token, tokens, what was reused; empty where nothing was measured.
    [[nodiscard]] static QString figures(const AnswerFigures& figures);
    // How it ended where it did not end well; empty otherwise.
    [[nodiscard]] static QString notice(const Message& message);
    [[nodiscard]] static QString picture(const Picture& picture);
    // "Message 3 of 8, from you: What is …"; `row` from 0.
    [[nodiscard]] static QString accessibleName(const Message& message, int row, int count);
};

}  // namespace lapidary::gui
