#include "gui/window/languages.h"

#include <QLibraryInfo>
#include <QLocale>
#include <QTranslator>

namespace lapidary::gui {
namespace {

const auto kFolder = QStringLiteral(":/i18n");

bool install(QCoreApplication& application, const QLocale& locale, const QString& name, const QString& folder) {
    auto* translator = new QTranslator(&application);
    const bool loaded = translator->load(locale, name, QStringLiteral("_"), folder);
    if (loaded) {
        QCoreApplication::installTranslator(translator);
    } else {
        delete translator;
    }
    return loaded;
}

}  // namespace

void speak(QCoreApplication& application, const QString& language) {
    const QLocale locale = language.isEmpty() ? QLocale() : QLocale(language);
    QLocale::setDefault(locale);
    const QString name = QStringLiteral("lapidary");
    // English holds plurals alone, and is beneath every other language.
    install(application, QLocale(QLocale::English), name, kFolder);
    if (!install(application, locale, name, kFolder)) return;
    install(application, locale, QStringLiteral("qtbase"), QLibraryInfo::path(QLibraryInfo::TranslationsPath));
}

}  // namespace lapidary::gui
