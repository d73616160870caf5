// Several conversations: which one is shown, which one the list marks, which one the menu acts on.
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QListWidget>
#include <QSignalSpy>
#include <QTextEdit>

#include "gui/chat_widgets/message_list_view.h"
#include "gui/history_widgets/conversation_list_model.h"
#include "tests/gui/window/window_fixture.h"

namespace lapidary::gui::test {
namespace {

using protocol::ChatRequest;
using protocol::DoneEvent;
using Events = lapidary::test::FakeEngine::Events;

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
    // The title that is marked; empty: none.
    [[nodiscard]] QString marked() const {
        const QModelIndexList selected = list().selectionModel()->selectedIndexes();
        return selected.isEmpty() ? QString() : selected.front().data(Qt::EditRole).toString();
    }
    void expectMarked(const QString& title) const {
        EXPECT_TRUE(waitFor([&] { return marked() == title; })) << marked().toStdString();
        refreshList();
        EXPECT_EQ(marked(), title) << "after the list was read again";
    }
    void refreshList() const {
        auto& model = dynamic_cast<ConversationListModel&>(*list().model());
        QSignalSpy refreshed(&model, &ConversationListModel::refreshed);
        model.refresh();
        ASSERT_TRUE(waitFor([&] { return !refreshed.isEmpty(); }));
    }
    void search(const QString& words, int rows) {
        find<QLineEdit>("historySearch")->setText(words);
        ASSERT_TRUE(waitFor([&] { return list().model()->rowCount() == rows; })) << list().model()->rowCount();
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

TEST_F(WindowConversations, TheNextStartShowsWhatTheLastOneLeft) {
    for (const char* title : {"first", "second"}) talk(QLatin1String(title));
    clickRow(QStringLiteral("first"));
    expectSaid({QStringLiteral("first"), QStringLiteral("So.")});
    const auto startAgain = [this] {
        close();
        open();
        window->reopenConversation();
        loadModel();
    };
    startAgain();
    expectSaid({QStringLiteral("first"), QStringLiteral("So.")});
    expectMarked(QStringLiteral("first"));
    // It goes on where it stood.
    engine.answer<ChatRequest>({token("Well."), DoneEvent()});
    ask(QStringLiteral("again"));
    expectSaid({QStringLiteral("first"), QStringLiteral("So."), QStringLiteral("again"), QStringLiteral("Well.")});
    // A new one is new at the next start as well, and what is gone by then is no error.
    trigger("newChatAction");
    startAgain();
    waitForRow(QStringLiteral("second"));
    EXPECT_TRUE(said().isEmpty());
    settings->setValue(QStringLiteral("view/conversation"), QStringLiteral("gone"));
    startAgain();
    waitForRow(QStringLiteral("second"));
    EXPECT_TRUE(said().isEmpty());
    EXPECT_TRUE(textOf("bannerText").isEmpty()) << textOf("bannerText").toStdString();
}

TEST_F(WindowConversations, TheListMarksWhatIsShown) {
    for (const char* title : {"first", "second", "third"}) talk(QLatin1String(title));
    expectMarked(QStringLiteral("third"));
    clickRow(QStringLiteral("first"));
    expectSaid({QStringLiteral("first"), QStringLiteral("So.")});
    engine.answer<ChatRequest>({token("Well."), DoneEvent()});
    ask(QStringLiteral("again"));
    // It is the newest now: the list is another one.
    ASSERT_TRUE(waitFor([&] { return row(QStringLiteral("first")).row() == 0; }));
    expectMarked(QStringLiteral("first"));
    trigger("newChatAction");
    expectMarked({});
    clickRow(QStringLiteral("second"));
    expectSaid({QStringLiteral("second"), QStringLiteral("So.")});
    click("newChat");
    expectMarked({});
}

TEST_F(WindowConversations, TheMenuActsOnWhatIsShown) {
    for (const char* title : {"first", "second"}) talk(QLatin1String(title));
    expectMarked(QStringLiteral("second"));
    list().setCurrentIndex(row(QStringLiteral("first")));  // as the keys of arrows do it: not opened yet
    trigger("pinConversation");
    ASSERT_TRUE(waitFor([&] { return row(QStringLiteral("second")).data(ConversationListModel::PinnedRole).toBool(); }));
    EXPECT_FALSE(row(QStringLiteral("first")).data(ConversationListModel::PinnedRole).toBool());
    EXPECT_EQ(find<QAction>("pinConversation")->text(), QStringLiteral("Unpin"));
    list().setCurrentIndex(row(QStringLiteral("first")));
    trigger("deleteConversation");
    ASSERT_TRUE(waitFor([&] { return list().model()->rowCount() == 1; }));
    EXPECT_TRUE(row(QStringLiteral("first")).isValid());
    EXPECT_TRUE(said().isEmpty());
    for (const char* action : {"renameConversation", "pinConversation", "deleteConversation", "exportConversation"})
        EXPECT_FALSE(find<QAction>(action)->isEnabled()) << action << " without a conversation that it could act on";
    click("undoDelete");
    expectSaid({QStringLiteral("second"), QStringLiteral("So.")});
    expectMarked(QStringLiteral("second"));
}

TEST_F(WindowConversations, TheMenuOfARowActsOnThatRow) {
    for (const char* title : {"first", "second"}) talk(QLatin1String(title));
    emit list().customContextMenuRequested(list().visualRect(row(QStringLiteral("first"))).center());
    auto* const remove = find<QAction>("deleteRow");
    remove->trigger();
    ASSERT_TRUE(waitFor([&] { return list().model()->rowCount() == 1; }));
    EXPECT_TRUE(row(QStringLiteral("second")).isValid());
    expectSaid({QStringLiteral("second"), QStringLiteral("So.")});
    expectMarked(QStringLiteral("second"));
}

TEST_F(WindowConversations, DeleteInTheListActsOnItsRow) {
    for (const char* title : {"first", "second"}) talk(QLatin1String(title));
    list().setFocus();
    list().setCurrentIndex(row(QStringLiteral("first")));
    refreshList();
    EXPECT_EQ(marked(), QStringLiteral("first")) << "the place of the keyboard was lost";
    QTest::keyClick(&list(), Qt::Key_Delete);
    ASSERT_TRUE(waitFor([&] { return list().model()->rowCount() == 1; }));
    EXPECT_TRUE(row(QStringLiteral("second")).isValid());
    // Whoever leaves the list without opening anything is where they were.
    talk(QStringLiteral("third"));
    list().setFocus();
    list().setCurrentIndex(row(QStringLiteral("second")));
    find<QTextEdit>("messageEdit")->setFocus();
    expectMarked(QStringLiteral("third"));
}

TEST_F(WindowConversations, HitsOfASearchAreReachedByKeys) {
    for (const char* title : {"first ring", "second ring", "third"}) talk(QLatin1String(title));
    search(QStringLiteral("ring"), 4);  // each by its title and by its question
    list().setFocus();
    list().setCurrentIndex(list().model()->index(0, 0));
    QTest::keyClick(&list(), Qt::Key_Down);
    const QString hit = marked();
    EXPECT_EQ(list().currentIndex().row(), 1);
    refreshList();
    EXPECT_EQ(marked(), hit);
    QTest::keyClick(&list(), Qt::Key_Return);
    expectSaid({hit, QStringLiteral("So.")});
    search({}, 3);
    expectMarked(hit);
}

TEST_F(WindowConversations, ANewChatEndsTheSearch) {
    for (const char* title : {"first", "second"}) talk(QLatin1String(title));
    search(QStringLiteral("third"), 0);
    click("newChat");
    ASSERT_TRUE(waitFor([&] { return list().model()->rowCount() == 2; }));
    EXPECT_TRUE(find<QLineEdit>("historySearch")->text().isEmpty());
}

TEST_F(WindowConversations, ADeletedMessageComesBackByUndo) {
    talk(QStringLiteral("first"));
    const QStringList before{QStringLiteral("first"), QStringLiteral("So.")};
    auto* const messages = find<MessageListView>("messageList");
    emit messages->actionRequested(1, MessageAction::Delete);
    EXPECT_TRUE(said().isEmpty());
    EXPECT_TRUE(textOf("bannerText").contains(QStringLiteral("2"))) << textOf("bannerText").toStdString();
    trigger("newChatAction");  // also from elsewhere
    click("bannerAction");
    EXPECT_FALSE(find<QWidget>("banner")->isVisible());
    clickRow(QStringLiteral("first"));
    expectSaid(before);
    close();
    open();
    clickRow(QStringLiteral("first"));
    expectSaid(before);
}

TEST_F(WindowConversations, AnAnswerWhoseQuestionIsDeletedIsStopped) {
    engine.answer<ChatRequest>({token("So")});  // and no end
    ask(QStringLiteral("first"));
    const std::int64_t request = engine.requestsOf<ChatRequest>().front().first;
    ASSERT_TRUE(engine.isOpen(request));
    emit find<MessageListView>("messageList")->actionRequested(1, MessageAction::Delete);
    engine.settle();
    EXPECT_FALSE(engine.isOpen(request));
    EXPECT_TRUE(said().isEmpty());
    click("bannerAction");
    EXPECT_EQ(said().mid(0, 2), QStringList({QStringLiteral("first"), QStringLiteral("So")}));
}

TEST_F(WindowConversations, WhatTheModelSawTellsTheTimeOfEachView) {
    const auto seenOf = [&](qint64 message) {
        emit find<MessageListView>("messageList")->actionRequested(message, MessageAction::ShowSeen);
        engine.settle();
        auto* const views = window->findChild<QListWidget*>(QStringLiteral("seenViews"));
        QStringList texts;
        for (int at = 0; at < views->count(); ++at) texts.append(views->item(at)->text());
        delete views->window();
        return texts;
    };
    DoneEvent done;
    done.views = 1;
    engine.always<ChatRequest>([&](const ChatRequest&) { return Events{token("So"), done}; });
    engine.always<protocol::PreviewRequest>(
        {protocol::PreviewEvent{300, 200, 64, 16, {{true, {0, 0, 300, 200}, "/no/file.png", std::string(64, 'a'), 16}}, {}},
         DoneEvent()});
    window->addPictures({file(QStringLiteral("rings.png"))});
    engine.settle();
    done.viewTimes = {{std::string(64, 'a'), 0.143}};
    ask(QStringLiteral("How many?"));
    const QStringList measured = seenOf(1);
    ASSERT_EQ(measured.size(), 1);
    EXPECT_TRUE(measured.front().endsWith(QStringLiteral(", 143 ms"))) << measured.front().toStdString();
    done.viewTimes.clear();
    done.reusedViews = 1;
    emit find<MessageListView>("messageList")->actionRequested(2, MessageAction::Regenerate);
    engine.settle();
    const QStringList reused = seenOf(1);
    ASSERT_EQ(reused.size(), 1);
    EXPECT_TRUE(reused.front().endsWith(QStringLiteral(", features reused"))) << reused.front().toStdString();
}

TEST_F(WindowConversations, TitlesAreNoMarkup) {
    talk(QStringLiteral("<b>bold</b>"));
    trigger("deleteConversation");
    EXPECT_TRUE(textOf("undoText").contains(QStringLiteral("<b>bold</b>")));
    // What is set at run time and may hold names, addresses or the engine's own words.
    for (const char* name :
         {"undoText", "historyEmpty", "modelsProblem", "loadingText", "downloadText", "bannerText", "bannerDetails",
          "chatModel", "chatState", "chatGuidance", "composerNoticeText", "parameterRefusal"})
        EXPECT_EQ(find<QLabel>(name)->textFormat(), Qt::PlainText) << name;
}

}  // namespace
}  // namespace lapidary::gui::test
