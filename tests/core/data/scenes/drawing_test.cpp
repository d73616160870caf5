#include "core/data/scenes/draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/data/image/image_processor.h"
#include "core/data/scenes/canvas.h"
#include "core/data/scenes/font.h"
#include "tests/core/data/scenes/every_setting.h"

namespace lapidary::scenes {
namespace {

constexpr Rgb kWhite{255, 255, 255};
constexpr Rgb kBlack{0, 0, 0};

// Black on white: how much of each pixel is covered, summed.
double covered(Canvas& canvas) {
    const auto pixels = canvas.takePixels();
    double sum = 0.0;
    for (std::size_t i = 0; i < pixels.size(); i += 3) sum += (255 - pixels[i]) / 255.0;
    return sum;
}

TEST(Canvas, AreasAreThoseOfTheForms) {
    constexpr double kPi = 3.14159265358979;
    Canvas rectangle(40, 40, kWhite);
    rectangle.rectangle(3.25, 5.5, 20.75, 30.25, kBlack);
    EXPECT_NEAR(covered(rectangle), 17.5 * 24.75, 0.01 * 433);
    Canvas disc(40, 40, kWhite);
    disc.ring({19.3, 20.4}, 12.0, 0.0, kBlack);
    EXPECT_NEAR(covered(disc), kPi * 144.0, 3.0);
    Canvas ring(40, 40, kWhite);
    ring.ring({19.3, 20.4}, 12.0, 6.0, kBlack);
    EXPECT_NEAR(covered(ring), kPi * (144.0 - 36.0), 3.0);
    Canvas triangle(40, 40, kWhite);
    const std::array<Point, 3> corners{{{5.0, 30.0}, {35.0, 30.0}, {20.0, 4.0}}};
    triangle.polygon(corners, kBlack);
    EXPECT_NEAR(covered(triangle), 0.5 * 30.0 * 26.0, 3.0);
    Canvas stroke(40, 40, kWhite);
    const std::array<Segment, 1> line{{{{10.0, 20.0}, {30.0, 20.0}}}};
    stroke.strokes(line, 3.0, kBlack);
    EXPECT_NEAR(covered(stroke), 20.0 * 6.0 + kPi * 9.0, 2.0);
}

TEST(Canvas, WhatLiesOutsideIsLeftOut) {
    Canvas canvas(10, 10, kWhite);
    const std::array<Segment, 1> line{{{{-30.0, -30.0}, {-20.0, -25.0}}}};
    canvas.strokes(line, 3.0, kBlack);
    canvas.ring({50.0, 5.0}, 10.0, 2.0, kBlack);
    canvas.rectangle(-5.0, -5.0, 0.0, 20.0, kBlack);
    EXPECT_EQ(covered(canvas), 0.0);
    Canvas full(10, 10, kWhite);
    full.rectangle(-5.0, -5.0, 50.0, 50.0, kBlack);
    EXPECT_NEAR(covered(full), 100.0, 1e-9);
}

TEST(Font, EveryCapitalAndDigitHasLinesOfItsOwn) {
    std::set<std::vector<double>> forms;
    for (const char c : std::string("ABCDEFGHIJKLMNPQRSTUVWXYZ0123456789")) {
        std::vector<double> numbers;
        for (const Segment& line : glyphLines(c)) {
            for (const Point& end : {line.from, line.to}) {
                EXPECT_TRUE(end.x >= 0.0 && end.x <= kGlyphGridWidth && end.y >= 0.0 && end.y <= kGlyphGridHeight) << c;
                numbers.insert(numbers.end(), {end.x, end.y});
            }
        }
        EXPECT_FALSE(numbers.empty()) << c;
        EXPECT_TRUE(forms.insert(numbers).second) << c;
    }
    EXPECT_TRUE(glyphLines('a').empty());
    EXPECT_EQ(glyphLines('L').size(), 2U);
    EXPECT_EQ(glyphLines('H').size(), 3U);
}

TEST(Drawing, AnObjectHasItsColourWhereItIs) {
    for (std::uint64_t index = 0; index < 50; ++index) {
        const Scene scene = makeScene(sceneKey(Split::Train, 1, index), {});
        const image::Picture picture = drawScene(scene);
        ASSERT_EQ(std::ssize(picture.rgb), picture.width * picture.height * 3);
        for (const SceneObject& object : scene.objects) {
            const double right = object.shape == Shape::Ring ? 0.75 * object.radius : 0.0;  // a ring is open in its middle
            const auto x = static_cast<std::int64_t>(object.x + right);
            const auto y = static_cast<std::int64_t>(object.y);
            const std::uint8_t* pixel = picture.rgb.data() + (y * picture.width + x) * 3;
            EXPECT_EQ(pixel[0], object.rgb.red) << nameOf(object.shape);
            EXPECT_EQ(pixel[1], object.rgb.green);
            EXPECT_EQ(pixel[2], object.rgb.blue);
        }
    }
}

// Ink has to be there in a view of a crop: dark pixels in each letter's column, and between letters none.
TEST(Drawing, LettersOfSmallPrintStandApartInTheCrop) {
    image::ImageProcessorSettings settings;
    settings.size = kViewSize;
    const auto processor = image::ImageProcessor::create(settings);
    ASSERT_TRUE(processor);
    int letters = 0;
    for (std::uint64_t index = 0; index < 60; ++index) {
        SceneSettings wide;
        wide.form = Form::Wide;
        wide.squares = 3 + static_cast<int>(index % 4) / 2;
        const Scene scene = makeScene(sceneKey(Split::Train, 1, index), wide);
        const auto views = processor->views(drawScene(scene), {image::CropMode::PanAndScan, kPanAndScan, {}});
        ASSERT_TRUE(views);
        for (const Sign& sign : scene.signs) {
            const int crop = 1 + (scene.form == Form::Wide ? sign.column : sign.row) / 3;
            const image::View& view = (*views)[static_cast<std::size_t>(crop)];
            const double scaleX = kViewSize / static_cast<double>(view.box.right - view.box.left);
            const double scaleY = kViewSize / static_cast<double>(view.box.bottom - view.box.top);
            const auto darkest = [&](double x) {
                int level = 255;
                const auto column = static_cast<std::int64_t>((x - static_cast<double>(view.box.left)) * scaleX);
                const auto first = static_cast<std::int64_t>((sign.textTop - static_cast<double>(view.box.top)) * scaleY);
                const auto last = first + static_cast<std::int64_t>(sign.capHeight * scaleY);
                for (std::int64_t y = first; y <= last; ++y)
                    level = std::min<int>(level, view.rgb[static_cast<std::size_t>((y * kViewSize + column) * 3 + 1)]);
                return level;
            };
            for (std::size_t i = 0; i < sign.text.size(); ++i) {
                const double left = sign.centreOf(i) - 0.5 * sign.glyphWidth;
                int ink = 255;
                for (double x = left; x < left + sign.glyphWidth; x += 1.0) ink = std::min(ink, darkest(x));
                EXPECT_LT(ink, 110) << sign.text[i];
                ++letters;
            }
        }
    }
    EXPECT_GT(letters, 100);
}

TEST(Drawing, ABlankPictureHasOneColour) {
    const Scene scene = makeScene(sceneKey(Split::Train, 1, 1), {});
    const image::Picture blank = blankPicture(scene);
    EXPECT_EQ(blank.width, scene.width);
    ASSERT_EQ(std::ssize(blank.rgb), scene.width * scene.height * 3);
    for (std::size_t i = 0; i < blank.rgb.size(); i += 3) {
        ASSERT_EQ(blank.rgb[i], scene.background.red);
        ASSERT_EQ(blank.rgb[i + 1], scene.background.green);
        ASSERT_EQ(blank.rgb[i + 2], scene.background.blue);
    }
}

// The bytes of these scenes are the same on every machine; a change here changes what every seed means.
TEST(Drawing, ScenesAreTheSameEverywhere) {
    std::vector<std::uint8_t> bytes;
    for (const SceneSettings& settings : everySetting()) {
        const image::Picture picture = drawScene(makeScene(sceneKey(Split::Train, 42, 0), settings));
        bytes.insert(bytes.end(), picture.rgb.begin(), picture.rgb.end());
    }
    EXPECT_EQ(image::sha256Hex(bytes), "508c14ce1ff5c7fdc9b9ddb5dc1ae1510e78fb08774ec63ab8641351890fd8c4");
}

}  // namespace
}  // namespace lapidary::scenes
