#include "core/data/scenes/initial_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/data/scenes/scene.h"
#include "core/data/scenes/vocabulary.h"
#include "core/data/text/chat_template.h"
#include "tests/support/temp_dir.h"

namespace lapidary::scenes {
namespace {

double deviation(const std::vector<float>& values) {
    double sum = 0.0;
    double squares = 0.0;
    for (const float value : values) {
        sum += value;
        squares += static_cast<double>(value) * value;
    }
    const auto n = static_cast<double>(values.size());
    return std::sqrt(squares / n - sum / n * (sum / n));
}

std::vector<float> valuesOf(const std::string& name, std::uint64_t seed = 1) {
    for (const plan::Parameter& parameter : plan::parameterTable(demoConfig())) {
        if (parameter.name == name) return initialValues(parameter, demoConfig(), seed);
    }
    throw std::runtime_error(name);
}

TEST(DemoModel, IsSmallEnoughToShip) {
    std::int64_t elements = 0;
    for (const plan::Parameter& parameter : plan::parameterTable(demoConfig())) elements += parameter.elements();
    EXPECT_GT(elements, 4'000'000);
    EXPECT_LT(2 * elements, 16'000'000) << "bytes in bfloat16";
}

TEST(DemoModel, OpensLikeAnyCheckpoint) {
    const test::TempDir folder;
    const auto written = writeInitialModel(folder.path() / "demo", 1);
    ASSERT_TRUE(written) << written.error().toString();
    const auto checkpoint = checkpoint::openCheckpoint(folder.path() / "demo");
    ASSERT_TRUE(checkpoint) << checkpoint.error().toString();
    EXPECT_TRUE(checkpoint->warnings.empty()) << checkpoint->warnings.front();
    EXPECT_TRUE(checkpoint->config == demoConfig());
    EXPECT_TRUE(text::checkChatTemplate(checkpoint->tokenizer.chatTemplate).isGemma3);
    ASSERT_TRUE(checkpoint->generation);
    EXPECT_EQ(checkpoint->generation->eosTokenIds, (std::vector<std::int64_t>{kEosId, kEndOfTurnId}));
    EXPECT_FALSE(checkpoint->generation->doSample);
    ASSERT_TRUE(checkpoint->imageProcessor);
    EXPECT_TRUE(checkpoint->imageProcessor->doPanAndScan);
    EXPECT_EQ(checkpoint->imageProcessor->panAndScanMinCropSize, kPanAndScan.minCropSize);
    EXPECT_EQ(checkpoint->imageProcessor->panAndScanMaxNumCrops, kPanAndScan.maxNumCrops);
    EXPECT_EQ(checkpoint->imageProcessor->height, kViewSize);
    EXPECT_EQ(checkpoint->imageProcessor->imageSequenceLength, 16);
    const auto tokenizer = text::Tokenizer::load({{}, *checkpoint->tokenizer.sentencePieceModel, {}, kImageSoftTokenId});
    ASSERT_TRUE(tokenizer) << tokenizer.error().toString();
    EXPECT_TRUE(processor::Gemma3Processor::create(*tokenizer, checkpoint->config));
}

TEST(DemoModel, WeightsFollowTheSeed) {
    const std::string name = "language_model.model.layers.0.self_attn.q_proj.weight";
    EXPECT_EQ(valuesOf(name), valuesOf(name));
    EXPECT_NE(valuesOf(name), valuesOf(name, 2));
    EXPECT_NE(valuesOf(name), valuesOf("language_model.model.layers.1.self_attn.q_proj.weight"));
}

TEST(DemoModel, InitialisersAreThoseThatLearn) {
    EXPECT_NEAR(deviation(valuesOf("language_model.model.embed_tokens.weight")), 0.05, 0.001);
    EXPECT_NEAR(deviation(valuesOf("language_model.model.layers.2.mlp.down_proj.weight")), 0.05, 0.001);
    EXPECT_NEAR(deviation(valuesOf("multi_modal_projector.mm_input_projection_weight")), 0.5 / std::sqrt(192.0), 0.001);
    const std::string tower = "vision_tower.vision_model.";
    EXPECT_NEAR(deviation(valuesOf(tower + "encoder.layers.0.mlp.fc1.weight")), std::sqrt(2.0 / (192.0 + 576.0)), 0.001);
    EXPECT_NEAR(deviation(valuesOf(tower + "embeddings.patch_embedding.weight")), std::sqrt(1.0 / 588.0), 0.001);
    for (const float value : valuesOf(tower + "post_layernorm.weight")) ASSERT_EQ(value, 1.0F);
    for (const float value : valuesOf(tower + "post_layernorm.bias")) ASSERT_EQ(value, 0.0F);
    for (const float value : valuesOf("language_model.model.norm.weight")) ASSERT_EQ(value, 0.0F) << "stored less one";
    for (const float value : valuesOf("multi_modal_projector.mm_soft_emb_norm.weight")) ASSERT_EQ(value, 0.0F);
}

TEST(DemoModel, PositionsAreSinesThatTellPatchesApart) {
    const auto table = valuesOf("vision_tower.vision_model.embeddings.position_embedding.weight");
    ASSERT_EQ(table.size(), 64U * 192U);
    EXPECT_NEAR(std::sqrt(deviation(table) * deviation(table)), 0.7 / std::sqrt(2.0), 0.15);
    for (std::size_t a = 0; a < 64; ++a) {
        for (std::size_t b = 0; b < a; ++b) {
            double distance = 0.0;
            for (std::size_t i = 0; i < 192; ++i) distance += std::abs(table[a * 192 + i] - table[b * 192 + i]);
            EXPECT_GT(distance, 3.0) << a << " " << b;
        }
    }
    EXPECT_EQ(table[0], 0.0F);
    EXPECT_NEAR(table[48], 0.7F, 1e-6F) << "cosine of row 0";
    EXPECT_NEAR(table[8 * 192], 0.7F * std::sin(1.0F), 1e-6F) << "row 1";
    EXPECT_NEAR(table[192 + 96], 0.7F * std::sin(1.0F), 1e-6F) << "column 1";
}

}  // namespace
}  // namespace lapidary::scenes
