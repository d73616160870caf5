#include "gui/chat/pan_and_scan_geometry.h"

#include <gtest/gtest.h>

#include <random>

namespace lapidary::gui {
namespace {

using rules::CropBox;

PanAndScanGeometry fitted(std::int64_t width, std::int64_t height, const QRectF& area) {
    PanAndScanGeometry geometry(width, height);
    geometry.fit(area);
    return geometry;
}

TEST(PanAndScanGeometry, FitsThePictureIntoTheMiddle) {
    const PanAndScanGeometry geometry = fitted(1000, 500, QRectF(10, 20, 200, 200));
    EXPECT_DOUBLE_EQ(geometry.zoom(), 0.2);
    EXPECT_EQ(geometry.pictureRect(), QRectF(10, 70, 200, 100));
    EXPECT_EQ(geometry.toWidget(QPointF(500, 250)), QPointF(110, 120));
    EXPECT_EQ(geometry.toPicture(QPointF(110, 120)), QPointF(500, 250));
}

TEST(PanAndScanGeometry, NoPictureAndNoRoomAreNoTrouble) {
    PanAndScanGeometry none;
    none.fit(QRectF(0, 0, 100, 100));
    EXPECT_TRUE(none.isEmpty());
    EXPECT_EQ(none.dragged({1, 2, 3, 4}, Grip::Inside, {0, 0}, {50, 50}), (CropBox{1, 2, 3, 4}));
    EXPECT_FALSE(none.summary({}, -1).isEmpty());
    const PanAndScanGeometry hidden = fitted(65535, 65535, QRectF(0, 0, 0, 0));
    EXPECT_GT(hidden.zoom(), 0.0);
    EXPECT_EQ(hidden.dragged({0, 0, 10, 10}, Grip::Inside, {0, 0}, {1e9, 1e9}), (CropBox{65525, 65525, 65535, 65535}));
}

TEST(PanAndScanGeometry, FindsEdgesCornersAndTheInside) {
    const PanAndScanGeometry geometry = fitted(400, 400, QRectF(0, 0, 400, 400));
    const std::vector<CropBox> crops{{100, 100, 200, 300}};
    const auto grip = [&](double x, double y) { return geometry.hit(crops, QPointF(x, y)).grip; };
    EXPECT_EQ(grip(150, 200), Grip::Inside);
    EXPECT_EQ(grip(103, 200), Grip::Left);
    EXPECT_EQ(grip(196, 200), Grip::Right);
    EXPECT_EQ(grip(150, 97), Grip::Top);
    EXPECT_EQ(grip(150, 304), Grip::Bottom);
    EXPECT_EQ(grip(98, 98), Grip::TopLeft);
    EXPECT_EQ(grip(202, 98), Grip::TopRight);
    EXPECT_EQ(grip(98, 302), Grip::BottomLeft);
    EXPECT_EQ(grip(202, 302), Grip::BottomRight);
    EXPECT_EQ(grip(50, 50), Grip::None);
    EXPECT_EQ(geometry.hit(crops, QPointF(50, 50)).crop, -1);
}

TEST(PanAndScanGeometry, TheCurrentCropIsFoundFirstThenTheLast) {
    const PanAndScanGeometry geometry = fitted(400, 400, QRectF(0, 0, 400, 400));
    const std::vector<CropBox> crops{{0, 0, 200, 400}, {200, 0, 400, 400}, {0, 0, 400, 400}};
    EXPECT_EQ(geometry.hit(crops, QPointF(100, 200)).crop, 2);
    EXPECT_EQ(geometry.hit(crops, QPointF(100, 200), 0), (CropHit{0, Grip::Inside}));
    EXPECT_EQ(geometry.hit(crops, QPointF(199, 200), 0), (CropHit{0, Grip::Right}));
    EXPECT_EQ(geometry.hit(crops, QPointF(199, 200), 1), (CropHit{1, Grip::Left}));
}

TEST(PanAndScanGeometry, ATinyCropCanStillBeMoved) {
    const PanAndScanGeometry geometry = fitted(400, 400, QRectF(0, 0, 400, 400));
    EXPECT_EQ(geometry.hit({{100, 100, 109, 109}}, QPointF(104.5, 104.5)).grip, Grip::Inside);
}

TEST(PanAndScanGeometry, DraggingStaysInsideInWholePixels) {
    const PanAndScanGeometry geometry = fitted(1000, 1000, QRectF(0, 0, 100, 100));
    const CropBox box{100, 200, 300, 400};
    EXPECT_EQ(geometry.dragged(box, Grip::Inside, {0, 0}, {1.26, -0.52}), (CropBox{113, 195, 313, 395}));
    EXPECT_EQ(geometry.dragged(box, Grip::Inside, {0, 0}, {500, -500}), (CropBox{800, 0, 1000, 200}));
    EXPECT_EQ(geometry.dragged(box, Grip::Left, {0, 0}, {50, 50}), (CropBox{299, 200, 300, 400}));
    EXPECT_EQ(geometry.dragged(box, Grip::TopLeft, {0, 0}, {-50, -50}), (CropBox{0, 0, 300, 400}));
    EXPECT_EQ(geometry.dragged(box, Grip::BottomRight, {0, 0}, {-90, 90}), (CropBox{100, 200, 101, 1000}));
}

TEST(PanAndScanGeometry, DrawsBetweenTwoPoints) {
    const PanAndScanGeometry geometry = fitted(1000, 1000, QRectF(0, 0, 100, 100));
    EXPECT_EQ(geometry.drawn({10, 20}, {30.04, 40}), (CropBox{100, 200, 300, 400}));
    EXPECT_EQ(geometry.drawn({30, 20}, {-5, 400}), (CropBox{0, 200, 300, 1000}));
    // At least one pixel, also at the border.
    EXPECT_EQ(geometry.drawn({10, 20}, {10, 20}), (CropBox{100, 200, 101, 201}));
    EXPECT_EQ(geometry.drawn({100, 100}, {200, 200}), (CropBox{999, 999, 1000, 1000}));
}

TEST(PanAndScanGeometry, NudgesMoveAndResize) {
    const PanAndScanGeometry geometry(100, 100);
    EXPECT_EQ(geometry.nudged({10, 10, 20, 20}, Nudge::Move, 10, -1), (CropBox{20, 9, 30, 19}));
    EXPECT_EQ(geometry.nudged({10, 10, 20, 20}, Nudge::Resize, 10, -1), (CropBox{10, 10, 30, 19}));
    EXPECT_EQ(geometry.nudged({10, 10, 20, 20}, Nudge::Resize, -10, -100), (CropBox{10, 10, 11, 11}));
}

TEST(PanAndScanGeometry, WhateverIsDoneACropLiesInThePicture) {
    std::mt19937 random(7);
    const auto number = [&](std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(random);
    };
    for (int round = 0; round < 2000; ++round) {
        const std::int64_t width = number(1, 50);
        const std::int64_t height = number(1, 50);
        const PanAndScanGeometry geometry(width, height);
        CropBox box{number(-60, 60), number(-60, 60), number(-60, 60), number(-60, 60)};
        const auto grip = static_cast<Grip>(number(1, 9));
        box = geometry.dragged(box, grip, {0, 0},
                               QPointF(static_cast<double>(number(-99, 99)), static_cast<double>(number(-99, 99))));
        EXPECT_TRUE(0 <= box.left && box.left < box.right && box.right <= width) << round;
        EXPECT_TRUE(0 <= box.top && box.top < box.bottom && box.bottom <= height) << round;
    }
}

TEST(PanAndScanGeometry, ANewCropLiesWhereNoneIs) {
    const PanAndScanGeometry geometry(320, 160);
    std::vector<CropBox> crops{geometry.newCrop({})};
    EXPECT_EQ(crops[0], (CropBox{80, 40, 240, 120}));
    crops.push_back(geometry.newCrop(crops));
    EXPECT_EQ(crops[1], (CropBox{100, 50, 260, 130}));
    EXPECT_EQ(PanAndScanGeometry(1, 1).newCrop({}), (CropBox{0, 0, 1, 1}));
}

TEST(PanAndScanGeometry, TellsTheCropInWords) {
    const PanAndScanGeometry geometry(640, 480);
    EXPECT_EQ(geometry.summary({}, -1), "A picture of 640 by 480 pixels without crops.");
    const QString summary = geometry.summary({{0, 0, 10, 10}, {320, 5, 640, 480}}, 1);
    EXPECT_TRUE(summary.contains("Crop 2: 320 by 475 pixels, 320 from the left and 5 from the top.")) << summary.toStdString();
}

}  // namespace
}  // namespace lapidary::gui
