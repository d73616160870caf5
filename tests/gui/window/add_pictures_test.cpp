// Pictures as a person adds them: where the dialog opens, and that writing goes on behind them.
#include <QAbstractButton>
#include <QDir>
#include <QFileDialog>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QStandardPaths>
#include <QTextEdit>
#include <QUrl>

#include "tests/gui/support/picture_script.h"
#include "tests/gui/window/window_fixture.h"

namespace lapidary::gui::test {
namespace {

class AddPictures : public WindowTest {
protected:
    void SetUp() override {
        m_home = qgetenv("HOME");
        QDir(folder()).mkpath(QStringLiteral("Pictures"));
        qputenv("HOME", folder().toUtf8());
        open();
        loadModel();
        lapidary::test::scriptPictures(engine, 640, 256);
    }
    void TearDown() override { qputenv("HOME", m_home); }
    [[nodiscard]] QFileDialog& fileDialog() const {
        auto* const button = find<QAbstractButton>("addImageButton");
        button->setFocus();
        click("addImageButton");
        return dynamic_cast<QFileDialog&>(*dialog("pictureDialog"));
    }
    // As a person does it: the name, and Open.
    void accept(QFileDialog& dialog, const QString& path) const {
        dialog.findChild<QLineEdit*>(QStringLiteral("fileNameEdit"))->setText(path);
        static_cast<QDialog&>(dialog).accept();
        QApplication::setActiveWindow(window.get());
        ASSERT_TRUE(QTest::qWaitForWindowActive(window.get()));
    }
    // Typed to whatever has the focus.
    void goOn(const QString& text) const {
        auto* const edit = find<QTextEdit>("messageEdit");
        ASSERT_TRUE(waitFor([&] { return edit->hasFocus(); }));
        QTest::keyClicks(QApplication::focusWidget(), text);
    }
    [[nodiscard]] QString draft() const {
        return find<QTextEdit>("messageEdit")->toPlainText().replace(QChar::ObjectReplacementCharacter, QLatin1Char('#'));
    }

private:
    QByteArray m_home;
};

TEST_F(AddPictures, WritingGoesOnBehindThem) {
    writePicture(file(QStringLiteral("one.png")));
    type(QStringLiteral("See "));
    accept(fileDialog(), file(QStringLiteral("one.png")));
    goOn(QStringLiteral(" and "));
    EXPECT_EQ(draft(), "See # and ");
    find<QAbstractButton>("sendButton")->setFocus();
    window->addPictures({writePicture(file(QStringLiteral("two.png")))});  // dropped on the window
    goOn(QStringLiteral(" here"));
    EXPECT_EQ(draft(), "See # and # here");
    find<QAction>("addAddressAction")->trigger();
    auto* const address = find<QLineEdit>("addressEdit");
    address->setText(QStringLiteral("https://example.org/three.png"));
    QTest::keyClick(address, Qt::Key_Return);
    goOn(QStringLiteral("."));
    EXPECT_EQ(draft(), "See # and # here#.");
}

TEST_F(AddPictures, TheDialogOpensWhereItWasUsedLast) {
    const QDir pictures(QStandardPaths::writableLocation(QStandardPaths::PicturesLocation));
    ASSERT_TRUE(pictures.exists());
    QFileDialog& first = fileDialog();
    EXPECT_EQ(first.directory(), pictures);
    QDir(folder()).mkpath(QStringLiteral("holiday"));
    const QString picture = writePicture(file(QStringLiteral("holiday/beach.png")));
    accept(first, picture);
    EXPECT_EQ(find<QListView>("pictureList")->model()->rowCount(), 1);
    const QDir holiday(file(QStringLiteral("holiday")));
    QFileDialog& second = fileDialog();
    EXPECT_EQ(second.directory(), holiday);
    second.close();
    close();
    open();
    loadModel();
    QFileDialog& third = fileDialog();
    EXPECT_EQ(third.directory(), holiday);
    third.close();
    // A folder that has gone is no place to begin.
    settings->setValue(QStringLiteral("pictures/folder"), file(QStringLiteral("gone")));
    QFileDialog& fourth = fileDialog();
    EXPECT_EQ(fourth.directory(), pictures);
    fourth.close();
}

}  // namespace
}  // namespace lapidary::gui::test
