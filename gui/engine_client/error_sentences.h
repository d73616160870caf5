// Errors of the core in a person's words.  The core speaks English; the window says what an error's code means in its own language and
// shows the original beneath.  QtCore only; from any thread.
#pragma once

#include <QString>
#include <string>

#include "core/shared/base/error.h"

namespace lapidary::protocol {
struct ErrorEvent;
}

namespace lapidary::gui {

[[nodiscard]] QString errorSentence(ErrorCode code);
// By the name that events carry ("out_of_memory"); a name that is not known is an internal error's.
[[nodiscard]] QString errorSentence(const std::string& code);
// The same, and where a prompt is too long for the context both figures and what to change.
[[nodiscard]] QString errorSentence(const protocol::ErrorEvent& error);
// Of a verb that ended with this code, which tells less (README, "Exit codes"); -1: it did not start, or was killed.
[[nodiscard]] QString exitSentence(int exitCode);
// The sentence, and on a line of its own the original.
[[nodiscard]] QString withOriginal(const QString& sentence, const QString& original);

}  // namespace lapidary::gui
