// Sentences of functions that belong to no class, and errors made of them.
#pragma once

#include <QCoreApplication>
#include <QString>

#include "core/shared/base/error.h"

namespace lapidary::gui {

struct HistoryText {
    Q_DECLARE_TR_FUNCTIONS(lapidary::gui::HistoryText)
};

[[nodiscard]] Error failure(ErrorCode code, const QString& sentence);
[[nodiscard]] QString sentenceOf(const Error& error);

// "You", or the model that answered.
struct Message;
[[nodiscard]] QString speakerOf(const Message& message);

}  // namespace lapidary::gui
