// A language for as long as this lives.
#pragma once

#include <QCoreApplication>
#include <QLocale>
#include <QTranslator>

#include "gui/window/languages.h"

namespace lapidary::test {

class Spoken {
public:
    explicit Spoken(const QString& language) { gui::speak(*QCoreApplication::instance(), language); }
    ~Spoken() {
        for (QTranslator* translator : QCoreApplication::instance()->findChildren<QTranslator*>()) {
            QCoreApplication::removeTranslator(translator);
            delete translator;
        }
        QLocale::setDefault(m_before);
    }
    Spoken(const Spoken&) = delete;
    Spoken& operator=(const Spoken&) = delete;

private:
    QLocale m_before;
};

}  // namespace lapidary::test
