#include "gui/settings/stop_text.h"

namespace lapidary::gui {
namespace {

constexpr QLatin1Char kBar('|');
constexpr QLatin1Char kEscape('\\');
constexpr QLatin1Char kNewLine('n');

// What a backslash and this character stand for.
QString meantBy(QChar escaped) {
    if (escaped == kNewLine) return QStringLiteral("\n");
    if (escaped == kBar || escaped == kEscape) return escaped;
    return QString(kEscape) + escaped;
}

}  // namespace

QString stopText(const QStringList& stops) {
    QStringList shown;
    for (QString stop : stops) {
        stop.replace(kEscape, QStringLiteral("\\\\"));  // first: what follows brings backslashes of its own
        stop.replace(QLatin1Char('\n'), QStringLiteral("\\n"));
        stop.replace(kBar, QStringLiteral("\\|"));
        shown.append(stop);
    }
    return shown.join(kBar);
}

QStringList stopsOf(const QString& text) {
    QStringList stops{QString()};
    for (qsizetype i = 0; i < text.size(); ++i) {
        if (text[i] == kEscape && i + 1 < text.size())
            stops.back() += meantBy(text[++i]);
        else if (text[i] == kBar)
            stops.append(QString());
        else
            stops.back() += text[i];
    }
    stops.removeAll(QString());
    return stops;
}

}  // namespace lapidary::gui
