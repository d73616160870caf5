// What the window costs, run by hand: time to the first paint, a conversation of 5,000 messages, an answer of 200 tokens a second.
// Without a screen (offscreen), with a scripted engine: the window alone is measured, painting included.
#include <sys/resource.h>

#include <QApplication>
#include <QElapsedTimer>
#include <QListView>
#include <QProcess>
#include <QScrollBar>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>
#include <cstdio>
#include <vector>

#include "gui/chat_widgets/markdown_view.h"
#include "gui/chat_widgets/message_list_view.h"
#include "gui/window/event_loop_watch.h"
#include "gui/window/main_window.h"
#include "tests/gui/support/window_load.h"

namespace {

using namespace lapidary;
using gui::EventLoopWatch;

constexpr int kStarts = 10;
constexpr int kMessages = 5000;
constexpr int kTokensPerSecond = 200;
constexpr int kStreamSeconds = 10;

double cpuSeconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Bench {
    Bench() : settings(folder.filePath("window.ini"), QSettings::IniFormat) {}
    void open() {
        window = std::make_unique<gui::MainWindow>(engine, settings, folder.filePath("data"), QStringLiteral("/nonexistent"));
        window->show();
        if (!QTest::qWaitForWindowExposed(window.get())) std::puts("the window is not shown");
    }
    [[nodiscard]] gui::MessageListView& messages() const { return *window->findChild<gui::MessageListView*>(); }

    QTemporaryDir folder;
    QSettings settings;
    test::FakeEngine engine;
    std::unique_ptr<gui::MainWindow> window;
};

// Says so once its window has been painted, and leaves.
class FirstPaint final : public QObject {
protected:
    bool eventFilter(QObject*, QEvent* event) override {
        if (event->type() != QEvent::Paint) return false;
        QMetaObject::invokeMethod(
            this,
            [] {
                std::puts("painted");
                std::fflush(stdout);
                std::_Exit(0);
            },
            Qt::QueuedConnection);
        return false;
    }
};

int start() {
    Bench bench;
    FirstPaint paint;
    bench.window = std::make_unique<gui::MainWindow>(bench.engine, bench.settings, bench.folder.filePath("data"),
                                                     QStringLiteral("/nonexistent"));
    bench.window->installEventFilter(&paint);
    bench.window->show();
    return QApplication::exec();
}

void benchStarts() {
    std::vector<qint64> times;
    for (int i = 0; i < kStarts + 1; ++i) {  // the first one warms up
        QProcess child;
        QElapsedTimer since;
        since.start();
        child.start(QApplication::applicationFilePath(), {QStringLiteral("--start")});
        child.waitForReadyRead(60'000);
        if (i > 0) times.push_back(since.elapsed());
        child.waitForFinished();
    }
    std::sort(times.begin(), times.end());
    std::printf("first paint: median of %d warm starts %lld ms (%lld to %lld)\n", kStarts, times[times.size() / 2],
                times.front(), times.back());
}

void benchLongChat(Bench& bench) {
    test::writeLongChat(bench.folder.filePath("data"), kMessages);
    bench.open();
    auto* const list = bench.window->findChild<QListView*>(QStringLiteral("historyList"));
    if (!QTest::qWaitFor([&] { return list->model()->rowCount() == 1; }, 60'000)) return;
    EventLoopWatch opening;
    QElapsedTimer since;
    since.start();
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(list->model()->index(0, 0)).center());
    if (!QTest::qWaitFor([&] { return bench.messages().topRow() > kMessages / 2; }, 60'000)) return;
    std::printf("%d messages: open after %lld ms, longest stall %lld ms\n", kMessages, since.elapsed(), opening.longestMs());
    QScrollBar& bar = *bench.messages().verticalScrollBar();
    EventLoopWatch scrolling;
    since.start();
    int pages = 0;
    for (; bar.value() > 0; ++pages) {
        bar.setValue(bar.value() - bar.pageStep());
        QTest::qWait(0);
    }
    std::printf("%d messages: scrolled end to end, %d pages, %.1f ms a page, longest stall %lld ms\n", kMessages, pages,
                static_cast<double>(since.elapsed()) / pages, scrolling.longestMs());
}

void benchStream(Bench& bench) {
    protocol::LoadedEvent loaded;
    loaded.model = "demo";
    loaded.context = 8192;
    loaded.chatTemplate = true;
    bench.engine.answer<protocol::LoadRequest>({loaded, protocol::DoneEvent()});
    bench.window->openModel(QStringLiteral("demo"));
    bench.engine.settle();
    auto* const edit = bench.window->findChild<QTextEdit*>(QStringLiteral("messageEdit"));
    edit->insertPlainText(QStringLiteral("Go on."));
    bench.window->findChild<QAction*>(QStringLiteral("sendAction"))->trigger();
    if (!QTest::qWaitFor([&] { return !bench.engine.requestsOf<protocol::ChatRequest>().empty(); }, 60'000)) return;
    bench.engine.settle();
    const std::int64_t request = bench.engine.requestsOf<protocol::ChatRequest>().back().first;
    // With its first word the answer gets the view that it goes on in.
    bench.engine.deliver(request, protocol::TokenEvent{0, "Well. ", std::nullopt, {}});
    QTest::qWait(200);
    gui::MessageWidget* const answer = bench.messages().messageAt(kMessages + 1);
    if (answer == nullptr) return;
    gui::MarkdownView* const text = answer->lastText();
    const test::RepaintCounter repaints(*text->viewport());
    EventLoopWatch watch;
    const double before = cpuSeconds();
    test::TokenStream stream(bench.engine, request, kTokensPerSecond);
    QTest::qWait(kStreamSeconds * 1000);
    const double seconds = stream.seconds();
    std::printf(
        "%d tokens/s for %.1f s: %.1f repaints of the text a second, %.1f of the window, %.0f %% of one core, longest stall "
        "%lld ms\n",
        kTokensPerSecond, seconds, repaints.ofWidget() / seconds, repaints.ofWindow() / seconds,
        100.0 * (cpuSeconds() - before) / seconds, watch.longestMs());
}

}  // namespace

int main(int argc, char** argv) {
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    QApplication::setStyle(QStringLiteral("fusion"));
    if (QApplication::arguments().contains(QStringLiteral("--start"))) return start();
    benchStarts();
    Bench bench;
    benchLongChat(bench);
    benchStream(bench);
    return 0;
}
