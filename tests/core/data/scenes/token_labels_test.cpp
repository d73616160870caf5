#include "core/data/scenes/token_labels.h"

#include <gtest/gtest.h>

#include <set>

#include "core/data/scenes/words.h"
#include "tests/core/data/scenes/every_setting.h"

namespace lapidary::scenes {
namespace {

// A picture whose pixels are view pixels.
Scene viewScene() {
    Scene scene;
    scene.width = scene.height = kViewSize;
    return scene;
}
constexpr rules::CropBox kWhole{0, 0, kViewSize, kViewSize};

SceneObject objectAt(double x, double y, double radius) {
    SceneObject object;
    object.shape = Shape::Star;
    object.colour = Colour::Blue;
    object.size = Size::Small;
    object.x = x;
    object.y = y;
    object.radius = radius;
    return object;
}

Sign signAt(double textLeft, double textTop, const std::string& text) {
    Sign sign;
    sign.text = text;
    sign.plate = Plate::Cyan;
    sign.textLeft = textLeft;
    sign.textTop = textTop;
    sign.capHeight = 11.0;
    sign.glyphWidth = 6.0;
    sign.advance = 8.0;
    return sign;
}

int label(const TokenLabels& labels, TokenHead head, int row, int column) {
    return labels[indexOf(head)][static_cast<std::size_t>(row) * kTokensPerSide + static_cast<std::size_t>(column)];
}

TEST(TokenLabels, NothingIsLabelledWhereNothingIsDrawn) {
    const TokenLabels labels = tokenLabels(viewScene(), kWhole);
    for (int row = 0; row < 4; ++row) {
        for (int column = 0; column < 4; ++column) {
            EXPECT_EQ(label(labels, TokenHead::Row, row, column), row);
            EXPECT_EQ(label(labels, TokenHead::Column, row, column), column);
            EXPECT_EQ(label(labels, TokenHead::Object, row, column), 0);
            EXPECT_EQ(label(labels, TokenHead::Letters, row, column), 0);
            for (const TokenHead head :
                 {TokenHead::Colour, TokenHead::Shape, TokenHead::Size, TokenHead::Plate, TokenHead::Char1, TokenHead::Char2,
                  TokenHead::Char3, TokenHead::Char4, TokenHead::Start})
                EXPECT_EQ(label(labels, head, row, column), kNoTokenLabel);
        }
    }
}

TEST(TokenLabels, AnObjectBelongsToEveryTokenThatHoldsAFifthOfIt) {
    Scene scene = viewScene();
    scene.objects = {objectAt(56.0, 42.0, 8.0)};  // on the border of columns 1 and 2, in the middle of row 1
    const TokenLabels labels = tokenLabels(scene, kWhole);
    for (const int column : {1, 2}) {
        EXPECT_EQ(label(labels, TokenHead::Object, 1, column), 1);
        EXPECT_EQ(label(labels, TokenHead::Colour, 1, column), static_cast<int>(indexOf(Colour::Blue)));
        EXPECT_EQ(label(labels, TokenHead::Shape, 1, column), static_cast<int>(indexOf(Shape::Star)));
        EXPECT_EQ(label(labels, TokenHead::Size, 1, column), static_cast<int>(indexOf(Size::Small)));
    }
    EXPECT_EQ(label(labels, TokenHead::Object, 1, 0), 0);
    EXPECT_EQ(label(labels, TokenHead::Object, 0, 1), 0);
}

TEST(TokenLabels, ASliverOfAnObjectIsLeftOpen) {
    Scene scene = viewScene();
    scene.objects = {objectAt(16.0, 42.0, 14.0)};  // 2 of its 28 pixels reach over column 1
    const TokenLabels labels = tokenLabels(scene, kWhole);
    EXPECT_EQ(label(labels, TokenHead::Object, 1, 0), 1);
    EXPECT_EQ(label(labels, TokenHead::Object, 1, 1), kNoTokenLabel);
    EXPECT_EQ(label(labels, TokenHead::Colour, 1, 1), kNoTokenLabel);
}

TEST(TokenLabels, TwoObjectsInOneTokenAreLeftOpen) {
    Scene scene = viewScene();
    scene.objects = {objectAt(28.0, 42.0, 8.0), objectAt(54.0, 42.0, 8.0)};
    scene.objects[1].colour = Colour::Red;
    const TokenLabels labels = tokenLabels(scene, kWhole);
    EXPECT_EQ(label(labels, TokenHead::Colour, 1, 0), static_cast<int>(indexOf(Colour::Blue)));
    EXPECT_EQ(label(labels, TokenHead::Colour, 1, 1), kNoTokenLabel);
    EXPECT_EQ(label(labels, TokenHead::Colour, 1, 2), static_cast<int>(indexOf(Colour::Red)));
}

TEST(TokenLabels, CharactersBelongToTheTokenOfTheirMiddle) {
    Scene scene = viewScene();
    scene.signs = {signAt(10.0, 60.0, "KEB7")};  // middles at 13, 21, 29, 37: two in column 0, two in column 1; row 2
    const TokenLabels labels = tokenLabels(scene, kWhole);
    EXPECT_EQ(label(labels, TokenHead::Letters, 2, 0), 2);
    EXPECT_EQ(label(labels, TokenHead::Letters, 2, 1), 2);
    EXPECT_EQ(label(labels, TokenHead::Letters, 2, 2), 0);
    EXPECT_EQ(label(labels, TokenHead::Char1, 2, 0), characterClass('K'));
    EXPECT_EQ(label(labels, TokenHead::Char2, 2, 0), characterClass('E'));
    EXPECT_EQ(label(labels, TokenHead::Char3, 2, 0), kNoTokenLabel);
    EXPECT_EQ(label(labels, TokenHead::Char1, 2, 1), characterClass('B'));
    EXPECT_EQ(label(labels, TokenHead::Char2, 2, 1), characterClass('7'));
    EXPECT_EQ(label(labels, TokenHead::Start, 2, 0), 0);
    EXPECT_EQ(label(labels, TokenHead::Start, 2, 1), 2);
    EXPECT_EQ(label(labels, TokenHead::Plate, 2, 1), static_cast<int>(indexOf(Plate::Cyan)));
    EXPECT_EQ(label(labels, TokenHead::Char1, 1, 0), kNoTokenLabel);
}

TEST(TokenLabels, AnotherCropsSignIsNotSeen) {
    Scene scene = viewScene();
    scene.width = 3 * kViewSize;
    scene.signs = {signAt(10.0 + kViewSize, 60.0, "KEB")};
    const TokenLabels first = tokenLabels(scene, {0, 0, kViewSize, kViewSize});
    const TokenLabels second = tokenLabels(scene, {kViewSize, 0, 2 * kViewSize, kViewSize});
    EXPECT_EQ(label(first, TokenHead::Letters, 2, 3), 0);
    EXPECT_EQ(label(first, TokenHead::Char1, 2, 3), kNoTokenLabel);
    EXPECT_EQ(label(second, TokenHead::Char1, 2, 0), characterClass('K'));
}

TEST(TokenLabels, SqueezedPrintIsLeftOpen) {
    Scene scene = viewScene();
    scene.width = 4 * kViewSize;
    scene.signs = {signAt(10.0, 60.0, "KEB")};  // 2 view pixels a letter
    const TokenLabels labels = tokenLabels(scene, {0, 0, 4 * kViewSize, kViewSize});
    EXPECT_EQ(label(labels, TokenHead::Letters, 2, 0), kNoTokenLabel);
    EXPECT_EQ(label(labels, TokenHead::Char1, 2, 0), kNoTokenLabel);
}

// Every character of every sign is labelled once, in its crop's view.
TEST(TokenLabels, NoCharacterIsLostOrDoubled) {
    for (const SceneSettings& settings : everySetting()) {
        for (std::uint64_t index = 0; index < 100; ++index) {
            const Scene scene = makeScene(sceneKey(Split::Train, 2, index), settings);
            auto boxes = rules::panAndScanCrops(scene.width, scene.height, kPanAndScan);
            if (boxes.empty()) boxes = {{0, 0, scene.width, scene.height}};
            std::multiset<int> expected;
            for (const Sign& sign : scene.signs) {
                for (const char c : sign.text) expected.insert(characterClass(c));
            }
            std::multiset<int> found;
            for (const auto& box : boxes) {
                const TokenLabels labels = tokenLabels(scene, box);
                for (std::size_t token = 0; token < kTokensPerView; ++token) {
                    const std::int8_t count = labels[indexOf(TokenHead::Letters)][token];
                    ASSERT_GE(count, 0);
                    for (int i = 0; i < 4; ++i) {
                        const std::int8_t character = labels[indexOf(TokenHead::Char1) + static_cast<std::size_t>(i)][token];
                        EXPECT_EQ(character != kNoTokenLabel, i < count);
                        if (i < count) found.insert(character);
                    }
                }
            }
            EXPECT_EQ(found, expected);
        }
    }
}

TEST(TokenLabels, ClassesOfCharacters) {
    EXPECT_EQ(characterClass('A'), 0);
    EXPECT_EQ(characterClass('Z'), 22);
    EXPECT_EQ(characterClass('0'), 23);
    EXPECT_EQ(characterClass('9'), 32);
    EXPECT_EQ(characterClass('O'), kNoTokenLabel);
}

}  // namespace
}  // namespace lapidary::scenes
