// Settings as they come from the disk: a person, another program or a failing disk may have changed them.  What cannot be used costs that
// one item: it is as at the first start again, and a copy of it is kept under "reset/" (fault 60).
#pragma once

#include <QSettings>
#include <QString>

namespace lapidary::gui {

// A whole number from `low` to `high`; else the item is reset, and the answer is `standard`.
int wholeSetting(QSettings& settings, const QString& key, int low, int high, int standard = 0);
// Takes the item away, keeps a copy.
void resetSetting(QSettings& settings, const QString& key);
// Before there is a window: a file that is no settings file at all, or cannot be read as one, is put aside as `<path>.damaged`, so that
// new settings can be written.  Its new path; empty where nothing was wrong.
QString putDamagedSettingsAside(const QString& path);

}  // namespace lapidary::gui
