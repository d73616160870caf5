// The reserve rule in both directions: training never sees what the test set has, the test set has nothing that training may see.
#include "core/data/scenes/held_out.h"

#include <gtest/gtest.h>

#include <set>

#include "core/data/scenes/evaluation.h"
#include "core/data/scenes/scene_dataset.h"
#include "core/data/scenes/words.h"
#include "tests/core/data/scenes/every_setting.h"

namespace lapidary::scenes {
namespace {

TEST(HeldOut, KeysOfTheSplitsNeverMeet) {
    std::set<std::uint64_t> keys;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        for (std::uint64_t index = 0; index < 500; ++index) {
            for (const Split split : {Split::Train, Split::Test}) {
                const std::uint64_t key = sceneKey(split, seed, index);
                EXPECT_EQ(splitOfKey(key), split);
                EXPECT_TRUE(keys.insert(key).second) << seed << " " << index;
            }
        }
    }
}

TEST(HeldOut, WordsNumbersAndStringsLieOnTheirSide) {
    Random random(1);
    std::set<std::string> trained;
    std::set<std::string> tested;
    for (int i = 0; i < 3000; ++i) {
        for (const Split split : {Split::Train, Split::Test}) {
            auto& seen = split == Split::Train ? trained : tested;
            seen.insert(randomWord(random, split));
            seen.insert(randomNumber(random, split));
            for (int length = 2; length <= 4; ++length) seen.insert(randomString(random, split, length));
        }
    }
    for (const std::string& text : trained) EXPECT_FALSE(isReservedText(text)) << text;
    for (const std::string& text : tested) {
        EXPECT_TRUE(isReservedText(text)) << text;
        EXPECT_FALSE(trained.contains(text)) << text;
    }
}

TEST(HeldOut, AboutOneInEightIsReserved) {
    int reserved = 0;
    for (int number = 10; number < 1000; ++number) reserved += isReservedText(std::to_string(number)) ? 1 : 0;
    EXPECT_NEAR(reserved / 990.0, 1.0 / 8.0, 0.04);
    EXPECT_FALSE(isReservedText("A"));
}

TEST(HeldOut, ScenesOfEveryKindKeepTheRule) {
    for (const SceneSettings& settings : everySetting()) {
        for (std::uint64_t index = 0; index < 300; ++index) {
            for (const Split split : {Split::Train, Split::Test}) {
                const Scene scene = makeScene(sceneKey(split, 3, index), settings);
                const bool reserved = split == Split::Test;
                EXPECT_EQ(isReservedCombination(scene), reserved) << combinationOf(scene);
                for (const Sign& sign : scene.signs) {
                    if (sign.text.size() > 1) {
                        EXPECT_EQ(isReservedText(sign.text), reserved) << sign.text;
                    }
                }
            }
        }
    }
}

TEST(HeldOut, CombinationIsASetOfColouredShapesAndTexts) {
    Scene scene;
    scene.objects.resize(3);
    scene.objects[0].shape = Shape::Star;
    scene.objects[2].colour = Colour::Black;
    scene.objects[1] = scene.objects[2];
    scene.signs.resize(1);
    scene.signs[0].text = "KEB";
    EXPECT_EQ(combinationOf(scene), "black circle|red star|KEB");
}

// What the rule is for, seen from outside: everything that a run is asked to print, against the evaluation set.
TEST(HeldOut, NothingPrintedInTrainingIsPrintedInTheEvaluationSet) {
    std::set<std::string> printed;
    std::set<std::string> combinations;
    for (const AskedScene& asked : askedScenes(Split::Test, kEvaluationSeed, kEvaluationQuestions)) {
        for (const Sign& sign : asked.scene.signs) printed.insert(sign.text);
        combinations.insert(combinationOf(asked.scene));
    }
    ASSERT_GT(printed.size(), 200U);
    for (const AskedScene& asked : askedScenes(Split::Train, kEvaluationSeed, kEvaluationQuestions)) {
        for (const Sign& sign : asked.scene.signs) EXPECT_FALSE(printed.contains(sign.text)) << sign.text;
        EXPECT_FALSE(combinations.contains(combinationOf(asked.scene))) << combinationOf(asked.scene);
    }
    SceneMix mix;
    mix.pictures.cells = mix.pictures.strings = 1.0;
    mix.kinds = {};
    for (const Kind kind : {Kind::Print, Kind::SmallPrint, Kind::String}) mix.kinds[indexOf(kind)] = 1.0;
    const auto dataset = SceneDataset::create(mix, kEvaluationSeed, 300);
    ASSERT_TRUE(dataset) << dataset.error().toString();
    for (std::int64_t index = 0; index < 300; ++index) {
        const auto sample = (*dataset)->packedSample(index);
        ASSERT_TRUE(sample) << sample.error().toString();
        for (const PackedQuestion& asked : sample->questions) {
            if (asked.question.answer.size() > 1) {
                EXPECT_FALSE(printed.contains(asked.question.answer)) << asked.question.answer;
            }
        }
    }
}

}  // namespace
}  // namespace lapidary::scenes
