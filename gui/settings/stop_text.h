// Stop strings in one line, as a person writes them: bars between them; \n is a new line, \| a bar and \\ a backslash.
#pragma once

#include <QString>
#include <QStringList>

namespace lapidary::gui {

// stopsOf(stopText(stops)) == stops, but for empty ones, which stop nothing.
[[nodiscard]] QString stopText(const QStringList& stops);
// A backslash before anything else stands for itself.
[[nodiscard]] QStringList stopsOf(const QString& text);

}  // namespace lapidary::gui
