// What is being written survives: the end of the window, a change of another message, a move of its pictures.
#include <QAbstractButton>
#include <QLabel>
#include <QListView>
#include <QTextEdit>

#include "gui/chat_widgets/message_list_view.h"
#include "gui/window/draft_keeper.h"
#include "tests/gui/window/window_fixture.h"

namespace lapidary::gui::test {
namespace {

using protocol::ChatRequest;

class WindowDraft : public WindowTest {
protected:
    void SetUp() override {
        open();
        loadModel();
    }
    [[nodiscard]] QString draft() const {
        return find<QTextEdit>("messageEdit")->toPlainText().remove(QChar::ObjectReplacementCharacter);
    }
    [[nodiscard]] QStringList pictures() const {
        const QAbstractItemModel& model = *find<QListView>("pictureList")->model();
        QStringList names;
        for (int row = 0; row < model.rowCount(); ++row) names.append(model.index(row, 0).data().toString());
        return names;
    }
    void addThree() {
        for (const char* name : {"a.png", "b.png", "c.png"}) {
            window->addPictures({writePicture(file(QLatin1String(name)))});
            type(QLatin1String(name).left(1) + QStringLiteral(" said. "));
        }
        engine.settle();
    }
    const QStringList kThree{QStringLiteral("a.png"), QStringLiteral("b.png"), QStringLiteral("c.png")};
};

TEST_F(WindowDraft, TextAndPicturesAreThereAgainAtTheNextStart) {
    addThree();
    const auto choose = [&](int row) {
        find<QListView>("pictureList")->setCurrentIndex(find<QListView>("pictureList")->model()->index(row, 0));
    };
    choose(1);
    click("addCrop");  // own crops of the second
    engine.settle();
    const QString description = QStringLiteral("640 by 256 pixels with 1 crop");
    ASSERT_TRUE(find<QWidget>("cropEditor")->accessibleDescription().contains(description));
    close();
    open();
    EXPECT_EQ(draft(), QStringLiteral("a said. b said. c said. "));
    EXPECT_EQ(pictures(), kThree);
    engine.settle();
    choose(1);
    ASSERT_TRUE(waitFor([&] { return find<QWidget>("cropEditor")->accessibleDescription().contains(description); }))
        << find<QWidget>("cropEditor")->accessibleDescription().toStdString();
    loadModel();
    click("sendButton");
    ASSERT_TRUE(waitFor([&] { return !engine.requestsOf<ChatRequest>().empty(); }));
    EXPECT_EQ(engine.requestsOf<ChatRequest>().back().second.messages.back().content.size(), 6U);
    // What was sent is no draft any more.
    close();
    open();
    EXPECT_TRUE(draft().isEmpty());
    EXPECT_TRUE(pictures().isEmpty());
}

TEST_F(WindowDraft, AKillLosesNoMoreThanTheLastSecond) {
    type(QStringLiteral("half a sent"));
    // The settings as they are on the disk at that moment, read as another process would.
    EXPECT_TRUE(waitFor([&] {
        return QSettings(settingsFile(), QSettings::IniFormat)
            .value(QStringLiteral("draft/parts"))
            .toString()
            .contains(QStringLiteral("half a sent"));
    }));
    static_assert(DraftKeeper::kDelayMs <= 1000);
}

TEST_F(WindowDraft, APictureOfTheStoreIsKeptForADraftAlone) {
    window->addPictures({file(QStringLiteral("rings.png"))});
    engine.settle();
    engine.answer<ChatRequest>({protocol::TokenEvent{1, "Two", std::nullopt, {}}, protocol::DoneEvent()});
    ask(QStringLiteral("How many?"));
    auto* const list = find<MessageListView>("messageList");
    emit list->actionRequested(1, MessageAction::Edit);  // its picture lies in the store
    type(QStringLiteral(" Exactly?"));
    trigger("newChatAction");
    const auto hash = [&] { return DraftKeeper::storedPictures(*settings); };
    ASSERT_TRUE(waitFor([&] { return hash().size() == 1; }));
    ASSERT_TRUE(waitFor([&] { return find<QListView>("historyList")->model()->rowCount() == 1; }));
    find<QListView>("historyList")->setCurrentIndex(find<QListView>("historyList")->model()->index(0, 0));
    trigger("deleteListRow");
    close();
    open();  // the conversation is purged at the start; its picture is the draft's now
    engine.settle();
    loadModel();
    EXPECT_EQ(pictures().size(), 1);
    click("sendButton");
    ASSERT_TRUE(waitFor([&] { return engine.requestsOf<ChatRequest>().size() == 2; }))
        << textOf("composerNoticeText").toStdString();
    EXPECT_TRUE(
        QFile::exists(QString::fromStdString(engine.requestsOf<ChatRequest>().back().second.messages.back().content[0].path)));
}

TEST_F(WindowDraft, WhatCouldNotBeSentWithoutAModelCanBeOnceOneIsOpen) {
    close();
    open();
    window->showPage(MainWindow::Page::Chat);
    type(QStringLiteral("How many?"));
    click("sendButton");
    EXPECT_TRUE(find<QWidget>("composerNotice")->isVisible());
    EXPECT_TRUE(textOf("composerNoticeText").contains(QStringLiteral("No model is open")));
    loadModel();
    EXPECT_FALSE(window->findChild<QWidget*>(QStringLiteral("composerNotice"))->isVisible());
    EXPECT_EQ(draft(), QStringLiteral("How many?"));
}

TEST_F(WindowDraft, ChangingAMessagePutsTheDraftAsideAndBack) {
    engine.answer<ChatRequest>({protocol::TokenEvent{1, "Two", std::nullopt, {}}, protocol::DoneEvent()});
    ask(QStringLiteral("How many?"));
    type(QStringLiteral("my next question"));
    auto* const list = find<MessageListView>("messageList");
    emit list->actionRequested(1, MessageAction::Edit);
    EXPECT_EQ(draft(), QStringLiteral("How many?"));
    click("cancelEdit");
    EXPECT_EQ(draft(), QStringLiteral("my next question"));
    emit list->actionRequested(1, MessageAction::Edit);
    type(QStringLiteral("! "));
    click("sendButton");
    ASSERT_TRUE(waitFor([&] { return engine.requestsOf<ChatRequest>().size() == 2; }));
    EXPECT_EQ(draft(), QStringLiteral("my next question"));
    // Nor is what was being changed lost where another conversation is shown.
    emit list->actionRequested(3, MessageAction::Edit);  // the question as it was changed
    type(QStringLiteral("half a change "));
    trigger("newChatAction");
    EXPECT_TRUE(draft().contains(QStringLiteral("my next question"))) << draft().toStdString();
    EXPECT_TRUE(draft().contains(QStringLiteral("half a change"))) << draft().toStdString();
}

TEST_F(WindowDraft, PicturesAreMovedByKeys) {
    addThree();
    auto* const list = find<QListView>("pictureList");
    list->setCurrentIndex(list->model()->index(0, 0));
    list->setFocus();
    QTest::keyClick(list, Qt::Key_Right, Qt::AltModifier);
    EXPECT_EQ(pictures(), (QStringList{QStringLiteral("b.png"), QStringLiteral("a.png"), QStringLiteral("c.png")}));
    EXPECT_EQ(list->currentIndex().row(), 1);
    QTest::keyClick(list, Qt::Key_Left, Qt::AltModifier);
    EXPECT_EQ(pictures(), kThree);
    QTest::keyClick(list, Qt::Key_Delete);
    EXPECT_EQ(pictures(), kThree.mid(1));
    find<QTextEdit>("messageEdit")->undo();
    EXPECT_EQ(pictures(), kThree);
}

TEST_F(WindowDraft, PicturesAreMovedByDragging) {
    addThree();
    auto* const list = find<QListView>("pictureList");
    EXPECT_EQ(list->dragDropMode(), QAbstractItemView::InternalMove);
    EXPECT_TRUE(list->model()->index(0, 0).flags().testFlag(Qt::ItemIsDragEnabled));
    // As QListView does it where one of its items is dropped between two others: the row it comes to stand before.
    EXPECT_TRUE(list->model()->moveRow({}, 0, {}, 3));
    EXPECT_EQ(pictures(), (QStringList{QStringLiteral("b.png"), QStringLiteral("c.png"), QStringLiteral("a.png")}));
    EXPECT_TRUE(list->model()->moveRow({}, 2, {}, 0));
    EXPECT_EQ(pictures(), kThree);
    EXPECT_FALSE(list->model()->moveRow({}, 1, {}, 1));
    EXPECT_FALSE(list->model()->moveRow({}, 3, {}, 0));
    EXPECT_EQ(pictures(), kThree);
    EXPECT_TRUE(draft().contains(QStringLiteral("a said.")));
}

}  // namespace
}  // namespace lapidary::gui::test
