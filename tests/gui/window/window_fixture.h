// The whole window without a screen: a FakeEngine, a data folder and settings of its own, and a `lapidary` that answers two verbs.
#pragma once

#include <gtest/gtest.h>

#include <QAction>
#include <QApplication>
#include <QSettings>
#include <QString>
#include <QTest>
#include <QWidget>
#include <memory>

#include "gui/window/main_window.h"
#include "tests/support/fake_engine.h"
#include "tests/support/temp_dir.h"

class QAbstractButton;

namespace lapidary::gui::test {

// A small picture file, of one colour.
QString writePicture(const QString& path, const QSize& size = {320, 200});

class WindowTest : public testing::Test {
protected:
    static constexpr int kPatienceMs = 20'000;  // a loaded machine is slow; nothing is measured by it

    WindowTest();
    ~WindowTest() override;

    // A start and an end of the window: folder, settings and engine stay.
    void open() { open(engine); }
    void open(EngineApi& api);
    void close();
    void loadModel(bool vision = true);
    void ask(const QString& text);
    // A conversation with everything that a page can show.
    void converse();

    [[nodiscard]] QString folder() const { return QString::fromStdString(m_dir.path().string()); }
    [[nodiscard]] QString dataFolder() const { return folder() + QStringLiteral("/data"); }
    [[nodiscard]] QString settingsFile() const { return folder() + QStringLiteral("/window.ini"); }
    [[nodiscard]] QString file(const QString& name) const { return folder() + QLatin1Char('/') + name; }

    template <class W>
    W* find(const char* name) const {
        W* const found = window->findChild<W*>(QLatin1String(name));
        if (found == nullptr) throw std::runtime_error(std::string("there is no ") + name);
        return found;
    }
    // The last one of that name that can be seen: every message has its own.
    void click(const char* button) const;
    static void drop(QWidget& onto, QMimeData& data);
    [[nodiscard]] QString textOf(const char* label) const;
    void type(const QString& text) const;
    // The dialog of that name, once it is there.
    [[nodiscard]] QWidget* dialog(const char* name) const;
    void trigger(const char* action) const { find<QAction>(action)->trigger(); }
    template <class Condition>
    static bool waitFor(const Condition& condition) {
        return QTest::qWaitFor(condition, kPatienceMs);
    }
    static void spin() { QTest::qWait(1); }

    lapidary::test::FakeEngine engine;
    std::unique_ptr<QSettings> settings;
    std::unique_ptr<MainWindow> window;

private:
    lapidary::test::TempDir m_dir;
    QPalette m_palette;
    QFont m_font;
};

}  // namespace lapidary::gui::test
