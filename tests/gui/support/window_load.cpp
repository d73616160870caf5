#include "tests/gui/support/window_load.h"

#include <QEvent>

#include "gui/history/history_store.h"

namespace lapidary::test {
namespace {

constexpr int kTickMs = 2;
constexpr const char* kWords[] = {"The ", "picture ", "shows ",   "**two** ", "rings ",
                                  "and ", "`code`, ", "nothing ", "else.\n\n"};

}  // namespace

void writeLongChat(const QString& dataFolder, int messages) {
    gui::HistoryStore store(dataFolder);
    const QString id = store.create(QStringLiteral("A long one"), {}, QStringLiteral("demo"));
    for (int i = 1; i <= messages; ++i) {
        gui::Message message;
        message.id = i;
        message.parent = i - 1;
        message.role = i % 2 == 1 ? gui::Role::User : gui::Role::Assistant;
        message.append(QStringLiteral("Message %1. ").arg(i) +
                       QStringLiteral("It has **some** words to read. ").repeated(i % 2 == 1 ? 1 : 1 + i * 7 % 40));
        store.storeMessage(id, message);
    }
    store.setLeaf(id, messages);
}

TokenStream::TokenStream(FakeEngine& engine, std::int64_t request, int perSecond)
    : m_engine(engine), m_request(request), m_perSecond(perSecond) {
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, &TokenStream::sendDue);
    m_since.start();
    m_timer.start(kTickMs);
}

void TokenStream::sendDue() {
    const auto due = static_cast<int>(seconds() * m_perSecond);
    for (; m_sent < due; ++m_sent)
        m_engine.deliver(m_request, protocol::TokenEvent{m_sent, kWords[m_sent % std::size(kWords)], std::nullopt, {}});
}

void TokenStream::end() {
    m_timer.stop();
    protocol::DoneEvent done;
    done.finishReason = "end";
    done.generatedTokens = m_sent;
    m_engine.deliver(m_request, done);
}

RepaintCounter::RepaintCounter(QWidget& widget) : m_widget(widget) {
    widget.installEventFilter(this);
    widget.window()->installEventFilter(this);
}

bool RepaintCounter::eventFilter(QObject* watched, QEvent* event) {
    if (watched == &m_widget && event->type() == QEvent::Paint) ++m_ofWidget;
    if (watched == m_widget.window() && event->type() == QEvent::UpdateRequest) ++m_ofWindow;
    return false;
}

}  // namespace lapidary::test
