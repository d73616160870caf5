// What the forward behind a cache refuses, and what it leaves behind when it is stopped; options of the configuration.
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "tests/core/engine/model/model_fixture.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

struct Inference : testing::Test {
    TempDir folder;
    checkpoint::Checkpoint vision = randomCheckpoint(folder.path(), tinyVisionConfig(), 5);
    std::shared_ptr<model::Gemma3VlModel> model = loadOrThrow(vision);

    static model::SequenceInput input(const std::vector<std::int64_t>& ids) {
        model::SequenceInput made;
        made.ids = idRows({ids});
        return made;
    }
    at::Tensor features(std::int64_t views) { return valueOf(model->getImageFeatures(randomPixels(views, 56, 5))).features; }
};

TEST_F(Inference, IdsOutsideTheVocabularyAreNamed) {
    model::KvCache cache = model->makeCache();
    for (const std::int64_t id : {std::int64_t{-1}, model->vocabSize()}) {
        const auto refused = model->forward(input({2, id}), cache);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::InvalidData);
        EXPECT_NE(refused.error().message.find(std::to_string(id)), std::string::npos);
    }
    EXPECT_EQ(cache.length(), 0);
}

TEST_F(Inference, FeaturesMustMatchTheImageTokens) {
    model::KvCache cache = model->makeCache();
    model::SequenceInput made = input({2, 262, 262, 262, 9});
    made.imageFeatures = features(1);
    const auto refused = model->forward(made, cache);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidData);
    EXPECT_EQ(refused.error().message, "Image features and image tokens do not match, tokens: 3, features: 4");
    EXPECT_EQ(cache.length(), 0);
    model::ModelInput whole;
    whole.inputIds = made.ids;
    whole.pixelValues = randomPixels(1, 56, 5);
    EXPECT_EQ(model->forward(whole).error().message, refused.error().message);
}

TEST_F(Inference, MoreTokensThanTheCacheHoldsAreRefused) {
    model::KvCache cache = model->makeCache(1, 6);
    ASSERT_TRUE(model->forward(input({2, 3, 4, 5}), cache));
    const auto refused = model->forward(input({6, 7, 8}), cache);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Usage);
    EXPECT_EQ(cache.length(), 4);
    EXPECT_TRUE(model->forward(input({6, 7}), cache));
}

TEST_F(Inference, PicturesOfAnotherSizeAndModelsWithoutATower) {
    EXPECT_EQ(model->getImageFeatures(randomPixels(1, 42, 1)).error().code, ErrorCode::InvalidData);
    const TempDir other;
    const auto text = loadOrThrow(randomCheckpoint(other.path(), tinyTextConfig(), 5));
    EXPECT_EQ(text->getImageFeatures(randomPixels(1, 56, 1)).error().code, ErrorCode::Unsupported);
}

TEST_F(Inference, StoppingLeavesTheCacheUsable) {
    const auto ids = randomIds(20, 259, 5);
    const at::Tensor expected = wholeLogits(*model, ids);
    model::KvCache cache = model->makeCache();
    std::stop_source stop;
    model::SequenceInput made = input(ids);
    made.chunkTokens = 6;
    made.onChunk = [&](std::int64_t done, std::int64_t total) {
        EXPECT_EQ(total, 20);
        if (done == 12) stop.request_stop();
    };
    const auto stopped = model->forward(made, cache, stop.get_token());
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, ErrorCode::Cancelled);
    EXPECT_EQ(cache.length(), 12) << "whole chunks stay";
    const at::Tensor rest = cachedLogits(*model, cache, {ids.begin() + 12, ids.end()});
    EXPECT_LT(maxDifference(rest, expected.narrow(0, 12, 8)), 2e-5);
    EXPECT_EQ(
        model->getImageFeatures(randomPixels(1, 56, 1), model::VisionOutputs::FeaturesOnly, stop.get_token()).error().code,
        ErrorCode::Cancelled);
}

TEST_F(Inference, TruncatingAndGoingOnEqualsStartingAgain) {
    const auto ids = randomIds(24, 259, 6);
    std::vector<std::int64_t> other(ids.begin(), ids.begin() + 15);
    other.insert(other.end(), {11, 12, 13, 14});
    model::KvCache cache = model->makeCache();
    (void)cachedLogits(*model, cache, ids);
    ASSERT_TRUE(cache.truncate(15));
    const at::Tensor went = cachedLogits(*model, cache, {11, 12, 13, 14});
    EXPECT_LT(maxDifference(went, wholeLogits(*model, other).narrow(0, 15, 4)), 2e-5);
}

