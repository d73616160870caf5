#include "core/data/scenes/sample_packer.h"

#include <gtest/gtest.h>

#include "core/data/scenes/draw.h"
#include "core/data/scenes/evaluation.h"
#include "core/data/scenes/initial_model.h"
#include "core/data/scenes/scene_dataset.h"
#include "core/data/scenes/vocabulary.h"
#include "tests/core/data/scenes/every_setting.h"

namespace lapidary::scenes {
namespace {

processor::Gemma3Processor ownProcessor() {
    auto made = demoProcessor();
    if (!made) throw std::runtime_error(made.error().toString());
    return std::move(*made);
}

// The processor's own ids of one question and its answer.
processor::ProcessedPrompt alone(const processor::Gemma3Processor& processor, const image::Picture& picture,
                                 image::CropMode crops, const Question& question) {
    using text::ContentPart;
    const std::vector<ContentPart> content{{ContentPart::Type::Image, "", 0}, {ContentPart::Type::Text, question.text, -1}};
    const std::vector<text::Message> messages{{"user", content}, {"assistant", question.answer}};
    processor::ProcessSettings settings;
    settings.views = {crops, kPanAndScan, {}};
    auto prompt = processor.chat(messages, std::span(&picture, 1), text::AfterLastMessage::Nothing, settings);
    if (!prompt) throw std::runtime_error(prompt.error().toString());
    return std::move(*prompt);
}

TEST(SamplePacker, PrefixAndQuestionAreTheConversationAlone) {
    const auto processor = ownProcessor();
    const SamplePacker packer(processor);
    Random random(1);
    for (const SceneSettings& settings : everySetting()) {
        if (settings.layout == Layout::Tokens) continue;
        const Scene scene = makeScene(sceneKey(Split::Train, 9, 4), settings);
        const image::Picture picture = drawScene(scene);
        KindWeights kinds;
        kinds.fill(1.0);
        const auto questions = askSeveral(scene, kinds, 8, random);
        ASSERT_FALSE(questions.empty());
        for (const image::CropMode crops : {image::CropMode::PanAndScan, image::CropMode::None}) {
            const auto packed = packer.pack(picture, crops, questions);
            ASSERT_TRUE(packed) << packed.error().toString();
            const dataset::TrainingSample& sample = packed->sample;
            ASSERT_EQ(packed->questions.size(), questions.size());
            for (const PackedQuestion& asked : packed->questions) {
                const auto expected = alone(processor, picture, crops, asked.question);
                std::vector<std::int64_t> ids(sample.ids.begin(), sample.ids.begin() + sample.sharedPrefix);
                ids.insert(ids.end(), sample.ids.begin() + asked.begin, sample.ids.begin() + asked.end);
                // The label of the last one, and the turn's end, which predicts nothing.
                ids.push_back(sample.labels[static_cast<std::size_t>(asked.end - 1)]);
                ids.push_back(*processor.tokenizer().idOf("\n"));
                EXPECT_EQ(ids, expected.ids);
                ASSERT_EQ(sample.views.size(), expected.views.size());
                for (std::size_t i = 0; i < sample.views.size(); ++i)
                    EXPECT_EQ(sample.views[i].sha256, expected.views[i].sha256);
                EXPECT_EQ(sample.imageSpans, expected.imageSpans);
                ASSERT_EQ(sample.images.size(), 1U);
                EXPECT_EQ(sample.images[0].boxes, expected.images[0].boxes);
                EXPECT_EQ(sample.images[0].tokens, expected.images[0].tokens);
            }
        }
    }
}

TEST(SamplePacker, LabelsAreTheAnswersAndTheEndOfTheTurn) {
    const SamplePacker packer(ownProcessor());
    const Scene scene = makeScene(sceneKey(Split::Train, 9, 4), {});
    const std::vector<Question> questions{{Kind::Colour, "what colour is the circle?", "red"},
                                          {Kind::Print, "what does the sign say?", "KEB"}};
    const auto packed = packer.pack(drawScene(scene), image::CropMode::PanAndScan, questions);
    ASSERT_TRUE(packed) << packed.error().toString();
    const dataset::TrainingSample& sample = packed->sample;
    ASSERT_EQ(sample.labels.size(), sample.ids.size());
    ASSERT_EQ(sample.positions.size(), sample.ids.size());
    std::vector<std::int64_t> expected(sample.ids.size(), dataset::kNoLabel);
    for (const PackedQuestion& asked : packed->questions) {
        const auto answer = packer.processor().tokenizer().encode(asked.question.answer, text::SpecialTokens::AsText);
        ASSERT_EQ(asked.end - asked.answer, std::ssize(answer) + 1);
        for (std::int64_t i = 0; i < std::ssize(answer); ++i) {
            expected[static_cast<std::size_t>(asked.answer + i)] = answer[static_cast<std::size_t>(i)];
            EXPECT_EQ(sample.ids[static_cast<std::size_t>(asked.answer + i + 1)], answer[static_cast<std::size_t>(i)]);
        }
        expected[static_cast<std::size_t>(asked.end - 1)] = kEndOfTurnId;
        for (std::int64_t at = asked.begin; at < asked.end; ++at)
            EXPECT_EQ(sample.positions[static_cast<std::size_t>(at)], sample.sharedPrefix + at - asked.begin);
    }
    EXPECT_EQ(sample.labels, expected);
    EXPECT_EQ(packed->questions[0].begin, sample.sharedPrefix);
    EXPECT_EQ(packed->questions[0].end, packed->questions[1].begin);
    EXPECT_EQ(packed->questions[1].end, std::ssize(sample.ids));
    EXPECT_EQ(sample.positions[static_cast<std::size_t>(sample.sharedPrefix - 1)], sample.sharedPrefix - 1);
}

TEST(SceneDataset, TheSameIndexGivesTheSameSampleAndOthersDiffer) {
    const auto first = SceneDataset::create({}, 1, 100);
    const auto again = SceneDataset::create({}, 1, 100);
    const auto other = SceneDataset::create({}, 2, 100);
    ASSERT_TRUE(first && again && other);
    EXPECT_EQ((*first)->size(), 100);
    EXPECT_EQ((*first)->fingerprint(), (*again)->fingerprint());
    EXPECT_NE((*first)->fingerprint(), (*other)->fingerprint());
    const auto a = (*first)->sample(17);
    const auto b = (*again)->sample(17);
    const auto c = (*other)->sample(17);
    const auto d = (*first)->sample(18);
    ASSERT_TRUE(a && b && c && d);
    EXPECT_EQ(a->ids, b->ids);
    EXPECT_EQ(a->views.front().sha256, b->views.front().sha256);
    EXPECT_NE(a->views.front().sha256, c->views.front().sha256);
    EXPECT_NE(a->views.front().sha256, d->views.front().sha256);
}

TEST(SceneDataset, SmallPrintIsOnlyAskedForWhereItCanBeRead) {
    SceneMix mix;
    mix.pictures = {};
    mix.pictures.square = 0.0;
    mix.wholeOnly = 0.5;
    const auto dataset = SceneDataset::create(mix, 1, 200);
    ASSERT_TRUE(dataset);
    int wholeOnly = 0;
    int smallPrint = 0;
    for (std::int64_t index = 0; index < 200; ++index) {
        const auto packed = (*dataset)->packedSample(index);
        ASSERT_TRUE(packed) << packed.error().toString();
        const bool whole = packed->sample.views.size() == 1;
        wholeOnly += whole ? 1 : 0;
        for (const PackedQuestion& asked : packed->questions) {
            if (asked.question.kind != Kind::SmallPrint) continue;
            ++smallPrint;
            EXPECT_FALSE(whole);
        }
    }
    EXPECT_GT(wholeOnly, 60);
    EXPECT_LT(wholeOnly, 140);
    EXPECT_GT(smallPrint, 50);
}

TEST(SceneDataset, KindsThatNoPictureHasAreAnError) {
    SceneMix mix;
    mix.pictures = {};
    mix.kinds = {};
    mix.kinds[indexOf(Kind::SmallPrint)] = 1.0;
    mix.pictures.two = mix.pictures.three = mix.pictures.four = 0.0;
    const auto dataset = SceneDataset::create(mix, 1, 10);
    ASSERT_TRUE(dataset);
    const auto sample = (*dataset)->sample(0);
    ASSERT_FALSE(sample);
    EXPECT_EQ(sample.error().code, ErrorCode::InvalidData);
}

TEST(TowerDataset, GivesAViewAndItsLabels) {
    SceneMix mix;
    mix.pictures = {1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0};
    const auto dataset = TowerDataset::create(mix, 5, 1000);
    ASSERT_TRUE(dataset) << dataset.error().toString();
    int characters = 0;
    for (std::int64_t index = 0; index < 100; ++index) {
        const auto sample = (*dataset)->sample(index);
        ASSERT_TRUE(sample) << sample.error().toString();
        EXPECT_EQ(sample->view.rgb.size(), 112U * 112U * 3U);
        for (std::size_t head = 0; head < kTokenHeadCount; ++head) {
            for (const std::int8_t label : sample->labels[head]) {
                EXPECT_GE(label, kNoTokenLabel);
                EXPECT_LT(label, kTokenHeadClasses[head]);
            }
        }
        for (const std::int8_t label : sample->labels[indexOf(TokenHead::Char1)]) characters += label >= 0 ? 1 : 0;
    }
    EXPECT_GT(characters, 100);
}

}  // namespace
}  // namespace lapidary::scenes
