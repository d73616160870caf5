// The language of the window: its own sentences from the resource :/i18n (translations/), the buttons of Qt's dialogs from Qt.
#pragma once

#include <QCoreApplication>
#include <QString>

namespace lapidary::gui {

// `language` as "tr" or "en_GB"; empty: the system's.  Before the first widget is made.  A language that the window does not speak
// leaves it English, Qt's dialogs included, and keeps the numbers and dates of that language.
void speak(QCoreApplication& application, const QString& language);

}  // namespace lapidary::gui