TEST_F(Inference, AttentionsSpanAllKeysOfACachedSequence) {
    model::KvCache cache = model->makeCache();
    const auto ids = randomIds(20, 259, 7);
    (void)cachedLogits(*model, cache, {ids.begin(), ids.begin() + 17});
    model::SequenceInput made = input({ids.begin() + 17, ids.end()});
    made.attentions = true;
    made.chunkTokens = 1;
    const auto output = valueOf(model->forward(made, cache));
    ASSERT_EQ(output.attentions.size(), 6U);
    for (const at::Tensor& weights : output.attentions) {
        EXPECT_EQ(weights.sizes(), (std::vector<std::int64_t>{1, 4, 3, 20}));
        EXPECT_LT((weights.sum(-1) - 1.0).abs().max().item<double>(), 1e-5);
    }
    EXPECT_EQ(output.attentions[0][0][0][0].narrow(0, 0, 10).ne(0).sum().item<std::int64_t>(), 0)
        << "17 - 8 + 1 = 10 is the first seen";
    EXPECT_GT(output.attentions[0][0][0][0][10].item<double>(), 0.0);
    EXPECT_GT(output.attentions[5][0][0][0][0].item<double>(), 0.0);
}

// c · tanh(logits / c) in the text-only class, never in the vision-language one (specification 2.7).
TEST_F(Inference, SoftCappingIsTheTextClassesAlone) {
    const auto ids = randomIds(6, 259, 8);
    const auto capped = [&](config::Gemma3Config config) {
        const TempDir own;
        config.text.finalLogitSoftcapping = 1.5;
        const auto checkpoint = randomCheckpoint(own.path(), config, 5);
        config::Gemma3Config plain = checkpoint.config;
        plain.text.finalLogitSoftcapping.reset();
        const at::Tensor with = wholeLogits(*loadOrThrow(checkpoint), ids);
        const at::Tensor without = wholeLogits(*valueOf(model::Gemma3VlModel::load(plain, *checkpoint.tensors)), ids);
        return std::pair{with, without};
    };
    const auto [textWith, textWithout] = capped(tinyTextConfig());
    EXPECT_LT(maxDifference(textWith, (textWithout / 1.5).tanh() * 1.5), 1e-6);
    const auto [visionWith, visionWithout] = capped(tinyVisionConfig());
    EXPECT_EQ(maxDifference(visionWith, visionWithout), 0.0);
}

TEST_F(Inference, AnUntiedHeadIsUsed) {
    const TempDir own;
    BuildOptions options;
    options.untiedHead = true;
    options.seed = 5;
    buildCheckpoint(own.path(), tinyVisionConfig(), options);
    const auto untied = loadOrThrow(openOrThrow(own.path()));
    const auto ids = randomIds(6, 259, 8);
    EXPECT_GT(maxDifference(wholeLogits(*untied, ids), wholeLogits(*model, ids)), 0.1);
}

// EmbeddingGemma's switch: every token sees every token, within half a window in sliding layers (specification 1.4, step 7).
TEST_F(Inference, BidirectionalAttentionSeesLaterTokens) {
    config::Gemma3Config config = vision.config;
    config.text.useBidirectionalAttention = true;
    const auto both = valueOf(model::Gemma3VlModel::load(config, *vision.tensors));
    auto ids = randomIds(9, 259, 9);
    const at::Tensor before = wholeLogits(*both, ids), causal = wholeLogits(*model, ids);
    ids.back() = (ids.back() + 1) % 259;
    EXPECT_GT(maxDifference(wholeLogits(*both, ids)[0], before[0]), 1e-4);
    EXPECT_EQ(maxDifference(wholeLogits(*model, ids)[0], causal[0]), 0.0);
    const at::Tensor mask =
        valueOf(both->visibleKeysMask(idRows({ids}), {}, config::LayerType::SlidingAttention)).to(at::kLong)[0][0];
    EXPECT_EQ(mask[4].sum().item<std::int64_t>(), 9) << "8 / 2 + 1 = 5: distances up to 4";
    EXPECT_EQ(mask[0].sum().item<std::int64_t>(), 5);
}

}  // namespace
}  // namespace lapidary::test
