// What a person who cannot see or cannot use a mouse meets on a page: names, keys, the order of Tab.  Each question answers with
// sentences about what is wrong; empty where nothing is.
#pragma once

#include <QStringList>
#include <QWidget>
#include <vector>

namespace lapidary::test {

// Visible controls below `root`, itself included: what can be pressed, typed into, chosen from or focused.  Parts that Qt puts into
// its own widgets (the line of a spin box, the list of a combo box) are theirs, not controls.
std::vector<QWidget*> controlsOf(QWidget& root);

// Controls without an objectName, or without a name for assistive technology; items of lists that say nothing.
QStringList namelessControls(QWidget& root);
// Views that we paint ourselves, and pictures, that have no text for who cannot see them.
QStringList wordlessViews(QWidget& root);
// Buttons and fields that no key leads to.
QStringList unreachableControls(QWidget& root);
// Keys and mnemonics that two things want at the same time, in a window or in one of its menus.
QStringList clashingKeys(QWidget& root);
// Presses Tab until it has come round, then Shift+Tab all the way back.  Wrong is: a control that Tab does not reach, a way back that is
// another one, a step backwards (up in the same column, or to the left in the same line), a place that cannot be left, and a focus
// that is not to be seen.  The window must be active.
QStringList tabOrderFaults(QWidget& root);

// A control in a message: "QPushButton openModel “Open…”".
QString described(const QWidget& control);

}  // namespace lapidary::test
