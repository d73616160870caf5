#include "gui/chat_widgets/message_list_view.h"

#include <gtest/gtest.h>

#include <QAccessible>
#include <QApplication>
#include <QLabel>
#include <QScrollBar>
#include <QSignalSpy>
#include <QStackedWidget>
#include <QTest>
#include <QToolButton>

#include "gui/chat_widgets/markdown_view.h"
#include "tests/gui/chat_widgets/sample_conversation.h"

namespace lapidary::gui {
namespace {

using test::message;

class MessageListViewTest : public testing::Test {
protected:
    MessageListViewTest() : view(&thumbnails) {
        view.resize(800, 600);
        view.show();
        view.activateWindow();
        QApplication::setActiveWindow(&view);
    }
    void fill(int count) {
        test::fillLong(conversation, count);
        view.setConversation(&conversation);
    }
    [[nodiscard]] int value() const { return view.verticalScrollBar()->value(); }
    [[nodiscard]] int maximum() const { return view.verticalScrollBar()->maximum(); }
    // Messages lie one under another without gaps, and cover the page.
    void expectWhole() const {
        int bottom = 0;
        bool first = true;
        bool covers = false;
        for (const MessageWidget* one : view.liveMessages()) {
            if (!first) {
                EXPECT_EQ(one->y(), bottom);
            }
            first = false;
            bottom = one->y() + one->height();
            covers = covers || (one->y() <= 0 && bottom >= 0);
        }
        EXPECT_TRUE(covers);
        if (maximum() > 0) {
            EXPECT_GE(bottom, view.viewport()->height());
        }
    }

