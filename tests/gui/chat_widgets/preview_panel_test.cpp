#include "gui/chat_widgets/preview_panel.h"

#include <gtest/gtest.h>

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QListView>
#include <QPalette>
#include <QPushButton>
#include <QSpinBox>
#include <QTest>
#include <filesystem>

#include "gui/chat/tile_roles.h"
#include "gui/chat_widgets/crop_editor.h"
#include "gui/chat_widgets/engine_pictures.h"
#include "gui/widgets/theme.h"
#include "tests/gui/support/picture_script.h"
#include "tests/support/places.h"
#include "tests/support/temp_dir.h"

namespace lapidary::gui {
namespace {

using Mode = PictureViews::Mode;
using State = PictureInspection::State;
using rules::CropBox;

// The picture has 708 x 255 pixels.
class PreviewPanelTest : public testing::Test {
protected:
    PreviewPanelTest() {
        test::scriptPicture(engine, test::goldenPath("../../resources/demo/pictures/images/test-25-000005.png").string(),
                            folder.path().string());
        panel.resize(420, 760);
        panel.show();
        panel.activateWindow();
    }

    template <class Widget>
    Widget& child(const char* name) {
        return *panel.findChild<Widget*>(QLatin1String(name));
    }
    void add() {
        composer.addFiles({"/pictures/shapes.png"});
        engine.settle();
    }
    void choose(Mode mode) {
        auto& box = child<QComboBox>("viewMode");
        box.setCurrentIndex(box.findData(static_cast<int>(mode)));
        emit box.activated(box.currentIndex());
    }
    void waitUntilReady() {
        EXPECT_TRUE(QTest::qWaitFor([&] { return preview.state() == State::Ready; }, 20'000));
    }
    void waitForImages() {
        panel.grab();
        for (int row = 0; row < preview.views().rowCount(); ++row) {
            const QString path = preview.views().index(row).data(TileImage).toString();
            EXPECT_TRUE(QTest::qWaitFor([&] { return !pictures.image(path).isNull(); }, 20'000));
        }
        EXPECT_TRUE(QTest::qWaitFor([&] { return !pictures.image(preview.original()).isNull(); }, 20'000));
    }
    void screenshot(const char* name) {
        const auto file = test::buildPath("screenshots") / name;
        std::filesystem::create_directories(file.parent_path());
        EXPECT_TRUE(panel.grab().save(QString::fromStdString(file.string())));
    }

    test::TempDir folder;
    test::FakeEngine engine;
    ComposerModel composer{engine};
    PreviewViewModel preview{engine, composer};
    EnginePictures pictures;
    PreviewPanel panel{preview, pictures};
    CropEditor* editor = panel.findChild<CropEditor*>();
};

TEST_F(PreviewPanelTest, GuidesWhereNoPictureIs) {
    EXPECT_TRUE(child<QLabel>("previewGuidance").isVisible());
    screenshot("preview-empty.png");
    add();
    EXPECT_FALSE(child<QLabel>("previewGuidance").isVisible());
    EXPECT_TRUE(editor->isVisible());
}

TEST_F(PreviewPanelTest, ParametersCountWherePanAndScanIsOn) {
    add();
    EXPECT_FALSE(child<QSpinBox>("maxNumCrops").isEnabled());
    choose(Mode::On);
    EXPECT_TRUE(child<QSpinBox>("maxNumCrops").isEnabled());
    child<QSpinBox>("minCropSize").setValue(100);
    child<QSpinBox>("maxNumCrops").setValue(2);
    EXPECT_EQ(preview.crops().size(), 2u);
    child<QDoubleSpinBox>("minRatio").setValue(5.0);
    EXPECT_TRUE(preview.crops().empty());
    waitUntilReady();
    EXPECT_EQ(preview.views().rowCount(), 1);
}

TEST_F(PreviewPanelTest, CropsAreWorkedByKeys) {
    add();
    editor->setFocus();
    QTest::keyClick(editor, Qt::Key_Insert);
    ASSERT_EQ(preview.crops(), (std::vector<CropBox>{{177, 64, 531, 191}}));
    EXPECT_EQ(editor->current(), 0);
    QTest::keyClick(editor, Qt::Key_Left);
    QTest::keyClick(editor, Qt::Key_Down, Qt::ShiftModifier);
    EXPECT_EQ(preview.crops()[0], (CropBox{176, 74, 530, 201}));
    QTest::keyClick(editor, Qt::Key_Right, Qt::ControlModifier | Qt::ShiftModifier);
    QTest::keyClick(editor, Qt::Key_Up, Qt::ControlModifier);
    EXPECT_EQ(preview.crops()[0], (CropBox{176, 74, 540, 200}));
    EXPECT_TRUE(editor->accessibleDescription().contains("Crop 1: 364 by 126 pixels"))
        << editor->accessibleDescription().toStdString();
    QTest::keyClick(editor, Qt::Key_Insert);
    EXPECT_EQ(editor->current(), 1);
    QTest::keyClick(editor, Qt::Key_PageDown);
    EXPECT_EQ(editor->current(), 0);
    QTest::keyClick(editor, Qt::Key_PageUp);
    EXPECT_EQ(editor->current(), 1);
    QTest::keyClick(editor, Qt::Key_Delete);
    EXPECT_EQ(preview.crops().size(), 1u);
}

TEST_F(PreviewPanelTest, ACropIsDraggedByTheMouse) {
    add();
    preview.editCrops({{100, 50, 300, 200}});
    PanAndScanGeometry geometry(708, 255);
    geometry.fit(QRectF(editor->rect()).adjusted(6, 6, -6, -6));
    const auto at = [&](double x, double y) { return geometry.toWidget(QPointF(x, y)).toPoint(); };
    // A click alone changes nothing.
    QTest::mouseClick(editor, Qt::LeftButton, {}, at(200, 125));
    EXPECT_EQ(editor->current(), 0);
    EXPECT_EQ(preview.crops()[0], (CropBox{100, 50, 300, 200}));
    QTest::mousePress(editor, Qt::LeftButton, {}, at(200, 125));
    QTest::mouseMove(editor, at(2000, 125));
    QTest::mouseRelease(editor, Qt::LeftButton, {}, at(2000, 125));
    EXPECT_EQ(preview.crops()[0].right, 708);
    EXPECT_EQ(preview.crops()[0].right - preview.crops()[0].left, 200);
    QTest::mouseClick(editor, Qt::LeftButton, {}, at(20, 20));
    EXPECT_EQ(editor->current(), -1);
}

TEST_F(PreviewPanelTest, ACropIsDrawnByTheMouse) {
    add();
    PanAndScanGeometry geometry(708, 255);
    geometry.fit(QRectF(editor->rect()).adjusted(6, 6, -6, -6));
    const auto at = [&](double x, double y) { return geometry.toWidget(QPointF(x, y)).toPoint(); };
    // Neither a click nor a hand that trembles makes one, nor a drag that begins beside the picture.
    QTest::mouseClick(editor, Qt::LeftButton, {}, at(200, 125));
    QTest::mousePress(editor, Qt::LeftButton, {}, at(200, 125));
    QTest::mouseMove(editor, at(200, 125) + QPoint(2, 1));
    QTest::mouseRelease(editor, Qt::LeftButton, {}, at(200, 125) + QPoint(2, 1));
    QTest::mousePress(editor, Qt::LeftButton, {}, at(200, 125) - QPoint(0, 200));
    QTest::mouseMove(editor, at(300, 200));
    QTest::mouseRelease(editor, Qt::LeftButton, {}, at(300, 200));
    EXPECT_TRUE(preview.crops().empty());
    EXPECT_EQ(preview.mode(), Mode::Model);
    // Against the way of reading, beyond the border, and with the size at the end of the drag.
    const auto draw = [&](const QPoint& from, const QPoint& over, const QPoint& to) {
        QTest::mousePress(editor, Qt::LeftButton, {}, from);
        QTest::mouseMove(editor, over);
        QTest::mouseMove(editor, to);
        QTest::mouseRelease(editor, Qt::LeftButton, {}, to);
    };
    draw(at(300, 200), at(250, 180), at(-50, 50));
    ASSERT_EQ(preview.crops().size(), 1U);
    EXPECT_EQ(editor->current(), 0);
    const CropBox box = preview.crops()[0];
    EXPECT_EQ(box.left, 0);
    EXPECT_NEAR(static_cast<double>(box.right), 300.0, 2.0);
    EXPECT_NEAR(static_cast<double>(box.top), 50.0, 2.0);
    EXPECT_NEAR(static_cast<double>(box.bottom), 200.0, 2.0);
    EXPECT_EQ(preview.mode(), Mode::Own);
    EXPECT_TRUE(child<QLabel>("previewDeparts").isVisible());
    draw(at(400, 20), at(500, 60), at(600, 100));
    EXPECT_EQ(preview.crops().size(), 2U);
    EXPECT_EQ(editor->current(), 1);
    // As many as the engine takes, and no more.
    preview.editCrops(std::vector<CropBox>(PreviewViewModel::kMostOwnCrops, CropBox{0, 0, 100, 100}));
    draw(at(400, 20), at(500, 60), at(600, 100));
    EXPECT_EQ(preview.crops().size(), static_cast<std::size_t>(PreviewViewModel::kMostOwnCrops));
}

TEST_F(PreviewPanelTest, DepartingIsSaidAndTakenBack) {
    add();
    auto& back = child<QPushButton>("backToReference");
    EXPECT_FALSE(back.isEnabled());
    EXPECT_FALSE(child<QLabel>("previewDeparts").isVisible());
    QTest::mouseClick(&child<QPushButton>("addCrop"), Qt::LeftButton);
    EXPECT_TRUE(child<QLabel>("previewDeparts").isVisible());
    EXPECT_EQ(child<QComboBox>("viewMode").currentData().toInt(), static_cast<int>(Mode::Own));
    QTest::mouseClick(&back, Qt::LeftButton);
    EXPECT_EQ(preview.mode(), Mode::Model);
    EXPECT_FALSE(child<QLabel>("previewDeparts").isVisible());
    EXPECT_EQ(editor->current(), -1);
}

TEST_F(PreviewPanelTest, AViewChoosesItsCrop) {
    add();
    preview.editCrops({{0, 0, 300, 255}, {300, 0, 708, 255}});
    waitUntilReady();
    auto& views = child<QListView>("previewViews");
    views.setCurrentIndex(preview.views().index(2));
    EXPECT_EQ(editor->current(), 1);
    views.setCurrentIndex(preview.views().index(0));
    EXPECT_EQ(editor->current(), -1);
}

TEST_F(PreviewPanelTest, NothingMovesWhileACropIsDragged) {
    add();
    const QRect before = editor->geometry();
    editor->addCrop();
    panel.grab();
    EXPECT_EQ(editor->geometry(), before);
    waitUntilReady();
    panel.grab();
    EXPECT_EQ(editor->geometry(), before);
}

TEST_F(PreviewPanelTest, AFailedPictureSaysWhatTheEngineSaid) {
    test::refusePictures(engine, "shapes", 10, 10);
    add();
    EXPECT_TRUE(child<QLabel>("previewProblem").text().contains("this is an SVG drawing"));
    EXPECT_FALSE(child<QPushButton>("addCrop").isEnabled());
}

TEST_F(PreviewPanelTest, EveryControlHasANameAndAWayByKeyboard) {
    for (const QWidget* const control : panel.findChildren<QWidget*>()) {
        if (control->focusPolicy() == Qt::NoFocus || control->objectName().startsWith("qt_")) continue;
        if (control->window() != &panel) continue;  // what a combo box opens
        EXPECT_FALSE(control->objectName().isEmpty()) << control->metaObject()->className();
        const bool named = !control->accessibleName().isEmpty() || control->property("text").isValid();
        EXPECT_TRUE(named) << control->objectName().toStdString();
    }
}

TEST_F(PreviewPanelTest, Screenshots) {
    add();
    composer.addFiles({"/pictures/second.png"});
    engine.settle();
    choose(Mode::On);
    child<QSpinBox>("minCropSize").setValue(128);
    waitUntilReady();
    editor->setCurrent(1);
    preview.setMillisecondsPerView(812.0);
    waitForImages();
    screenshot("preview.png");
    editor->addCrop();
    waitUntilReady();
    waitForImages();
    screenshot("preview-own.png");
    panel.setPalette(Theme::darkTheme().palette());
    screenshot("preview-dark.png");
}

}  // namespace
}  // namespace lapidary::gui
