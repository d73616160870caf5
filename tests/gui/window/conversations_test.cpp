// Several conversations: which one is shown, and that it is that very one.
#include <QLabel>
#include <QListView>
#include <QTextEdit>

#include "gui/chat_widgets/message_list_view.h"
#include "tests/gui/window/window_fixture.h"

namespace lapidary::gui::test {
namespace {

using protocol::ChatRequest;
using protocol::DoneEvent;

protocol::TokenEvent token(const char* text) { return {1, text, std::nullopt, {}}; }

class WindowConversations : public WindowTest {
protected:
    void SetUp() override {
        open();
        loadModel();
    }
    [[nodiscard]] QListView& list() const { return *find<QListView>("historyList"); }
    [[nodiscard]] QModelIndex row(const QString& title) const {
        const QAbstractItemModel& model = *list().model();
        for (int at = 0; at < model.rowCount(); ++at) {
            if (model.index(at, 0).data(Qt::EditRole).toString() == title) return model.index(at, 0);
        }
        return {};
    }
    void waitForRow(const QString& title) const {
        ASSERT_TRUE(waitFor([&] { return row(title).isValid(); })) << title.toStdString();
    }
    void clickRow(const QString& title) const {
        waitForRow(title);
        QTest::mouseClick(list().viewport(), Qt::LeftButton, {}, list().visualRect(row(title)).center());
    }
    // What the page shows, first to last.
    [[nodiscard]] QStringList said() const {
        auto* const messages = find<MessageListView>("messageList");
        messages->updateNow();
        QStringList texts;
        for (int at = 0; const MessageWidget* const message = messages->messageAt(at); ++at) {
            for (const auto* text : message->findChildren<QTextEdit*>(QStringLiteral("messageText")))
                texts.append(text->toPlainText());
            const auto* notice = message->findChild<QLabel*>(QStringLiteral("messageNotice"));
            if (!notice->isHidden()) texts.append(notice->text());
        }
        return texts;
    }
    void expectSaid(const QStringList& texts) const {
        EXPECT_TRUE(waitFor([&] { return said() == texts; })) << said().join(QLatin1Char('|')).toStdString();
    }
    // A question that is answered at once, in a conversation of its own.
    void talk(const QString& question) {
        trigger("newChatAction");
        engine.answer<ChatRequest>({token("So."), DoneEvent()});
        ask(question);
        waitForRow(question);
    }
};

TEST_F(WindowConversations, OneThatIsLeftWhileItIsAnsweredIsStillThatOne) {
    talk(QStringLiteral("short"));
    trigger("newChatAction");
    ask(QStringLiteral("long"));  // the engine takes its time
    const std::int64_t asked = engine.requestsOf<ChatRequest>().back().first;
    engine.deliver(asked, token("One"));
    clickRow(QStringLiteral("short"));
    expectSaid({QStringLiteral("short"), QStringLiteral("So.")});
    engine.deliver(asked, token(" two"));
    clickRow(QStringLiteral("long"));
    expectSaid({QStringLiteral("long"), QStringLiteral("One two")});
    engine.deliver(asked, token(" three"));
    expectSaid({QStringLiteral("long"), QStringLiteral("One two three")});
    engine.deliver(asked, DoneEvent());
    // It was written once, as it was said.
    close();
    open();
    clickRow(QStringLiteral("long"));
    expectSaid({QStringLiteral("long"), QStringLiteral("One two three")});
}

}  // namespace
}  // namespace lapidary::gui::test
