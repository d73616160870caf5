// The window itself in Turkish: what it shows went through its translator, and keys of a menu are told apart.
#include <gtest/gtest.h>

#include <QAbstractButton>
#include <QAction>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QSet>
#include <QSettings>
#include <QTabWidget>
#include <QTemporaryDir>

#include "gui/window/main_window.h"
#include "tests/gui/translations/spoken.h"
#include "tests/gui/translations/ts_file.h"
#include "tests/support/fake_engine.h"

namespace lapidary::gui {
namespace {

struct TurkishWindow {
    TurkishWindow() : settings(folder.filePath("window.ini"), QSettings::IniFormat) {
        window.emplace(engine, settings, folder.path(), "/bin/false");
        window->show();
    }

    test::Spoken spoken{QStringLiteral("tr")};
    QTemporaryDir folder;
    QSettings settings;
    test::FakeEngine engine;
    std::optional<MainWindow> window;
};

QStringList textsOf(const QWidget& window) {
    QStringList texts;
    for (const QWidget* widget : window.findChildren<QWidget*>())
        texts << widget->windowTitle() << widget->toolTip() << widget->accessibleName() << widget->accessibleDescription();
    for (const QLabel* label : window.findChildren<QLabel*>()) texts << label->text();
    for (const QAbstractButton* button : window.findChildren<QAbstractButton*>()) texts << button->text();
    for (const QAction* action : window.findChildren<QAction*>()) texts << action->text() << action->toolTip();
    for (const QLineEdit* edit : window.findChildren<QLineEdit*>()) texts << edit->placeholderText();
    for (const QTabWidget* tabs : window.findChildren<QTabWidget*>()) {
        for (int tab = 0; tab < tabs->count(); ++tab) texts << tabs->tabText(tab);
    }
    for (const QComboBox* box : window.findChildren<QComboBox*>()) {
        for (int item = 0; item < box->count(); ++item) texts << box->itemText(item);
    }
    texts.removeAll(QString());
    return texts;
}

TEST(TurkishWindow, ShowsNoEnglishSentence) {
    const TurkishWindow turkish;
    QSet<QString> english;
    int translated = 0;
    const auto messages = test::readTs(QStringLiteral(LAPIDARY_SOURCES "/translations/lapidary_tr.ts"));
    QSet<QString> own;
    for (const test::TsMessage& message : messages) {
        own.insert(message.translations.front());
        if (message.translations.front() != message.source) english.insert(message.source);
    }
    for (const QString& text : textsOf(*turkish.window)) {
        EXPECT_FALSE(english.contains(text) && !own.contains(text)) << text.toStdString();
        translated += own.contains(text) ? 1 : 0;
    }
    EXPECT_GT(translated, 100);
}

TEST(TurkishWindow, HasEachMnemonicOnceInAMenu) {
    const TurkishWindow turkish;
    QList<QList<QAction*>> menus{turkish.window->menuBar()->actions()};
    for (const QMenu* menu : turkish.window->findChildren<QMenu*>()) menus.append(menu->actions());
    ASSERT_GE(menus.size(), 6);
    int mnemonics = 0;
    for (const QList<QAction*>& menu : menus) {
        QSet<QString> keys;
        for (const QAction* action : menu) {
            const QString key = QKeySequence::mnemonic(action->text()).toString();
            if (key.isEmpty()) continue;
            ++mnemonics;
            EXPECT_FALSE(keys.contains(key)) << action->text().toStdString();
            keys.insert(key);
        }
    }
    EXPECT_GE(mnemonics, 15);
}

}  // namespace
}  // namespace lapidary::gui
