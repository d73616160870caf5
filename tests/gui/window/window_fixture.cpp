#include "tests/gui/window/window_fixture.h"

#include <QAbstractButton>
#include <QDragEnterEvent>
#include <QFile>
#include <QImage>
#include <QLabel>
#include <QTextEdit>

#include "tests/gui/support/picture_script.h"

namespace lapidary::gui::test {
namespace {

// What the window asks of the command line: which models there are, and what is in one.
constexpr const char* kProgram = R"(#!/bin/sh
case "$1" in
  model) echo '[{"id":"google/gemma-3-4b-it","path":"/models/gemma-3-4b-it","bytes":8600000000,"complete":true},
                {"id":"google/gemma-3-1b-it","path":"/models/gemma-3-1b-it","bytes":1000000,"complete":false}]' ;;
  inspect) echo '{"parts":{"total":{"parameters":4300079472},"vision":{"parameters":416866032}},"formats":["BF16"],
                  "config":{"text_config":{"max_position_embeddings":131072}}}' ;;
  *) exit 1 ;;
esac
)";

constexpr const char* kAnswer = R"(# An answer

The picture shows **two** rings; see [the page](https://example.org/rings).

| shape | colour |
| --- | --- |
| ring | red |

> A quoted line.

```cpp
int rings = 2;  // counted
```
)";

}  // namespace

QString writePicture(const QString& path, const QSize& size) {
    QImage image(size, QImage::Format_RGB32);
    image.fill(QColor(0x3f7f6f));
    image.save(path, "png");
    return path;
}

WindowTest::WindowTest() : m_palette(QApplication::palette()), m_font(QApplication::font()) {
    m_dir.write("lapidary", kProgram);
    QFile(file(QStringLiteral("lapidary"))).setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    lapidary::test::scriptPicture(engine, writePicture(file(QStringLiteral("rings.png")), {640, 256}).toStdString(),
                                  folder().toStdString());
    engine.always<protocol::ForecastRequest>(lapidary::test::FakeEngine::Events{
        protocol::ForecastEvent{
            {{"language weights", 7'800'000'000}, {"kv cache", 400'000'000}}, 8'200'000'000, 16'000'000'000, 8192, "cpu"},
        protocol::DoneEvent()});
}

WindowTest::~WindowTest() {
    close();
    QApplication::setPalette(m_palette);
    QApplication::setFont(m_font);
}

void WindowTest::open(EngineApi& api) {
    settings = std::make_unique<QSettings>(settingsFile(), QSettings::IniFormat);
    window = std::make_unique<MainWindow>(api, *settings, dataFolder(), file(QStringLiteral("lapidary")));
    window->show();
    window->activateWindow();
    QApplication::setActiveWindow(window.get());
    ASSERT_TRUE(QTest::qWaitForWindowActive(window.get()));
}

void WindowTest::close() {
    if (!window) return;
    window->close();
    window.reset();
    settings.reset();
}

void WindowTest::loadModel(bool vision) {
    protocol::LoadedEvent loaded;
    loaded.model = vision ? "demo" : "google/gemma-3-1b-it";
    loaded.context = 8192;
    loaded.vision = vision;
    loaded.chatTemplate = true;
    loaded.device = "cpu";
    engine.answer<protocol::LoadRequest>({loaded, protocol::DoneEvent()});
    window->openModel(QString::fromStdString(loaded.model));
    engine.settle();
}

void WindowTest::ask(const QString& text) {
    const std::size_t before = engine.requestsOf<protocol::ChatRequest>().size();
    type(text);
    click("sendButton");
    // Pictures are put into the store first.
    ASSERT_TRUE(waitFor([&] { return engine.requestsOf<protocol::ChatRequest>().size() > before; }));
    engine.settle();
}

void WindowTest::converse() {
    protocol::DoneEvent done;
    done.finishReason = "end";
    done.promptTokens = 300;
    done.generatedTokens = 60;
    done.decodeSeconds = 2.0;
    const auto token = [](const char* text) { return protocol::TokenEvent{7, text, std::nullopt, {}}; };
    engine.answer<protocol::ChatRequest>({token(kAnswer), done});
    window->addPictures({file(QStringLiteral("rings.png"))});
    engine.settle();
    ask(QStringLiteral("How many rings are there?"));
    done.finishReason = "length";
    engine.answer<protocol::ChatRequest>({token("There are "), token("many"), done});
    ask(QStringLiteral("And how many <b>squares</b>?"));
    engine.answer<protocol::ChatRequest>(
        {protocol::ErrorEvent{"out_of_memory", "not enough memory (2 GiB were asked for)", {}}});
    ask(QStringLiteral("What else?"));
}

void WindowTest::click(const char* button) const {
    QAbstractButton* found = nullptr;
    for (auto* const each : window->findChildren<QAbstractButton*>(QLatin1String(button))) {
        if (each->isVisible()) found = each;
    }
    if (found == nullptr || !found->isEnabled()) throw std::runtime_error(std::string(button) + " cannot be pressed");
    QTest::mouseClick(found, Qt::LeftButton);
}

void WindowTest::drop(QWidget& onto, QMimeData& data) {
    const QPoint at(5, 5);
    QDragEnterEvent enter(at, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&onto, &enter);
    EXPECT_TRUE(enter.isAccepted());
    QDropEvent event(at, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&onto, &event);
}

QString WindowTest::textOf(const char* label) const {
    auto* const found = find<QLabel>(label);
    return found->isVisible() ? found->text() : QString();
}

void WindowTest::type(const QString& text) const {
    auto* const edit = find<QTextEdit>("messageEdit");
    edit->setFocus();
    edit->insertPlainText(text);
}

QWidget* WindowTest::dialog(const char* name) const {
    QWidget* found = nullptr;
    const bool came = waitFor([&] {
        for (QWidget* top : QApplication::topLevelWidgets()) {
            if (top->isVisible() && top->objectName() == QLatin1String(name)) found = top;
        }
        return found != nullptr;
    });
    if (!came) throw std::runtime_error(std::string("no dialog ") + name);
    found->activateWindow();
    QApplication::setActiveWindow(found);
    EXPECT_TRUE(QTest::qWaitForWindowActive(found));
    return found;
}

}  // namespace lapidary::gui::test
