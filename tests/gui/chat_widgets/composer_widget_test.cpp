#include "gui/chat_widgets/composer_widget.h"

#include <gtest/gtest.h>

#include <QAction>
#include <QClipboard>
#include <QDragEnterEvent>
#include <QGuiApplication>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QPalette>
#include <QSignalSpy>
#include <QTest>
#include <QTextEdit>
#include <QUrl>
#include <filesystem>

#include "gui/chat_widgets/engine_pictures.h"
#include "gui/chat_widgets/full_view.h"
#include "gui/widgets/theme.h"
#include "tests/gui/support/picture_script.h"
#include "tests/support/places.h"
#include "tests/support/temp_dir.h"

namespace lapidary::gui {
namespace {

class ComposerWidgetTest : public testing::Test {
protected:
    ComposerWidgetTest() {
        test::scriptPicture(engine, test::goldenPath("../../resources/demo/pictures/images/test-25-000005.png").string(),
                            folder.path().string());
        widget.resize(720, 280);
        widget.show();
        widget.activateWindow();
        EXPECT_TRUE(QTest::qWaitForWindowActive(&widget, 20'000));  // shortcuts belong to the active window
        edit->setFocus();
    }

    QAction& action(const char* name) { return *widget.findChild<QAction*>(QLatin1String(name)); }
    void paste(QMimeData* data) {
        QGuiApplication::clipboard()->setMimeData(data);
        edit->paste();
    }
    // Thumbnails are read on another thread.
    void settle() {
        engine.settle();
        widget.grab();
        for (int row = 0; row < composer.pictures().rowCount(); ++row) {
            const QString path =
                composer.pictures().inspection(composer.pictures().order()[static_cast<std::size_t>(row)])->thumbnail;
            EXPECT_TRUE(QTest::qWaitFor([&] { return !pictures.image(path).isNull(); }, 20'000));
        }
    }
    void screenshot(const char* name) {
        const auto file = test::buildPath("screenshots") / name;
        std::filesystem::create_directories(file.parent_path());
        EXPECT_TRUE(widget.grab().save(QString::fromStdString(file.string())));
    }

    test::TempDir folder;
    test::FakeEngine engine;
    ComposerModel composer{engine};
    PreviewViewModel preview{engine, composer};
    EnginePictures pictures;
    ComposerWidget widget{composer, preview, pictures};
    QTextEdit* edit = widget.findChild<QTextEdit*>(QStringLiteral("messageEdit"));
};

TEST_F(ComposerWidgetTest, TypesAndSends) {
    QSignalSpy submitted(&composer, &ComposerModel::submitted);
    QTest::keyClicks(edit, "hello");
    QTest::keyClick(edit, Qt::Key_Return);
    QTest::keyClicks(edit, "you");
    EXPECT_EQ(submitted.count(), 0);
    QTest::keyClick(edit, Qt::Key_Return, Qt::ControlModifier);
    EXPECT_EQ(submitted.count(), 1);
    EXPECT_EQ(composer.take()[0].text, "hello\nyou");
    EXPECT_TRUE(edit->toPlainText().isEmpty());
}

TEST_F(ComposerWidgetTest, EscapeStopsWhileAnAnswerComes) {
    QSignalSpy stopped(&widget, &ComposerWidget::stopRequested);
    QTest::keyClick(edit, Qt::Key_Escape);
    EXPECT_EQ(stopped.count(), 0);
    widget.setAnswering(true);
    QTest::keyClick(edit, Qt::Key_Escape);
    EXPECT_EQ(stopped.count(), 1);
    widget.setAnswering(false);
    EXPECT_FALSE(action("stopAction").isEnabled());
}

TEST_F(ComposerWidgetTest, CtrlOAsksForPictures) {
    QSignalSpy asked(&widget, &ComposerWidget::addImageRequested);
    QTest::keyClick(edit, Qt::Key_O, Qt::ControlModifier);
    EXPECT_EQ(asked.count(), 1);
    QTest::keyClicks(edit, "ab");
    QTest::keyClick(edit, Qt::Key_Left);
    widget.addFiles({"/c.png"});
    EXPECT_EQ(composer.parts().size(), 3u);
    QTest::keyClicks(edit, "x");
    EXPECT_EQ(composer.parts()[2].text, "xb");
}

TEST_F(ComposerWidgetTest, TypingGoesOnBehindANewPicture) {
    QTest::keyClicks(edit, "ab");
    QTest::keyClick(edit, Qt::Key_Left);
    auto* const button = widget.findChild<QWidget*>(QStringLiteral("addImageButton"));
    button->setFocus();
    widget.addFiles({"/c.png", "/d.png"});
    ASSERT_TRUE(edit->hasFocus());
    QTest::keyClicks(edit, "x");
    ASSERT_EQ(composer.parts().size(), 4u);
    EXPECT_EQ(composer.parts()[3].text, "xb");
    // So it is when they are dropped on the text.
    button->setFocus();
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile("/e.png")});
    const QPoint at = edit->cursorRect().center();
    QDragEnterEvent enter(at, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(edit->viewport(), &enter);
    QDropEvent drop(at, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(edit->viewport(), &drop);
    ASSERT_TRUE(edit->hasFocus());
    QTest::keyClicks(edit, "y");
    ASSERT_EQ(composer.parts().size(), 6u);
    EXPECT_EQ(composer.parts()[4].picture->path, "/e.png");
    EXPECT_EQ(composer.parts()[5].text, "yb");
}

TEST_F(ComposerWidgetTest, FilesArePastedBetweenWords) {
    QTest::keyClicks(edit, "left right");
    QTextCursor cursor = edit->textCursor();
    cursor.setPosition(5);
    edit->setTextCursor(cursor);
    auto* const data = new QMimeData;
    data->setUrls({QUrl::fromLocalFile("/a picture ü.png"), QUrl::fromLocalFile("/b.jpg")});
    paste(data);
    const auto parts = composer.parts();
    ASSERT_EQ(parts.size(), 4u);
    EXPECT_EQ(parts[1].picture->path, QString::fromUtf8("/a picture ü.png"));
    EXPECT_EQ(parts[3].text, "right");
}

TEST_F(ComposerWidgetTest, ModelsAndFoldersAreForTheWindow) {
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile("/models/gemma.gguf"), QUrl::fromLocalFile("/models/gemma")});
    QDragEnterEvent enter(QPoint(5, 5), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(edit->viewport(), &enter);
    EXPECT_FALSE(enter.isAccepted());
}

TEST_F(ComposerWidgetTest, APastedPictureIsHandedOnUndecoded) {
    QSignalSpy pasted(&widget, &ComposerWidget::imagePasted);
    auto* const data = new QMimeData;
    data->setData("image/jpeg", "not really a picture");
    paste(data);
    ASSERT_EQ(pasted.count(), 1);
    EXPECT_EQ(pasted[0][0].toByteArray(), "not really a picture");
    EXPECT_EQ(pasted[0][1].toString(), "jpeg");
}

TEST_F(ComposerWidgetTest, APictureWithoutBytesIsEncoded) {
    QSignalSpy pasted(&widget, &ComposerWidget::imagePasted);
    auto* const data = new QMimeData;
    data->setImageData(QImage(3, 2, QImage::Format_RGB32));
    paste(data);
    ASSERT_TRUE(QTest::qWaitFor([&] { return pasted.count() == 1; }, 20'000));
    EXPECT_TRUE(pasted[0][0].toByteArray().startsWith("\x89PNG"));
}

TEST_F(ComposerWidgetTest, Fault22_ADroppedAddressWaitsForThePerson) {
    auto* const data = new QMimeData;
    data->setUrls({QUrl("https://example.org/cat.png")});
    paste(data);
    EXPECT_EQ(composer.pictures().rowCount(), 0);
    auto* const address = widget.findChild<QLineEdit*>(QStringLiteral("addressEdit"));
    ASSERT_TRUE(address->isVisible());
    EXPECT_EQ(address->text(), "https://example.org/cat.png");
    QTest::keyClick(address, Qt::Key_Return);
    EXPECT_EQ(composer.pictures().rowCount(), 1);
    EXPECT_FALSE(address->isVisible());
}

TEST_F(ComposerWidgetTest, CutAndPasteCarriesPicturesAlong) {
    QTest::keyClicks(edit, "one two");
    composer.addFiles({"/a.png"}, 3);
    edit->selectAll();
    edit->cut();
    EXPECT_TRUE(composer.isEmpty());
    EXPECT_EQ(QGuiApplication::clipboard()->text(), "one two");
    edit->paste();
    const auto parts = composer.parts();
    ASSERT_EQ(parts.size(), 3u);
    EXPECT_EQ(parts[1].picture->path, "/a.png");
    edit->undo();
    edit->undo();
    EXPECT_EQ(composer.parts().size(), 3u);
}

TEST_F(ComposerWidgetTest, TheRowOfPicturesIsWorkedByKeys) {
    auto* const list = widget.findChild<QListView*>(QStringLiteral("pictureList"));
    EXPECT_FALSE(list->isVisible());
    composer.addFiles({"/a.png", "/b.png"});
    settle();
    ASSERT_TRUE(list->isVisible());
    list->setFocus();
    EXPECT_EQ(list->currentIndex().row(), 1);
    QTest::keyClick(list, Qt::Key_Left, Qt::AltModifier);
    EXPECT_EQ(composer.parts()[0].picture->path, "/b.png");
    EXPECT_EQ(list->currentIndex().row(), 0);
    QTest::keyClick(list, Qt::Key_Right);
    EXPECT_EQ(preview.picture(), composer.pictures().order()[1]);
    QTest::keyClick(list, Qt::Key_Return);
    auto* const view = widget.findChild<FullView*>();
    ASSERT_NE(view, nullptr);
    view->close();
    QTest::keyClick(list, Qt::Key_Delete);
    ASSERT_EQ(composer.parts().size(), 1u);
    EXPECT_EQ(composer.parts()[0].picture->path, "/b.png");
}

TEST_F(ComposerWidgetTest, ANoticeOffersToRemoveWhatCannotBeRead) {
    test::refusePictures(engine, "bad", 10, 10);
    composer.addFiles({"/bad.png"});
    engine.settle();
    action("sendAction").trigger();
    auto* const notice = widget.findChild<QLabel*>(QStringLiteral("composerNoticeText"));
    EXPECT_TRUE(notice->isVisible());
    EXPECT_TRUE(notice->text().contains("bad.png"));
    auto* const remove = widget.findChild<QWidget*>(QStringLiteral("removeFailedButton"));
    ASSERT_TRUE(remove->isVisible());
    QTest::mouseClick(remove, Qt::LeftButton);
    EXPECT_EQ(composer.pictures().rowCount(), 0);
    EXPECT_FALSE(notice->isVisible());
}

TEST_F(ComposerWidgetTest, EveryControlHasANameAndAWayByKeyboard) {
    for (const QWidget* const control : widget.findChildren<QWidget*>()) {
        if (control->focusPolicy() == Qt::NoFocus || control->objectName().startsWith("qt_")) continue;
        EXPECT_FALSE(control->objectName().isEmpty()) << control->metaObject()->className();
        const bool named = !control->accessibleName().isEmpty() || control->property("text").isValid();
        EXPECT_TRUE(named) << control->objectName().toStdString();
        EXPECT_TRUE(control->focusPolicy() & Qt::TabFocus) << control->objectName().toStdString();
    }
}

TEST_F(ComposerWidgetTest, Screenshots) {
    screenshot("composer-empty.png");
    QTest::keyClicks(edit, "Which shape is in the middle of ");
    composer.addFiles({"/pictures/first shapes.png"}, edit->textCursor().position());
    QTest::keyClicks(edit, " and which one in ");
    composer.addFiles({"/pictures/a very long name of a file that nobody can read in a tile.png"},
                      edit->textCursor().position());
    QTest::keyClicks(edit, "?");
    settle();
    engine.answer<protocol::ThumbnailRequest>({protocol::ErrorEvent{"invalid_file", "this is a PDF", {}}});
    composer.addFiles({"/scan.png"}, edit->textCursor().position());
    engine.settle();
    composer.submit();
    widget.setAnswering(true);
    screenshot("composer.png");
    widget.setPalette(Theme::darkTheme().palette());
    screenshot("composer-dark.png");
}

}  // namespace
}  // namespace lapidary::gui
