// Every page, dialog and menu, as somebody meets them who cannot see or has no mouse, and as they are painted in both themes.
#include <QInputDialog>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QMenuBar>
#include <QMessageBox>
#include <QPushButton>
#include <QTabWidget>
#include <QTextEdit>
#include <QVBoxLayout>

#include "gui/chat_widgets/message_list_view.h"
#include "gui/models/models_page.h"
#include "gui/widgets/banner.h"
#include "tests/gui/support/page_walk.h"
#include "tests/gui/support/picture_script.h"
#include "tests/gui/support/rendered_contrast.h"
#include "tests/gui/translations/spoken.h"
#include "tests/gui/window/window_fixture.h"

namespace lapidary::gui::test {
namespace {

using namespace lapidary::test;

class PageWalk : public WindowTest {
protected:
    static void expectNone(const QStringList& faults, const char* what) {
        EXPECT_TRUE(faults.isEmpty()) << what << ":\n" << faults.join(QLatin1Char('\n')).toStdString();
    }
    void walk(QWidget& root) const {
        spin();
        expectNone(namelessControls(root), "names");
        expectNone(wordlessViews(root), "views without words");
        expectNone(unreachableControls(root), "keys");
        expectNone(clashingKeys(root), "clashing keys");
        expectNone(tabOrderFaults(root), "order of Tab");
        for (const char* theme : {"theme1", "theme2"}) {
            trigger(theme);
            spin();
            expectNone(faintTexts(root), theme);
        }
    }
    void showSide(int tab) const { find<QTabWidget>("chatSide")->setCurrentIndex(tab); }
};

TEST_F(PageWalk, Models) {
    open();
    ASSERT_TRUE(waitFor([&] { return find<QListView>("modelsList")->model()->rowCount() == 3; }));
    walk(*window);
}

TEST_F(PageWalk, ModelsWhileOneOpensAndAnotherComes) {
    open();
    auto* const page = find<ModelsPage>("modelsPage");
    page->showLoading(QStringLiteral("Reading the weights…"), 0.4);
    page->showDownload(QStringLiteral("Downloading google/gemma-3-4b-it"), 0.2, true);
    walk(*window);
    page->showLoading({}, -1.0);
    page->showDownload(QStringLiteral("The download failed: no network"), 0.0, false);
    page->showProblem(QStringLiteral("A file is not what it should be."));
    walk(*window);
}

TEST_F(PageWalk, ChatWithoutAModel) {
    open();
    window->showPage(MainWindow::Page::Chat);
    walk(*window);
}

TEST_F(PageWalk, Conversation) {
    open();
    loadModel();
    converse();
    // Another answer beside the last but one, and one that was stopped.
    auto* const list = find<MessageListView>("messageList");
    engine.answer<protocol::ChatRequest>({protocol::TokenEvent{1, "Three", std::nullopt, {}}, protocol::DoneEvent()});
    emit list->actionRequested(2, MessageAction::Regenerate);
    engine.settle();
    walk(*window);
    list->focusRow(0);
    walk(*window);
}

TEST_F(PageWalk, ComposerWithPicturesAndAnUnreadableOne) {
    open();
    loadModel();
    refusePictures(engine, "bad", 640, 256);
    window->addPictures({file(QStringLiteral("rings.png")), file(QStringLiteral("bad.png")), file(QStringLiteral("last.png"))});
    engine.settle();
    type(QStringLiteral("What is this?"));
    click("sendButton");  // refused: one of them cannot be read
    trigger("addAddressAction");
    walk(*window);
    find<QListView>("pictureList")->setCurrentIndex(find<QListView>("pictureList")->model()->index(1, 0));
    walk(*window);
}

TEST_F(PageWalk, ComposerWhileItAnswersAndWhileAMessageIsChanged) {
    open();
    loadModel();
    engine.answer<protocol::ChatRequest>({protocol::TokenEvent{1, "One", std::nullopt, {}}});  // and no end
    ask(QStringLiteral("Count."));
    emit find<MessageListView>("messageList")->actionRequested(1, MessageAction::Edit);
    walk(*window);
}

TEST_F(PageWalk, Settings) {
    open();
    loadModel();
    showSide(1);
    walk(*window);
}

TEST_F(PageWalk, Log) {
    open();
    engine.log(QStringLiteral("a line"));
    window->showPage(MainWindow::Page::Log);
    walk(*window);
}

TEST_F(PageWalk, BannerOnEveryPage) {
    open();
    loadModel();
    engine.answer<protocol::ChatRequest>({protocol::TokenEvent{1, "One", std::nullopt, {}}});
    ask(QStringLiteral("Count."));
    engine.die();
    for (const auto page : {MainWindow::Page::Models, MainWindow::Page::Chat, MainWindow::Page::Log}) {
        window->showPage(page);
        find<QPushButton>("bannerMore")->setChecked(true);
        walk(*window);
    }
}

TEST_F(PageWalk, HistoryWithAnUndo) {
    open();
    loadModel();
    converse();
    auto* const list = find<QListView>("historyList");
    ASSERT_TRUE(waitFor([&] { return list->currentIndex().isValid(); }));
    trigger("deleteConversation");
    ASSERT_TRUE(waitFor([&] { return find<QLabel>("historyEmpty")->isVisible(); }));
    walk(*window);
}

TEST_F(PageWalk, LoadDialog) {
    open();
    emit find<ModelsPage>("modelsPage")->openRequested(QStringLiteral("google/gemma-3-4b-it"), QStringLiteral("Gemma 3 4B"));
    QWidget* const load = dialog("loadDialog");
    engine.settle();
    ASSERT_TRUE(waitFor(
        [&] { return load->findChild<QLabel*>(QStringLiteral("loadAbout"))->text().contains(QStringLiteral("BF16")); }));
    walk(*load);
    load->close();
}

TEST_F(PageWalk, LoadDialogOfAGguf) {
    open();
    emit find<ModelsPage>("modelsPage")->openRequested(file(QStringLiteral("gemma.gguf")), QStringLiteral("gemma.gguf"));
    QWidget* const load = dialog("loadDialog");
    engine.settle();
    auto* const tower = load->findChild<QLineEdit*>(QStringLiteral("loadVisionPart"));
    ASSERT_NE(tower, nullptr);
    tower->setText(QStringLiteral("/models/mmproj.gguf"));
    ASSERT_TRUE(waitFor([&] {
        const auto asked = engine.requestsOf<protocol::ForecastRequest>();
        return !asked.empty() && asked.back().second.mmproj == "/models/mmproj.gguf";
    }));
    walk(*load);
    expectNone(clashingKeys(*load), "load");
    load->close();
}

TEST_F(PageWalk, LoadDialogGrowsWithWhatItSays) {
    open();
    QString words;
    for (int i = 0; i < 80; ++i) words += QStringLiteral("words that wrap ");
    engine.always<protocol::ForecastRequest>({protocol::ErrorEvent{"invalid_file", words.toStdString(), {}}});
    emit find<ModelsPage>("modelsPage")->openRequested(QStringLiteral("google/gemma-3-4b-it"), QStringLiteral("Gemma 3 4B"));
    QWidget* const load = dialog("loadDialog");
    engine.settle();
    auto* const about = load->findChild<QLabel*>(QStringLiteral("loadAbout"));
    ASSERT_TRUE(waitFor([&] { return about->text().contains(QStringLiteral("that wrap")); }));
    for (const QLabel* label : load->findChildren<QLabel*>()) {
        if (!label->wordWrap() || label->text().isEmpty()) continue;
        EXPECT_TRUE(waitFor([&] { return label->height() >= label->heightForWidth(label->width()); }))
            << label->objectName().toStdString() << ": " << label->height() << " of " << label->heightForWidth(label->width());
    }
    load->close();
}

TEST_F(PageWalk, WhatTheModelSawAndTheFullView) {
    open();
    loadModel();
    converse();
    emit find<MessageListView>("messageList")->actionRequested(1, MessageAction::ShowSeen);
    engine.settle();
    QWidget* const seen = dialog("seenDialog");
    walk(*seen);
    seen->close();
    emit find<MessageListView>("messageList")->pictureActivated(1, 0);
    engine.settle();
    QWidget* const full = dialog("fullView");
    walk(*full);
    full->close();
}

TEST_F(PageWalk, SheetsAndQuestions) {
    open();
    loadModel();
    converse();
    ASSERT_TRUE(waitFor([&] { return find<QListView>("historyList")->currentIndex().isValid(); }));
    const std::pair<const char*, const char*> dialogs[] = {
        {"helpKeyboard", "shortcuts"}, {"helpAbout", "about"}, {"renameConversation", "renameDialog"}};
    for (const auto& [action, name] : dialogs) {
        trigger(action);
        QWidget* const shown = dialog(name);
        walk(*shown);
        shown->close();
    }
    showSide(1);
    click("savePreset");
    QWidget* const ask = dialog("presetDialog");
    walk(*ask);
    ask->close();
}

TEST_F(PageWalk, Menus) {
    open();
    loadModel();
    for (QAction* menu : window->menuBar()->actions()) {
        ASSERT_NE(menu->menu(), nullptr);
        for (const QAction* action : menu->menu()->actions()) {
            EXPECT_TRUE(action->isSeparator() || !action->text().isEmpty());
            EXPECT_TRUE(action->isSeparator() || !action->objectName().isEmpty()) << action->text().toStdString();
        }
        menu->menu()->popup({0, 0});
        spin();
        for (const char* theme : {"theme1", "theme2"}) {
            trigger(theme);
            spin();
            expectNone(faintTexts(*menu->menu()), theme);
        }
        menu->menu()->close();
    }
}

TEST_F(PageWalk, KeysAreTheOnesOfThePlan) {
    open();
    loadModel();
    const std::pair<const char*, const char*> keys[] = {
        {"sendAction", "Ctrl+Return"}, {"stopAction", "Esc"}, {"newChatAction", "Ctrl+N"}, {"addImageAction", "Ctrl+O"},
        {"page0", "Ctrl+1"},           {"page1", "Ctrl+2"},   {"page2", "Ctrl+3"},         {"helpKeyboard", "F1"}};
    for (const auto& [action, key] : keys)
        EXPECT_TRUE(find<QAction>(action)->shortcuts().contains(QKeySequence(QLatin1String(key)))) << action;
    // Pressed where a person is most of the time: in the text.
    auto* const edit = find<QWidget>("messageEdit");
    QTest::keyClick(edit, Qt::Key_3, Qt::ControlModifier);
    EXPECT_TRUE(find<QWidget>("logPage")->isVisible());
    QTest::keyClick(find<QWidget>("logText"), Qt::Key_2, Qt::ControlModifier);
    EXPECT_TRUE(edit->isVisible());
    EXPECT_EQ(QApplication::focusWidget(), edit);
    engine.answer<protocol::ChatRequest>({protocol::TokenEvent{1, "One", std::nullopt, {}}});
    type(QStringLiteral("Count."));
    QTest::keyClick(edit, Qt::Key_Return, Qt::ControlModifier);
    ASSERT_TRUE(waitFor([&] { return engine.requestsOf<protocol::ChatRequest>().size() == 1; }));
    engine.settle();
    QTest::keyClick(edit, Qt::Key_Escape);
    EXPECT_EQ(engine.requestsOf<protocol::CancelRequest>().size(), 1U);
    engine.settle();
    QTest::keyClick(edit, Qt::Key_N, Qt::ControlModifier);
    EXPECT_TRUE(find<QWidget>("chatGuidance")->isVisible());
}

// Mnemonics are translated one by one.
TEST_F(PageWalk, NoKeysClashInTurkish) {
    const Spoken spoken(QStringLiteral("tr"));
    open();
    expectNone(clashingKeys(*window), "models");
    loadModel();
    window->addPictures({file(QStringLiteral("rings.png"))});
    engine.settle();
    trigger("addAddressAction");
    for (const int tab : {0, 1}) {
        showSide(tab);
        expectNone(clashingKeys(*window), "chat");
        expectNone(namelessControls(*window), "names");
    }
    emit find<ModelsPage>("modelsPage")->openRequested(QStringLiteral("google/gemma-3-4b-it"), QStringLiteral("Gemma 3 4B"));
    QWidget* const load = dialog("loadDialog");
    expectNone(clashingKeys(*load), "load");
    load->close();
}

TEST_F(PageWalk, TheKeyboardSheetNamesKeysOfPaintedViewsToo) {
    open();
    trigger("helpKeyboard");
    auto* const sheet = qobject_cast<QMessageBox*>(dialog("shortcuts"));
    ASSERT_NE(sheet, nullptr);
    for (const char* key : {"F2", "Home, End", "PgUp, PgDown", "Ins, Del", "Left, Right, Up, Down"})
        EXPECT_TRUE(sheet->text().contains(QStringLiteral("<b>%1</b>").arg(QLatin1String(key)))) << key;
    // One key, another meaning in each list.
    for (const char* meaning : {"Conversations: Delete", "Pictures of the message: Remove"})
        EXPECT_TRUE(sheet->text().contains(QLatin1String(meaning))) << meaning << sheet->text().toStdString();
    sheet->close();
}

TEST_F(PageWalk, PaintedViewsFollowInWords) {
    open();
    loadModel();
    window->addPictures({file(QStringLiteral("rings.png"))});
    engine.settle();
    auto* const editor = find<QWidget>("cropEditor");
    const QString before = editor->accessibleDescription();
    EXPECT_TRUE(before.contains(QStringLiteral("640"))) << before.toStdString();
    click("addCrop");
    EXPECT_NE(editor->accessibleDescription(), before);
}

// ---- The walk itself: each of its questions finds what it is there for.

class WalkItself : public testing::Test {
protected:
    WalkItself() {
        new QVBoxLayout(&root);
        good = add<QPushButton>("good");
        good->setText(QStringLiteral("&Good"));
    }
    template <class W>
    W* add(const char* name) {
        auto* made = new W(&root);
        made->setObjectName(QLatin1String(name));
        root.layout()->addWidget(made);
        return made;
    }
    void show() {
        root.show();
        root.activateWindow();
        QApplication::setActiveWindow(&root);
        ASSERT_TRUE(QTest::qWaitForWindowActive(&root));
    }
    QWidget root;
    QPushButton* good = nullptr;
};

TEST_F(WalkItself, AGoodPageHasNoFaults) {
    add<QLineEdit>("field")->setAccessibleName(QStringLiteral("Field"));
    show();
    EXPECT_TRUE((namelessControls(root) + wordlessViews(root) + unreachableControls(root) + clashingKeys(root) +
                 tabOrderFaults(root) + faintTexts(root))
                    .isEmpty());
}

TEST_F(WalkItself, FindsAControlWithoutAName) {
    add<QLineEdit>("field");  // nothing says what it is for
    add<QPushButton>("")->setText(QStringLiteral("Named"));
    add<QPushButton>("sign")->setText(QStringLiteral("⟳"));
    show();
    EXPECT_EQ(namelessControls(root).size(), 3) << namelessControls(root).join(QLatin1Char('\n')).toStdString();
}

TEST_F(WalkItself, FindsWhatNoKeyReaches) {
    add<QPushButton>("mouse")->setFocusPolicy(Qt::NoFocus);
    add<QPushButton>("clicked")->setFocusPolicy(Qt::ClickFocus);
    show();
    EXPECT_EQ(unreachableControls(root).size(), 2);
}

TEST_F(WalkItself, FindsClashingKeys) {
    add<QPushButton>("other")->setText(QStringLiteral("A&gain"));
    show();
    EXPECT_EQ(clashingKeys(root).size(), 1);
    for (const char* name : {"one", "two"}) {
        auto* action = new QAction(QLatin1String(name), &root);
        action->setShortcut(QKeySequence(QStringLiteral("Ctrl+K")));
        root.addAction(action);
    }
    EXPECT_EQ(clashingKeys(root).size(), 2);
}

TEST_F(WalkItself, FindsAWrongOrderOfTab) {
    auto* second = add<QPushButton>("second");
    auto* third = add<QPushButton>("third");
    show();
    EXPECT_TRUE(tabOrderFaults(root).isEmpty());
    QWidget::setTabOrder(third, second);
    QWidget::setTabOrder(good, third);
    EXPECT_FALSE(tabOrderFaults(root).isEmpty());
}

TEST_F(WalkItself, FindsAPlaceThatCannotBeLeft) {
    add<QTextEdit>("text");  // Tab writes a tabulator in it
    show();
    EXPECT_FALSE(tabOrderFaults(root).isEmpty());
}

TEST_F(WalkItself, ReadsContrastFromPixels) {
    auto* label = add<QLabel>("label");
    label->setText(QStringLiteral("Some words to read"));
    const auto paint = [&](QColor text, QColor ground) {
        QPalette palette;
        palette.setColor(QPalette::WindowText, text);
        palette.setColor(QPalette::Window, ground);
        label->setAutoFillBackground(true);
        label->setPalette(palette);
        show();
        return contrastIn(root.grab().toImage(), QRect(label->pos(), label->size()));
    };
    EXPECT_GT(paint(Qt::black, Qt::white), 20.0);
    EXPECT_NEAR(paint(QColor(0x767676), Qt::white), 4.54, 0.1);
    EXPECT_TRUE(faintTexts(root).isEmpty());
    EXPECT_NEAR(paint(QColor(0x888888), Qt::white), 3.54, 0.1);
    EXPECT_EQ(faintTexts(root).size(), 1);
}

}  // namespace
}  // namespace lapidary::gui::test
