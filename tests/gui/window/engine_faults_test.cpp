// What the window does when its engine, a real process, comes to grief within an answer: a banner in plain words, one press to go on,
// and nothing that was typed is lost.
#include <QAbstractButton>
#include <QLabel>
#include <QPlainTextEdit>
#include <QTextEdit>

#include "gui/engine_client/engine_client.h"
#include "gui/window/engine_notices.h"
#include "tests/gui/window/window_fixture.h"

namespace lapidary::gui::test {
namespace {

class WindowAndEngine : public WindowTest {
protected:
    // The window with an engine that comes to grief so many times, and a question that it answers meanwhile.
    void begin(const char* how, int times = 1) {
        EngineCommand command;
        command.program = QStringLiteral(LAPIDARY_WINDOW_CHILD);
        command.arguments = {QLatin1String(how), QString::number(times), file(QStringLiteral("griefs"))};
        command.restartDelayMs = 1;
        command.pingIntervalMs = 50;
        command.silenceLimitMs = 2000;
        child = std::make_unique<EngineClient>(command);
        open(*child);
        child->start();
        window->openModel(QStringLiteral("demo"));
        ASSERT_TRUE(waitFor([&] { return find<QWidget>("chatPage")->isVisible(); }));
        type(QStringLiteral("Count to three."));
        click("sendButton");
        type(kDraft);
    }
    void TearDown() override {
        close();
        child.reset();
    }
    [[nodiscard]] bool isAnswered() const { return answer() == QStringLiteral("one two three"); }
    [[nodiscard]] QString answer() const {
        const auto texts = window->findChildren<QTextEdit*>(QStringLiteral("messageText"));
        return texts.size() < 2 ? QString() : texts.back()->toPlainText();
    }
    void expectBanner(const QString& word, const QString& action) {
        ASSERT_TRUE(waitFor([&] { return textOf("bannerText").contains(word); })) << textOf("bannerText").toStdString();
        EXPECT_EQ(find<QAbstractButton>("bannerAction")->text(), action);
        EXPECT_EQ(answer(), QStringLiteral("one two"));
        EXPECT_EQ(find<QTextEdit>("messageEdit")->toPlainText(), kDraft);
    }
    void goOn() {
        click("bannerAction");
        ASSERT_TRUE(waitFor([&] { return isAnswered(); })) << answer().toStdString();
        EXPECT_FALSE(find<QWidget>("banner")->isVisible());
        EXPECT_EQ(find<QTextEdit>("messageEdit")->toPlainText(), kDraft);
    }
    [[nodiscard]] QString log() const { return find<QPlainTextEdit>("logText")->toPlainText(); }

    const QString kDraft = QStringLiteral("and then to ten");
    const QString kGoOn = QStringLiteral("Start again and go on");
    std::unique_ptr<EngineClient> child;
};

TEST_F(WindowAndEngine, KilledInAnAnswer) {
    begin("killed");
    expectBanner(QStringLiteral("want of memory"), kGoOn);
    // Which figures were asked for, and what to change.
    EXPECT_TRUE(textOf("bannerText").contains(QStringLiteral("8,192 tokens"))) << textOf("bannerText").toStdString();
    EXPECT_TRUE(textOf("bannerText").contains(QStringLiteral("shorter context")));
    click("bannerMore");
    EXPECT_TRUE(textOf("bannerDetails").contains(QStringLiteral("about to killed")));
    goOn();
    EXPECT_TRUE(log().contains(QStringLiteral("about to killed")));
}

TEST_F(WindowAndEngine, CrashedInAnAnswer) {
    begin("crash");
    expectBanner(QStringLiteral("crashed"), kGoOn);
    goOn();
}

TEST_F(WindowAndEngine, EndedByItself) {
    begin("exit");
    expectBanner(QStringLiteral("code 4"), kGoOn);
    goOn();
}

TEST_F(WindowAndEngine, HangsInAnAnswer) {
    begin("hang");
    expectBanner(QStringLiteral("no sign of life"), kGoOn);
    goOn();
}

TEST_F(WindowAndEngine, GarbageCostsItsLinesAlone) {
    begin("garbage");
    ASSERT_TRUE(waitFor([&] { return isAnswered(); })) << answer().toStdString();
    EXPECT_FALSE(find<QWidget>("banner")->isVisible());
    EXPECT_EQ(log().count(QStringLiteral("unreadable line")), 4);
    EXPECT_EQ(find<QTextEdit>("messageEdit")->toPlainText(), kDraft);
}

TEST_F(WindowAndEngine, ALineWithoutAnEndCostsItselfAlone) {
    begin("long");
    ASSERT_TRUE(waitFor([&] { return isAnswered(); })) << answer().toStdString();
    EXPECT_FALSE(find<QWidget>("banner")->isVisible());
    EXPECT_TRUE(log().contains(QStringLiteral("more than 1 MiB")));
}

TEST_F(WindowAndEngine, OutOfMemoryNamesTheFigure) {
    begin("memory");
    ASSERT_TRUE(waitFor([&] { return textOf("bannerText").contains(QStringLiteral("32")); }))
        << textOf("bannerText").toStdString();
    EXPECT_TRUE(textOf("bannerText").contains(QStringLiteral("shorter context")));
    EXPECT_EQ(find<QTextEdit>("messageEdit")->toPlainText(), kDraft);
    // The engine lives: the answer goes on where it ended.
    click("continueMessage");
    EXPECT_TRUE(waitFor([&] { return isAnswered(); })) << answer().toStdString();
}

TEST_F(WindowAndEngine, ThreeDeathsInAMinuteEndTheRestarts) {
    begin("killed", 3);
    for (int death = 1; death <= 3; ++death) {
        ASSERT_TRUE(waitFor([&] { return find<QWidget>("banner")->isVisible(); }));
        EXPECT_TRUE(textOf("bannerText").contains(QStringLiteral("want of memory")));
        if (death == 3) break;
        ASSERT_TRUE(waitFor([&] { return child->state() == EngineState::Ready; }));  // started again by itself
        click("bannerAction");
    }
    EXPECT_TRUE(textOf("bannerText").contains(QStringLiteral("three times"))) << textOf("bannerText").toStdString();
    QTest::qWait(200);  // a restart would come after a millisecond
    EXPECT_EQ(child->state(), EngineState::Dead);
    goOn();  // what a person wishes counts anew
}

TEST_F(WindowAndEngine, Fault62_WhatIsWrongWithTheMachineIsSaid) {
    begin("exit", 0);
    EXPECT_TRUE(waitFor([&] { return log().contains(QStringLiteral("there is no driver")); })) << log().toStdString();
}

}  // namespace
}  // namespace lapidary::gui::test
