// The window never freezes: the longest time in which its event loop does nothing else stays below a second, whatever it is loaded with.
// Times by themselves are `bench_window`'s.
#include <sched.h>

#include <QListView>
#include <QScrollBar>
#include <QThread>
#include <stop_token>
#include <thread>
#include <vector>

#include "gui/chat_widgets/markdown_view.h"
#include "gui/chat_widgets/message_list_view.h"
#include "gui/history_widgets/conversation_list_model.h"
#include "gui/window/event_loop_watch.h"
#include "tests/gui/support/picture_script.h"
#include "tests/gui/support/window_load.h"
#include "tests/gui/window/window_fixture.h"

namespace lapidary::gui::test {
namespace {

constexpr qint64 kLongestStallMs = 1000;
constexpr int kMessages = 5000;
constexpr int kPagesAtOnce = 8;
constexpr int kTokensPerSecond = 200;
constexpr double kStreamSeconds = 4.0;
constexpr double kMostRepaints = 30.0;  // a second

class WindowStall : public WindowTest {
protected:
    void openLongChat() {
        lapidary::test::writeLongChat(dataFolder(), kMessages);
        open();
        auto* const list = find<QListView>("historyList");
        ASSERT_TRUE(waitFor([&] { return list->model()->rowCount() == 1; }));
        EventLoopWatch watch;
        QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(list->model()->index(0, 0)).center());
        ASSERT_TRUE(waitFor([&] { return messages().isVisible() && messages().topRow() > kMessages / 2; }));
        QTest::qWait(100);  // and what it led to
        EXPECT_LT(watch.longestOwnMs(), kLongestStallMs);
        EXPECT_GT(watch.ticks(), 10);
    }
    [[nodiscard]] MarkdownView* answerText() const {
        MessageWidget* const answer = messages().messageAt(kMessages + 1);
        return answer == nullptr ? nullptr : answer->lastText();
    }
    [[nodiscard]] MessageListView& messages() const { return *find<MessageListView>("messageList"); }
};

TEST_F(WindowStall, ALongConversationOpensAndScrollsFromEndToEnd) {
    openLongChat();
    QScrollBar& bar = *messages().verticalScrollBar();
    EventLoopWatch watch;
    int steps = 0;
    while (bar.value() > 0) {
        bar.setValue(bar.value() - kPagesAtOnce * bar.pageStep());
        QTest::qWait(0);
        ++steps;
    }
    EXPECT_EQ(messages().topRow(), 0);
    bar.setValue(bar.maximum());
    QTest::qWait(0);
    EXPECT_TRUE(messages().isAtEnd());
    EXPECT_GT(steps, 50);
    EXPECT_LT(watch.longestOwnMs(), kLongestStallMs);
}

TEST_F(WindowStall, AFastAnswerIsPaintedThirtyTimesASecondAtMost) {
    openLongChat();
    loadModel();
    ask(QStringLiteral("Go on."));  // and no answer by itself
    const std::int64_t request = engine.requestsOf<protocol::ChatRequest>().back().first;
    // With its first word the answer gets the view that it goes on in.
    engine.deliver(request, protocol::TokenEvent{0, "Well. ", std::nullopt, {}});
    ASSERT_TRUE(
        waitFor([&] { return answerText() != nullptr && answerText()->toPlainText().contains(QStringLiteral("Well")); }));
    MarkdownView* const text = answerText();
    EventLoopWatch watch;
    lapidary::test::TokenStream stream(engine, request, kTokensPerSecond);
    const lapidary::test::RepaintCounter repaints(*text->viewport());
    QTest::qWait(static_cast<int>(kStreamSeconds * 1000.0));
    const double seconds = stream.seconds();
    EXPECT_LE(repaints.ofWidget(), static_cast<int>(kMostRepaints * seconds));
    EXPECT_LE(repaints.ofWindow(),
              static_cast<int>(kMostRepaints * seconds) + static_cast<int>(3 * seconds));  // the text cursor blinks
    EXPECT_GE(repaints.ofWidget(), static_cast<int>(5.0 * seconds));  // and it does stream
    EXPECT_GE(stream.sent(), static_cast<int>(0.9 * kTokensPerSecond * kStreamSeconds));
    stream.end();
    QTest::qWait(200);  // for the last update
    EXPECT_LT(watch.longestOwnMs(), kLongestStallMs);
    EXPECT_EQ(text->toPlainText().count(QStringLiteral("picture")), (stream.sent() + 7) / 9);  // no word is lost
}

TEST_F(WindowStall, TwoHundredPicturesAtOnce) {
    open();
    loadModel();
    lapidary::test::scriptPictures(engine, 640, 256);  // the files themselves are another process's work
    QStringList pictures;
    for (int i = 0; i < 200; ++i) pictures.append(file(QStringLiteral("rings.png")));
    EventLoopWatch watch;
    window->addPictures(pictures);
    engine.settle();
    QTest::qWait(100);
    EXPECT_LT(watch.longestOwnMs(), kLongestStallMs);
    EXPECT_EQ(find<QListView>("pictureList")->model()->rowCount(), 200);
}

// What these tests stand on: a loop that does not come back is noticed.
TEST(EventLoopWatchItself, MeasuresALoopThatDoesNotComeBack) {
    EventLoopWatch watch;
    EXPECT_TRUE(QTest::qWaitFor([&] { return watch.ticks() > 5; }));
    QElapsedTimer busy;
    busy.start();
    while (!busy.hasExpired(120)) {
    }
    EXPECT_GE(watch.longestMs(), 120);
    QTest::qWait(20);
    EXPECT_GE(watch.longestMs(), 120);
    EXPECT_LE(watch.longestOwnMs(), watch.longestMs());
}

// A thread that sleeps has itself to blame for what it does not do.
TEST(EventLoopWatchItself, ASleepIsItsOwn) {
    EventLoopWatch watch;
    QThread::msleep(120);
    EXPECT_GE(watch.longestOwnMs(), 100);
}

// Four threads share one processor: three quarters of the time are not the loop's own.
TEST(EventLoopWatchItself, TimeOfOtherProgramsIsNotItsOwn) {
    cpu_set_t before;
    ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
        if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
    }
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    {
        std::vector<std::jthread> others;
        for (int i = 0; i < 3; ++i) {
            others.emplace_back([](const std::stop_token& stop) {
                while (!stop.stop_requested()) {
                }
            });
        }
        EventLoopWatch watch;
        QElapsedTimer busy;
        busy.start();
        while (!busy.hasExpired(400)) {
        }
        EXPECT_GE(watch.longestMs(), 400);
        EXPECT_LT(watch.longestOwnMs(), watch.longestMs() * 3 / 4) << watch.longestMs();
    }
    EXPECT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
}

}  // namespace
}  // namespace lapidary::gui::test
