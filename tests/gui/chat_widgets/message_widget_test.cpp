#include "gui/chat_widgets/message_widget.h"

#include <gtest/gtest.h>

#include <QLabel>
#include <QSignalSpy>
#include <QTest>
#include <QTextBlock>
#include <QToolButton>
#include <cmath>

#include "gui/chat_widgets/markdown_view.h"
#include "gui/chat_widgets/message_texts.h"
#include "tests/gui/chat_widgets/sample_conversation.h"

namespace lapidary::gui {
namespace {

using test::FakeThumbnails;
using test::message;
using test::textPart;

class MessageWidgetTest : public testing::Test {
protected:
    MessageWidgetTest() : widget(&thumbnails, Theme::lightTheme()) { widget.resize(600, 400); }

    void show(const Message& shown, const MessagePlace& place = {}) {
        widget.setMessage(shown, place);
        widget.show();
        widget.resize(600, widget.heightForWidth(600));
    }
    [[nodiscard]] bool has(MessageAction action) const { return widget.button(action)->isVisibleTo(&widget); }

    FakeThumbnails thumbnails;
    MessageWidget widget;
};

TEST_F(MessageWidgetTest, ActionsAreThoseThatMakeSense) {
    show(message(Role::User, "Hello"));
    EXPECT_TRUE(has(MessageAction::Copy) && has(MessageAction::Edit) && has(MessageAction::Delete));
    EXPECT_FALSE(has(MessageAction::Regenerate) || has(MessageAction::Continue) || has(MessageAction::ShowSeen) ||
                 has(MessageAction::NextBranch));
    Message answer = message(Role::Assistant, "Hi");
    show(answer);
    EXPECT_TRUE(has(MessageAction::Regenerate));
    EXPECT_FALSE(has(MessageAction::Continue));
    answer.figures.finishReason = "length";
    show(answer);
    EXPECT_TRUE(has(MessageAction::Continue));
    answer.state = Message::State::Streaming;
    show(answer);
    EXPECT_FALSE(has(MessageAction::Edit) || has(MessageAction::Delete) || has(MessageAction::Regenerate));
}

TEST_F(MessageWidgetTest, EveryControlHasANameAndTellsWhatWasPressed) {
    Message shown = message(Role::User, "Look");
    shown.id = 7;
    Picture picture;
    picture.name = "cat.png";
    picture.path = "/pictures/cat.png";
    picture.width = 640;
    picture.height = 480;
    shown.parts.push_back({picture, {}});
    show(shown, {2, 5, {1, 3}});
    QSignalSpy actions(&widget, &MessageWidget::actionRequested);
    for (QToolButton* button : widget.findChildren<QToolButton*>()) {
        EXPECT_FALSE(button->objectName().isEmpty());
        EXPECT_FALSE(button->accessibleName().isEmpty()) << button->objectName().toStdString();
    }
    for (const MessageAction action : {MessageAction::Copy, MessageAction::Edit, MessageAction::PreviousBranch,
                                       MessageAction::NextBranch, MessageAction::Delete, MessageAction::ShowSeen}) {
        widget.button(action)->click();
        ASSERT_FALSE(actions.isEmpty());
        EXPECT_EQ(actions.back()[0].toLongLong(), 7);
        EXPECT_EQ(actions.back()[1].value<MessageAction>(), action);
    }
    EXPECT_EQ(widget.findChild<QLabel*>("messageBranch")->text(), "2 of 3");
    EXPECT_EQ(widget.accessibleName(), "Message 3 of 5, from you: Look");
    QSignalSpy pictures(&widget, &MessageWidget::pictureActivated);
    auto* thumbnail = widget.findChild<QToolButton*>("messagePicture0");
    ASSERT_NE(thumbnail, nullptr);
    EXPECT_EQ(thumbnail->accessibleName(), "Picture cat.png, 640 × 480 pixels");
    thumbnail->click();
    EXPECT_EQ(pictures.size(), 1);
}

TEST_F(MessageWidgetTest, ThumbnailsComeLaterWithoutMoving) {
    thumbnails.missing = true;
    Message shown = message(Role::User, {});
    Picture picture;
    picture.name = "cat.png";
    picture.sha256 = "ab";
    picture.width = 1;
    picture.height = 10000;
    shown.parts.push_back({picture, {}});
    show(shown);
    const int height = widget.heightForWidth(600);
    auto* button = widget.findChild<QToolButton*>("messagePicture0");
    EXPECT_TRUE(button->icon().isNull());
    EXPECT_GE(button->width(), 24);
    thumbnails.missing = false;
    emit thumbnails.ready("ab");
    EXPECT_FALSE(button->icon().isNull());
    EXPECT_EQ(widget.heightForWidth(600), height);
}

TEST_F(MessageWidgetTest, NoticesSayHowItEnded) {
    Message answer = message(Role::Assistant, "Half an ans");
    const auto notice = [&] {
        show(answer);
        const auto* label = widget.findChild<QLabel*>("messageNotice");
        return label->isHidden() ? std::string() : label->text().toStdString();
    };
    EXPECT_EQ(notice(), "");
    answer.state = Message::State::Interrupted;
    EXPECT_EQ(notice(), "ℹ  This answer was interrupted.");
    answer.figures.finishReason = "cancelled";
    EXPECT_EQ(notice(), "ℹ  This answer was stopped.");
    answer.state = Message::State::Failed;
    answer.error = "The engine needs 3 GB more.";
    EXPECT_EQ(notice(), "⚠  The engine needs 3 GB more.");
}

TEST_F(MessageWidgetTest, Figures) {
    AnswerFigures figures;
    EXPECT_EQ(MessageTexts::figures(figures).toStdString(), "");
    figures.generatedTokens = 128;
    figures.decodeSeconds = 4.0;
    figures.firstTokenSeconds = 0.84;
    figures.promptTokens = 300;
    figures.reusedTokens = 256;
    EXPECT_EQ(MessageTexts::figures(figures).toStdString(),
              "31.8 tokens/s  ·  first token after 0.8 s  ·  128 token(s)  ·  256 of 300 prompt tokens reused");
}

TEST_F(MessageWidgetTest, CodeHasACopyButtonEach) {
    show(message(Role::Assistant, "```cpp\nint a;\n```\ntext\n```\nplain\n```"));
    QSignalSpy copies(&widget, &MessageWidget::codeCopyRequested);
    const std::vector<QToolButton*>& buttons = widget.lastText()->copyButtons();
    ASSERT_EQ(buttons.size(), 2U);
    EXPECT_EQ(buttons[0]->accessibleName(), "Copy code block 1, cpp");
    EXPECT_EQ(buttons[1]->accessibleName(), "Copy code block 2");
    buttons[1]->click();
    buttons[0]->click();
    EXPECT_EQ(copies[0][0].toString(), "plain");
    EXPECT_EQ(copies[1][0].toString(), "int a;");
    EXPECT_LT(buttons[0]->geometry().bottom(), buttons[1]->geometry().top());
}

TEST_F(MessageWidgetTest, StreamingKeepsWhatIsFinished) {
    Message answer = message(Role::Assistant, {});
    answer.id = 3;
    answer.state = Message::State::Streaming;
    show(answer);
    answer.parts.push_back(textPart("One **tw"));
    widget.showProgress(answer);
    MarkdownView* view = widget.lastText();
    answer.parts.back().text += "o**\n\nthree";
    widget.showProgress(answer);
    answer.state = Message::State::Complete;
    widget.setMessage(answer, {});
    EXPECT_EQ(widget.lastText(), view);
    EXPECT_EQ(view->toPlainText(), "One two\nthree");
    answer.parts.back().text = "Something else";
    widget.setMessage(answer, {});
    EXPECT_EQ(widget.lastText()->toPlainText(), "Something else");
}

TEST_F(MessageWidgetTest, AWordThatIsClickedTellsItsToken) {
    Message answer = message(Role::Assistant, "A cat");
    answer.id = 9;
    answer.tokens = {{{1, "A", std::log(0.99)}, {}}, {{2, " cat", std::log(0.2)}, {}}};
    show(answer);
    QSignalSpy clicks(&widget, &MessageWidget::tokenClicked);
    MarkdownView* view = widget.lastText();
    const auto place = [view](int position) {
        QTextCursor cursor(view->document());
        cursor.setPosition(position);
        return view->cursorRect(cursor).center() + QPoint(3, 0);
    };
    QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, place(3));
    EXPECT_EQ(clicks.size(), 0);
    widget.setTinted(true, answer);
    QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, place(3));
    ASSERT_EQ(clicks.size(), 1);
    EXPECT_EQ(clicks[0][0].toLongLong(), 9);
    EXPECT_EQ(clicks[0][1].toInt(), 1);
    // By keyboard: the caret stands before the first letter.
    QTextCursor caret = view->textCursor();
    caret.setPosition(0);
    view->setTextCursor(caret);
    QTest::keyClick(view, Qt::Key_Return);
    ASSERT_EQ(clicks.size(), 2);
    EXPECT_EQ(clicks[1][1].toInt(), 0);
    widget.setTinted(false, answer);
    QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, place(3));
    EXPECT_EQ(clicks.size(), 2);
}

TEST_F(MessageWidgetTest, OnlyTheCurrentMessageIsInTheTabOrder) {
    show(message(Role::Assistant, "```\nx\n```"));
    for (QToolButton* button : widget.findChildren<QToolButton*>()) EXPECT_FALSE(button->focusPolicy() & Qt::TabFocus);
    widget.setCurrent(true);
    for (QToolButton* button : widget.findChildren<QToolButton*>()) EXPECT_TRUE(button->focusPolicy() & Qt::TabFocus);
    EXPECT_TRUE(widget.lastText()->focusPolicy() & Qt::TabFocus);
    EXPECT_TRUE(widget.focusPolicy() & Qt::TabFocus);
    EXPECT_TRUE(widget.lastText()->textInteractionFlags() & Qt::TextSelectableByKeyboard);
}

}  // namespace
}  // namespace lapidary::gui