    Conversation conversation;
    test::FakeThumbnails thumbnails;
    MessageListView view;
};

TEST_F(MessageListViewTest, FiveThousandMessagesNeedWidgetsForAPageAlone) {
    fill(5000);
    EXPECT_EQ(value(), maximum());
    EXPECT_LE(view.liveMessages().size(), 20U);
    EXPECT_LE(view.work().widgetsMade, 20);
    expectWhole();
    // A whole screen after another: each row is made and measured once where it is passed.
    int rowsPassed = 0;
    for (int step = 0; step < 300; ++step) {
        const MessageListView::Work before = view.work();
        view.verticalScrollBar()->setValue(value() - 500);
        QCoreApplication::sendPostedEvents();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        EXPECT_LE(view.findChildren<MessageWidget*>().size(), 20);
        EXPECT_LE(view.work().rowsMeasured - before.rowsMeasured, 20);
        rowsPassed += view.work().rowsMeasured - before.rowsMeasured;
        expectWhole();
    }
    EXPECT_LE(view.work().widgetsMade, rowsPassed + 20);
    EXPECT_LE(rowsPassed, 2 * (5000 - view.topRow()) + 20);
    // To places far away.
    view.verticalScrollBar()->setValue(0);
    EXPECT_EQ(view.topRow(), 0);
    expectWhole();
    view.scrollToRow(2500);
    expectWhole();
    ASSERT_NE(view.messageAt(2500), nullptr);
    EXPECT_LE(view.liveMessages().size(), 20U);
}

// The page is not shown yet when the first message comes, as after the start of the window.
TEST(MessageListPage, RowsAreAsHighAsTheirContentsFromTheFirst) {
    Conversation conversation;
    test::FakeThumbnails thumbnails;
    QStackedWidget stack;
    stack.resize(800, 600);
    auto* const view = new MessageListView(&thumbnails, &stack);
    stack.addWidget(new QLabel(&stack));
    stack.addWidget(view);
    stack.show();
    QTest::qWait(20);
    view->setConversation(&conversation);
    QObject::connect(&conversation, &Conversation::messageAdded, &stack, [&stack] { stack.setCurrentIndex(1); });
    conversation.add(message(Role::User, QStringLiteral("The old clockmaker opened the door and")), conversation.leaf());
    QTest::qWait(50);
    const auto shown = view->liveMessages();
    ASSERT_EQ(shown.size(), 1U);
    MessageWidget again(&thumbnails, Theme::lightTheme(), view);
    again.setMessage(conversation.at(0), {0, 1, conversation.branchOf(0)});
    again.show();
    QTest::qWait(20);
    EXPECT_EQ(shown[0]->height(), again.heightForWidth(shown[0]->width()));
}

TEST_F(MessageListViewTest, ACorrectedEstimateMovesNothing) {
    fill(400);
    view.scrollToRow(200);
    for (int step = 0; step < 100; ++step) {
        const int row = view.topRow();
        const int y = view.messageAt(row)->y();
        view.verticalScrollBar()->setValue(value() - 60);
        ASSERT_NE(view.messageAt(row), nullptr);
        // The person scrolled by 60 pixels, and that is how far things went, although rows above turned out higher or lower.
        ASSERT_EQ(view.messageAt(row)->y(), y + 60) << "step " << step;
    }
    // Another width: the row at the top stays the row at the top.
    const int row = view.topRow();
    view.resize(500, 600);
    EXPECT_EQ(view.topRow(), row);
    expectWhole();
}

TEST_F(MessageListViewTest, StaysAtTheEndUnlessThePersonScrolledAway) {
    fill(40);
    Message answer = message(Role::Assistant, {});
    answer.state = Message::State::Streaming;
    const std::int64_t id = conversation.add(answer, conversation.leaf());
    auto* button = view.findChild<QToolButton*>("toTheEnd");
    ASSERT_NE(button, nullptr);
    for (int i = 0; i < 50; ++i) {
        conversation.append(id, "Some more words.\n\n");
        view.updateNow();
        ASSERT_EQ(value(), maximum());
    }
    EXPECT_TRUE(button->isHidden());
    view.verticalScrollBar()->setValue(value() - 200);
    EXPECT_FALSE(view.isAtEnd());
    EXPECT_FALSE(button->isHidden());
    const int row = view.topRow();
    const int y = view.messageAt(row)->y();
    for (int i = 0; i < 20; ++i) {
        conversation.append(id, "Some more words.\n\n");
        view.updateNow();
        ASSERT_EQ(view.messageAt(row)->y(), y);
    }
    EXPECT_LT(value(), maximum());
    button->click();
    EXPECT_EQ(value(), maximum());
    EXPECT_TRUE(button->isHidden());
    // Far away while it streams: only its estimate changes.
    view.scrollToRow(0);
    const int made = view.work().widgetsMade;
    conversation.append(id, "Unseen.");
    view.updateNow();
    EXPECT_EQ(view.work().widgetsMade, made);
    EXPECT_EQ(value(), 0);
    // Who sends something is taken to it.
    conversation.add(message(Role::User, "And now?"), conversation.leaf());
    EXPECT_EQ(value(), maximum());
}

TEST_F(MessageListViewTest, ManyTokensAreOneUpdate) {
    fill(10);
    Message answer = message(Role::Assistant, {});
    answer.state = Message::State::Streaming;
    const std::int64_t id = conversation.add(answer, conversation.leaf());
    const int before = view.work().updates;
    for (int i = 0; i < 200; ++i) conversation.append(id, "token ");
    EXPECT_EQ(view.work().updates, before);
    EXPECT_EQ(view.messageAt(conversation.size() - 1)->lastText()->toPlainText(), "");
    view.updateNow();
    EXPECT_EQ(view.work().updates, before + 1);
    EXPECT_EQ(view.messageAt(conversation.size() - 1)->lastText()->toPlainText().size(), 1199);  // the blank at the end waits
    static_assert(MessageListView::kUpdateMs * 30 >= 1000, "at most 30 a second");
}

TEST_F(MessageListViewTest, Branches) {
    fill(6);
    const std::int64_t parent = conversation.at(2).id;
    conversation.add(message(Role::Assistant, "Another answer"), parent);
    EXPECT_EQ(conversation.size(), 4);
    expectWhole();
    MessageWidget* last = view.messageAt(3);
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->lastText()->toPlainText(), "Another answer");
    QSignalSpy actions(&view, &MessageListView::actionRequested);
    QObject::connect(&view, &MessageListView::actionRequested, &view, [this](qint64 id, MessageAction action) {
        if (action == MessageAction::PreviousBranch) conversation.switchBranch(conversation.rowOf(id), -1);
    });
    last->button(MessageAction::PreviousBranch)->setFocus();
    // The widget that is pressed is replaced while it is being pressed.
    last->button(MessageAction::PreviousBranch)->click();
    EXPECT_EQ(actions.size(), 1);
    EXPECT_EQ(conversation.size(), 6);
    ASSERT_NE(view.messageAt(3), nullptr);
    EXPECT_TRUE(view.messageAt(3)->hasFocus());
    EXPECT_EQ(view.currentRow(), 3);
    conversation.remove(conversation.at(0).id);
    EXPECT_TRUE(view.liveMessages().empty());
    conversation.add(message(Role::User, "New"), 0);
    EXPECT_EQ(view.liveMessages().size(), 1U);
}

TEST_F(MessageListViewTest, Keys) {
    fill(60);
    view.focusRow(59);
    EXPECT_TRUE(view.messageAt(59)->hasFocus());
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Up);
    EXPECT_EQ(view.currentRow(), 58);
    EXPECT_TRUE(view.messageAt(58)->hasFocus());
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Home);
    EXPECT_EQ(view.currentRow(), 0);
    EXPECT_TRUE(view.messageAt(0)->hasFocus());
    EXPECT_EQ(value(), 0);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_PageDown);
    EXPECT_GT(value(), 300);
    // Who has the focus keeps it, also when it is out of sight.
    for (int i = 0; i < 5; ++i) QTest::keyClick(QApplication::focusWidget(), Qt::Key_PageDown);
    ASSERT_NE(view.messageAt(0), nullptr);
    EXPECT_TRUE(view.messageAt(0)->hasFocus());
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Down);
    EXPECT_EQ(view.currentRow(), 1);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_End);
    EXPECT_EQ(view.currentRow(), 59);
    EXPECT_EQ(view.messageAt(0), nullptr);
    // Tab goes through the current message and no other.
    for (int i = 0; i < 12; ++i) {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        EXPECT_EQ(view.currentRow(), 59);
    }
}

