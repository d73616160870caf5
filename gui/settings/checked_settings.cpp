#include "gui/settings/checked_settings.h"

#include <QFile>

namespace lapidary::gui {

int wholeSetting(QSettings& settings, const QString& key, int low, int high, int standard) {
    if (!settings.contains(key)) return standard;
    bool isNumber = false;
    const int value = settings.value(key).toInt(&isNumber);
    if (isNumber && value >= low && value <= high) return value;
    resetSetting(settings, key);
    return standard;
}

void resetSetting(QSettings& settings, const QString& key) {
    settings.setValue(QStringLiteral("reset/") + key, settings.value(key));
    settings.remove(key);
}

QString putDamagedSettingsAside(const QString& path) {
    if (!QFile::exists(path)) return {};
    const QSettings settings(path, QSettings::IniFormat);
    settings.allKeys();  // sections are read once something of them is asked for
    if (settings.status() == QSettings::NoError) return {};
    const QString aside = path + QStringLiteral(".damaged");
    QFile::remove(aside);
    return QFile::rename(path, aside) ? aside : QString();
}

}  // namespace lapidary::gui
