#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/data/scenes/make_scene.h"
#include "core/data/scenes/words.h"
#include "tests/core/data/scenes/every_setting.h"

namespace lapidary::scenes {
namespace {

template <class Check>
void forEveryScene(const Check& check) {
    for (const SceneSettings& settings : everySetting()) {
        for (std::uint64_t index = 0; index < 200; ++index)
            check(makeScene(sceneKey(Split::Train, 1, index), settings), settings);
    }
}

TEST(SceneLayout, PanAndScanCutsBetweenTheSquares) {
    forEveryScene([](const Scene& scene, const SceneSettings&) {
        const auto crops = rules::panAndScanCrops(scene.width, scene.height, kPanAndScan);
        if (scene.form == Form::Square) {
            EXPECT_TRUE(crops.empty()) << scene.width << " x " << scene.height;
            return;
        }
        ASSERT_EQ(std::ssize(crops), scene.squares) << scene.width << " x " << scene.height;
        for (const rules::CropBox& crop : crops) {
            EXPECT_EQ(crop.right - crop.left, scene.form == Form::Wide ? scene.width / scene.squares : scene.width);
            EXPECT_EQ(crop.bottom - crop.top, scene.form == Form::Tall ? scene.height / scene.squares : scene.height);
        }
        EXPECT_GE(std::min(scene.width, scene.height), 224);
        EXPECT_LE(std::min(scene.width, scene.height), 288);
    });
}

TEST(SceneLayout, AnObjectHasACellOfItsOwn) {
    forEveryScene([](const Scene& scene, const SceneSettings& settings) {
        if (settings.layout == Layout::Tokens) return;
        std::set<std::pair<int, int>> cells;
        for (const SceneObject& object : scene.objects) {
            EXPECT_TRUE(cells.emplace(object.column, object.row).second);
            EXPECT_GE(object.x - object.radius, object.column * scene.cellWidth());
            EXPECT_LE(object.x + object.radius, (object.column + 1) * scene.cellWidth());
            EXPECT_GE(object.y - object.radius, object.row * scene.cellHeight());
            EXPECT_LE(object.y + object.radius, (object.row + 1) * scene.cellHeight());
            const double share = object.radius / std::min(scene.cellWidth(), scene.cellHeight());
            EXPECT_TRUE(object.size == Size::Large ? share >= 0.40 && share <= 0.45 : share >= 0.20 && share <= 0.24) << share;
        }
        for (const Sign& sign : scene.signs) {
            EXPECT_TRUE(cells.emplace(sign.column, sign.row).second);
            EXPECT_TRUE(cells.emplace(sign.column + 1, sign.row).second);
        }
    });
}

TEST(SceneLayout, ASignHasTwoCellsOfOneCrop) {
    forEveryScene([](const Scene& scene, const SceneSettings& settings) {
        if (settings.layout == Layout::Tokens) return;
        std::set<int> rows;
        std::set<Plate> plates;
        for (const Sign& sign : scene.signs) {
            EXPECT_NE(sign.column % 3, 2);
            EXPECT_GE(sign.left, sign.column * scene.cellWidth());
            EXPECT_LE(sign.right, (sign.column + 2) * scene.cellWidth());
            EXPECT_GE(sign.top, sign.row * scene.cellHeight());
            EXPECT_LE(sign.bottom, (sign.row + 1) * scene.cellHeight() + 1e-9);
            EXPECT_TRUE(rows.insert(sign.row).second);
            EXPECT_TRUE(plates.insert(sign.plate).second);
        }
    });
}

TEST(SceneLayout, LettersLieInsideTheirPlateAndInOneRowOfTokens) {
    forEveryScene([](const Scene& scene, const SceneSettings& settings) {
        for (const Sign& sign : scene.signs) {
            const double toView = static_cast<double>(kViewSize) / (3.0 * scene.cellHeight());
            const double cap = sign.capHeight * toView;
            EXPECT_GE(cap, 10.0 - 1e-9);
            EXPECT_LE(cap, scene.form != Form::Square ? 12.0 : 13.0);
            EXPECT_GT(sign.textLeft, sign.left);
            EXPECT_LT(sign.centreOf(sign.text.size() - 1) + 0.5 * sign.glyphWidth, sign.right);
            EXPECT_GT(sign.textTop, sign.top);
            EXPECT_LT(sign.textTop + sign.capHeight, sign.bottom);
            const double crop = 3.0 * scene.cellHeight();
            const double first = std::fmod(sign.textTop, crop) * toView / (kViewSize / 4.0);
            const double last = first + cap / (kViewSize / 4.0);
            EXPECT_EQ(std::floor(first), std::floor(last)) << static_cast<int>(settings.layout) << " " << first << " " << last;
        }
    });
}

// NOTE [Small print] in scene.h: 7 to 9 view pixels in the crop, below 3 in the whole picture.
TEST(SceneLayout, ALetterOfSmallPrintIsNarrowInTheWholePictureAndWideInTheCrop) {
    int letters = 0;
    forEveryScene([&](const Scene& scene, const SceneSettings&) {
        if (scene.form == Form::Square) return;
        for (const Sign& sign : scene.signs) {
            const double whole = sign.advance * static_cast<double>(kViewSize) / static_cast<double>(scene.width);
            EXPECT_LT(whole, 2.7);
            EXPECT_GT(whole * scene.squares, 7.2);
            letters += static_cast<int>(sign.text.size());
        }
    });
    EXPECT_GT(letters, 300);
}

TEST(SceneLayout, CountsAreBounded) {
    std::set<std::size_t> objects;
    std::set<std::size_t> signs;
    forEveryScene([&](const Scene& scene, const SceneSettings& settings) {
        if (settings.layout != Layout::Mixed) return;
        objects.insert(scene.objects.size());
        signs.insert(scene.signs.size());
        std::set<std::pair<Colour, Shape>> different;
        for (const SceneObject& object : scene.objects) EXPECT_TRUE(different.emplace(object.colour, object.shape).second);
        if (scene.form == Form::Tall || scene.squares == 2) {
            EXPECT_TRUE(scene.signs.empty());
        }
    });
    EXPECT_EQ(objects, (std::set<std::size_t>{1, 2, 3, 4, 5}));
    EXPECT_EQ(signs, (std::set<std::size_t>{0, 1, 2}));
}

TEST(SceneLayout, WordsHaveThreeOrFourClearCapitalsAndNumbersTwoOrThreeDigits) {
    Random random(2);
    for (int i = 0; i < 2000; ++i) {
        const std::string word = randomWord(random, Split::Train);
        EXPECT_TRUE(word.size() == 3 || word.size() == 4) << word;
        EXPECT_EQ(word.find_first_not_of(kLetters), std::string::npos) << word;
        EXPECT_EQ(word.find_first_of("OIQ"), std::string::npos) << word;
        const std::string number = randomNumber(random, Split::Train);
        EXPECT_TRUE(number.size() == 2 || number.size() == 3) << number;
        const std::string practice = randomString(random, Split::Train, 4);
        const bool letters = practice.find_first_of(kDigits) == std::string::npos;
        EXPECT_EQ(practice.find_first_not_of(letters ? kLetters : kDigits), std::string::npos) << practice;
    }
}

TEST(SceneRandom, EveryNumberIsAFunctionOfKeyAndCounter) {
    Random a(7);
    (void)a.next();
    Random b(7);
    (void)b.next();
    EXPECT_EQ(a.next(), b.next());
    EXPECT_EQ(a.fork(3).next(), Random(7).fork(3).next()) << "a fork does not depend on what was drawn";
    EXPECT_NE(Random(7).next(), Random(8).next());
    // SplitMix64's first numbers are public: key mix(key + golden ratio) here.
    EXPECT_EQ(mix(kGoldenRatio), 0xE220A8397B1DCDAFU);
}

TEST(SceneRandom, WeightsDecide) {
    Random random(3);
    const std::array<double, 4> weights{0.0, 1.0, 3.0, 0.0};
    std::array<int, 4> drawn{};
    for (int i = 0; i < 8000; ++i) ++drawn[random.weighted(weights)];
    EXPECT_EQ(drawn[0], 0);
    EXPECT_EQ(drawn[3], 0);
    EXPECT_NEAR(drawn[2] / 8000.0, 0.75, 0.02);
}

}  // namespace
}  // namespace lapidary::scenes