TEST_F(MessageListViewTest, AssistiveTechnologySeesAListOfNamedMessages) {
    fill(5000);
    QAccessibleInterface* list = QAccessible::queryAccessibleInterface(&view);
    ASSERT_NE(list, nullptr);
    EXPECT_EQ(list->role(), QAccessible::List);
    EXPECT_EQ(list->text(QAccessible::Name), "Conversation");
    ASSERT_GE(list->childCount(), 2);
    QAccessibleInterface* last = list->child(list->childCount() - 1);
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->role(), QAccessible::ListItem);
    EXPECT_TRUE(last->text(QAccessible::Name).startsWith("Message 5000 of 5000, from the model: Answer 5000."));
    EXPECT_EQ(last->parent(), list);
    EXPECT_EQ(list->indexOfChild(last), list->childCount() - 1);
    EXPECT_EQ(list->child(list->childCount()), nullptr);
    QAccessibleInterface* text = QAccessible::queryAccessibleInterface(view.messageAt(4999)->lastText());
    ASSERT_NE(text, nullptr);
    ASSERT_NE(text->textInterface(), nullptr);
    EXPECT_GT(text->textInterface()->characterCount(), 20);
}

TEST_F(MessageListViewTest, StreamedTextIsAnnouncedInWholeWords) {
    StreamAnnouncer announcer;
    QSignalSpy words(&announcer, &StreamAnnouncer::announced);
    announcer.add("A c");
    announcer.add("at is sle");
    EXPECT_EQ(words.size(), 0);
    announcer.announceWords();
    announcer.add("eping.");
    announcer.announceWords();  // the word may go on
    announcer.finish();
    announcer.finish();
    ASSERT_EQ(words.size(), 2);
    EXPECT_EQ(words[0][0].toString(), "A cat is ");
    EXPECT_EQ(words[1][0].toString(), "sleeping.");

    fill(4);
    Message answer = message(Role::Assistant, {});
    answer.state = Message::State::Streaming;
    answer.id = conversation.add(answer, conversation.leaf());
    conversation.append(answer.id, "Hello wor");
    view.updateNow();
    conversation.append(answer.id, "ld.");
    QSignalSpy announced(&view, &MessageListView::textAnnounced);
    Message done = *conversation.find(answer.id);
    done.state = Message::State::Complete;
    conversation.update(done);
    ASSERT_EQ(announced.size(), 1);
    EXPECT_EQ(announced[0][0].toString(), "Hello world.");
}

TEST_F(MessageListViewTest, WithoutAConversation) {
    view.setConversation(nullptr);
    view.focusRow(0);
    view.scrollToEnd();
    view.setTinted(true);
    EXPECT_TRUE(view.liveMessages().empty());
    fill(3);
    view.setTinted(false);
    view.setTheme(Theme::darkTheme());
    EXPECT_EQ(view.liveMessages().size(), 3U);
    view.setConversation(nullptr);
    EXPECT_TRUE(view.liveMessages().empty());
}

}  // namespace
}  // namespace lapidary::gui
