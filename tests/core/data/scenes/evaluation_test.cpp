#include "core/data/scenes/evaluation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

namespace lapidary::scenes {
namespace {

const std::vector<AskedScene>& evaluationSet() {
    static const auto scenes = askedScenes(Split::Test, kEvaluationSeed, kEvaluationQuestions);
    return scenes;
}

TEST(EvaluationSet, HasTwoThousandQuestionsOfEveryPromisedKind) {
    std::map<Kind, int> kinds;
    int questions = 0;
    for (const AskedScene& asked : evaluationSet()) {
        EXPECT_GE(asked.questions.size(), 1U);
        EXPECT_LE(asked.questions.size(), 4U);
        for (const Question& question : asked.questions) {
            ++kinds[question.kind];
            ++questions;
        }
    }
    EXPECT_EQ(questions, kEvaluationQuestions);
    ASSERT_EQ(kinds.size(), kPromisedKinds);
    for (const auto& [kind, count] : kinds) {
        EXPECT_LT(indexOf(kind), kPromisedKinds);
        EXPECT_GE(count, 140) << nameOf(kind);
        EXPECT_LE(count, 220) << nameOf(kind);
    }
}

// What somebody gets who knows all answers' frequencies and sees nothing: the bound that blank pictures are held to.
TEST(EvaluationSet, GuessingDoesNotPay) {
    std::map<Kind, std::map<std::string, int>> answers;
    for (const AskedScene& asked : evaluationSet()) {
        for (const Question& question : asked.questions) ++answers[question.kind][question.answer];
    }
    int guessed = 0;
    for (const auto& [kind, counts] : answers) {
        int most = 0;
        int all = 0;
        for (const auto& [answer, count] : counts) {
            most = std::max(most, count);
            all += count;
        }
        // An either-or question gives every other answer away.
        EXPECT_LE(most, (counts.size() == 2 ? 0.62 : 0.45) * all) << nameOf(kind);
        // "which is larger, A or B?" too, though its answers are many.
        guessed += kind == Kind::Compare ? (all + 1) / 2 : most;
    }
    EXPECT_LE(guessed, 0.40 * kEvaluationQuestions);
}

TEST(EvaluationSet, AnyNumberOfQuestionsCanBeHad) {
    for (const std::int64_t count : {1, 13, 250}) {
        std::int64_t questions = 0;
        for (const AskedScene& asked : askedScenes(Split::Train, 1, count)) questions += std::ssize(asked.questions);
        EXPECT_EQ(questions, count);
    }
}

TEST(EvaluationSet, SomeKindsAloneCanBeHad) {
    const std::array<Kind, 2> kinds{Kind::Colour, Kind::SmallPrint};
    std::map<Kind, int> found;
    for (const AskedScene& asked : askedScenes(Split::Train, 1, 39, kinds)) {
        for (const Question& question : asked.questions) ++found[question.kind];
    }
    EXPECT_EQ(found, (std::map<Kind, int>{{Kind::Colour, 17}, {Kind::SmallPrint, 22}})) << "160 to 220, the rest to the first";
    EXPECT_EQ(askedScenes(Split::Train, 1, 1, std::array{Kind::SmallPrint}).size(), 1U);
}

TEST(EvaluationSet, ShowsPicturesInThreeWays) {
    auto scenes = askedScenes(Split::Test, kEvaluationSeed, 60);
    const auto panAndScan = EvaluationDataset::create(scenes, Showing::PanAndScan);
    const auto wholeOnly = EvaluationDataset::create(scenes, Showing::WholeOnly);
    const auto blank = EvaluationDataset::create(scenes, Showing::Blank);
    ASSERT_TRUE(panAndScan && wholeOnly && blank);
    EXPECT_NE((*panAndScan)->fingerprint(), (*wholeOnly)->fingerprint());
    bool sawCrops = false;
    for (std::int64_t i = 0; i < (*panAndScan)->size(); ++i) {
        const auto a = (*panAndScan)->packedSample(i);
        const auto b = (*wholeOnly)->packedSample(i);
        const auto c = (*blank)->packedSample(i);
        ASSERT_TRUE(a && b && c);
        const Scene& scene = scenes[static_cast<std::size_t>(i)].scene;
        EXPECT_EQ(a->sample.views.size(), scene.form == Form::Square ? 1U : static_cast<std::size_t>(scene.squares) + 1);
        EXPECT_EQ(b->sample.views.size(), 1U);
        EXPECT_EQ(a->sample.views.front().sha256, b->sample.views.front().sha256);
        EXPECT_EQ(a->sample.ids, c->sample.ids) << "the same questions, nothing to see";
        const auto& pixels = c->sample.views.front().rgb;
        for (std::size_t at = 3; at < pixels.size(); ++at) ASSERT_EQ(pixels[at], pixels[at % 3]);
        sawCrops = sawCrops || a->sample.views.size() > 1;
        ASSERT_EQ(a->questions.size(), scenes[static_cast<std::size_t>(i)].questions.size());
        for (std::size_t q = 0; q < a->questions.size(); ++q)
            EXPECT_EQ(a->questions[q].question, scenes[static_cast<std::size_t>(i)].questions[q]);
    }
    EXPECT_TRUE(sawCrops);
}

// Two numbers name the set; this one says that they still name the same.
TEST(EvaluationSet, StaysAsItIs) {
    const auto dataset = EvaluationDataset::create(evaluationSet(), Showing::PanAndScan);
    ASSERT_TRUE(dataset);
    EXPECT_EQ((*dataset)->fingerprint(), "bf3ad198c9e68c4cafc008c2ae91ef9801bf78c468312da4ebdcff49a36e9413");
}

}  // namespace
}  // namespace lapidary::scenes
