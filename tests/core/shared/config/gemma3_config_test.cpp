// Single rules of specification 1.2 to 1.4.
#include "core/shared/config/gemma3_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "core/shared/config/released_sizes.h"

namespace lapidary::config {
namespace {

using Json = nlohmann::json;

Gemma3Config parsed(const Json& root) {
    auto config = parseGemma3Config(root);
    EXPECT_TRUE(config) << config.error().toString();
    return config.value_or(Gemma3Config{});
}

// A text model whose sizes are small and legal; tests add keys to it.
Json tiny() {
    return {{"hidden_size", 32},        {"intermediate_size", 48},    {"num_hidden_layers", 7},
            {"num_attention_heads", 4}, {"num_key_value_heads", 2},   {"head_dim", 8},
            {"vocab_size", 64},         {"query_pre_attn_scalar", 8}, {"sliding_window", 6}};
}

Json tinyVision() {
    return {{"hidden_size", 16},        {"intermediate_size", 24}, {"num_hidden_layers", 2},
            {"num_attention_heads", 2}, {"image_size", 56},        {"patch_size", 14}};
}

TEST(Gemma3Config, EmptyTextConfigIsTransformersDefaults) {
    const Gemma3Config config = parsed({{"model_type", "gemma3_text"}});
    TextConfig defaults;
    for (int i = 0; i < 26; ++i) {
        defaults.layerTypes.push_back(i % 6 == 5 ? LayerType::FullAttention : LayerType::SlidingAttention);
    }
    EXPECT_EQ(config.text, defaults);
    EXPECT_EQ(config.text.slidingWindow, 4096);
    EXPECT_EQ(config.text.hiddenSize, 2304);
}

TEST(Gemma3Config, NullIsAbsent) {
    Json root = tiny();
    for (const char* key : {"rms_norm_eps",
                            "sliding_window",
                            "rope_theta",
                            "rope_local_base_freq",
                            "rope_scaling",
                            "rope_parameters",
                            "layer_types",
                            "eos_token_id",
                            "pad_token_id",
                            "tie_word_embeddings",
                            "attention_bias",
                            "dtype",
                            "torch_dtype",
                            "hidden_activation",
                            "model_type",
                            "final_logit_softcapping",
                            "use_bidirectional_attention",
                            "sliding_window_pattern",
                            "_sliding_window_pattern",
                            "text_config",
                            "max_position_embeddings"}) {
        root[key] = nullptr;
    }
    const Gemma3Config config = parsed(root);
    EXPECT_EQ(config.text.slidingWindow, 4096);
    EXPECT_EQ(config.text.rmsNormEps, 1e-6);
    EXPECT_EQ(config.text.fullRope, (RopeParameters{1000000.0, 1.0}));
    EXPECT_FALSE(config.isVisionLanguage());
}

TEST(Gemma3Config, WhatMakesItVisionLanguage) {
    EXPECT_TRUE(
        parsed({{"text_config", tiny()}, {"vision_config", tinyVision()}, {"mm_tokens_per_image", 4}}).isVisionLanguage());
    EXPECT_FALSE(parsed(tiny()).isVisionLanguage());
    Json text = tiny();
    text["model_type"] = "gemma3_text";
    text["vision_config"] = tinyVision();
    EXPECT_FALSE(parsed(text).isVisionLanguage()) << "gemma3_text is text only, whatever else is there";
}

TEST(Gemma3Config, LayerTypesWinOverEveryPeriod) {
    Json root = tiny();
    root["_sliding_window_pattern"] = 3;
    EXPECT_EQ(parsed(root).text.layerTypes[2], LayerType::FullAttention) << "an own period where nothing else is said";
    root["sliding_window_pattern"] = 2;
    EXPECT_EQ(parsed(root).text.layerTypes[1], LayerType::FullAttention);
    EXPECT_EQ(parsed(root).text.layerTypes[2], LayerType::SlidingAttention);
    root["layer_types"] = Json::array();
    for (int i = 0; i < 7; ++i) root["layer_types"].push_back(i == 0 ? "full_attention" : "sliding_attention");
    const auto types = parsed(root).text.layerTypes;
    EXPECT_EQ(types[0], LayerType::FullAttention);
    EXPECT_EQ(types[1], LayerType::SlidingAttention);
    EXPECT_EQ(types.size(), 7U);
}

TEST(Rope, OldScalingIsMergedIntoGlobalLayersOnly) {
    Json root = tiny();
    root["rope_parameters"] = {{"full_attention", {{"rope_type", "default"}, {"rope_theta", 500.0}}},
                               {"sliding_attention", nullptr}};
    root["rope_scaling"] = {{"rope_type", "linear"}, {"factor", 4.0}};
    const Gemma3Config config = parsed(root);
    EXPECT_EQ(config.text.fullRope, (RopeParameters{500.0, 4.0}));
    EXPECT_EQ(config.text.slidingRope, (RopeParameters{10000.0, 1.0}));
}

TEST(Rope, EntrysOwnThetaWins) {
    Json root = tiny();
    root["rope_theta"] = 7.0;
    root["rope_local_base_freq"] = 8.0;
    EXPECT_EQ(parsed(root).text.fullRope.theta, 7.0);
    EXPECT_EQ(parsed(root).text.slidingRope.theta, 8.0);
    root["rope_parameters"] = {{"full_attention", {{"rope_theta", 5.0}}},
                               {"sliding_attention", {{"rope_type", "linear"}, {"factor", 2}}}};
    EXPECT_EQ(parsed(root).text.fullRope, (RopeParameters{5.0, 1.0}));
    EXPECT_EQ(parsed(root).text.slidingRope, (RopeParameters{8.0, 2.0}));
}

TEST(Rope, VeryOldSpellingScalesAndWarns) {
    Json root = tiny();
    root["rope_scaling"] = {{"type", "linear"}, {"factor", 8.0}};
    const Gemma3Config config = parsed(root);
    EXPECT_EQ(config.text.fullRope.factor, 8.0);
    ASSERT_EQ(config.warnings.size(), 1U);
    EXPECT_NE(config.warnings[0].find("rope_scaling: 'type' is read as 'rope_type'"), std::string::npos) << config.warnings[0];
    root["rope_scaling"] = {{"type", "default"}, {"rope_type", "linear"}, {"factor", 8.0}};
    EXPECT_EQ(parsed(root).text.fullRope.factor, 8.0);
    EXPECT_TRUE(parsed(root).warnings.empty());
}

TEST(Rope, FactorWithoutScalingTypeIsIgnored) {
    Json root = tiny();
    root["rope_scaling"] = {{"factor", 8.0}};
    EXPECT_EQ(parsed(root).text.fullRope.factor, 1.0);
}

TEST(Dtype, DtypeWinsAndTheRootWins) {
    const auto dtypeOf = [](Json extra) {
        Json root{{"text_config", tiny()}, {"vision_config", tinyVision()}, {"mm_tokens_per_image", 4}};
        root.merge_patch(extra);
        return parsed(root).dtype;
    };
    EXPECT_EQ(dtypeOf(Json::object()), "bfloat16");
    EXPECT_EQ(dtypeOf({{"torch_dtype", "float32"}}), "float32");
    EXPECT_EQ(dtypeOf({{"torch_dtype", "float32"}, {"dtype", "float16"}}), "float16");
    EXPECT_EQ(dtypeOf({{"text_config", {{"torch_dtype", "float32"}}}}), "float32");
    EXPECT_EQ(dtypeOf({{"text_config", {{"dtype", "float32"}}}, {"torch_dtype", "float16"}}), "float16");
    EXPECT_EQ(dtypeOf({{"dtype", "torch.float32"}}), "float32");
    EXPECT_EQ(dtypeOf({{"dtype", "float8"}}), "bfloat16");
}

TEST(EndTokens, RootThenText) {
    Json root{{"text_config", tiny()}, {"vision_config", tinyVision()}, {"mm_tokens_per_image", 4}};
    EXPECT_EQ(parsed(root).text.eosTokenIds, (std::vector<std::int64_t>{1}));
    root["text_config"]["eos_token_id"] = {5, 6};
    root["text_config"]["bos_token_id"] = 9;
    EXPECT_EQ(parsed(root).text.eosTokenIds, (std::vector<std::int64_t>{5, 6}));
    root["eos_token_id"] = 7;
    EXPECT_EQ(parsed(root).text.eosTokenIds, (std::vector<std::int64_t>{7}));
    EXPECT_EQ(parsed(root).text.bosTokenId, 9);
}

TEST(Head, RootSpeaksForTheWholeModel) {
    Json root{{"text_config", tiny()}, {"vision_config", tinyVision()}, {"mm_tokens_per_image", 4}};
    root["text_config"]["tie_word_embeddings"] = false;
    EXPECT_FALSE(parsed(root).text.tieWordEmbeddings);
    root["tie_word_embeddings"] = true;
    EXPECT_TRUE(parsed(root).text.tieWordEmbeddings);
}

TEST(Window, HalvedPlusOneWhereAttentionIsBidirectional) {
    Json root = tiny();
    root["use_bidirectional_attention"] = true;
    root["sliding_window"] = 512;
    EXPECT_EQ(parsed(root).text.slidingWindow, 512) << "as stored";
    EXPECT_EQ(parsed(root).text.effectiveWindow(), 257);
}

TEST(Softcapping, FinalIsKeptAttentionIsIgnoredWithAWarning) {
    Json root = tiny();
    root["final_logit_softcapping"] = 30.0;
    root["attn_logit_softcapping"] = 50.0;
    EXPECT_EQ(parsed(root).text.finalLogitSoftcapping, 30.0);
    EXPECT_EQ(parsed(root).warnings.size(), 1U);
}

// transformers 5 declares query_pre_attn_scalar as int and refuses to open a folder with 256.0.
TEST(Gemma3ConfigJson, WholeNumbersArePrintedWhole) {
    const Json text = toJson(releasedConfig("270m").value()).value("text_config", Json(toJson(releasedConfig("270m").value())));
    EXPECT_TRUE(text.at("query_pre_attn_scalar").is_number_integer()) << text.at("query_pre_attn_scalar");
}

// Any legal configuration survives print and parse.
TEST(Gemma3Config, RandomConfigsReadBackEqual) {
    std::mt19937 random(11);
    const auto pick = [&](std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(high - low + 1));
    };
    for (int round = 0; round < 200; ++round) {
        Gemma3Config config;
        TextConfig& text = config.text;
        text.numKeyValueHeads = pick(1, 4);
        text.numAttentionHeads = text.numKeyValueHeads * pick(1, 4);
        text.hiddenSize = text.numAttentionHeads * pick(1, 20);
        text.headDim = 2 * pick(1, 64);
        text.intermediateSize = pick(1, 500);
        text.vocabSize = pick(1, 5000);
        text.numHiddenLayers = pick(1, 20);
        for (std::int64_t i = 0; i < text.numHiddenLayers; ++i) {
            text.layerTypes.push_back(pick(0, 1) == 0 ? LayerType::FullAttention : LayerType::SlidingAttention);
        }
        text.slidingWindow = pick(1, 5000);
        text.queryPreAttnScalar = static_cast<double>(pick(1, 1000)) / 7.0;
        text.rmsNormEps = static_cast<double>(pick(1, 1000)) * 1e-9;
        text.fullRope = {static_cast<double>(pick(1, 2000000)) / 3.0, static_cast<double>(pick(1, 32))};
        text.slidingRope = {static_cast<double>(pick(1, 20000)), pick(0, 3) == 0 ? 2.5 : 1.0};
        text.attentionBias = pick(0, 1) == 0;
        text.tieWordEmbeddings = pick(0, 1) == 0;
        text.useBidirectionalAttention = pick(0, 1) == 0;
        text.eosTokenIds = {pick(0, 9), pick(0, 300000)};
        if (pick(0, 1) == 0) text.finalLogitSoftcapping = 30.25;
        config.dtype = pick(0, 1) == 0 ? "float32" : "float16";
        if (pick(0, 1) == 0) {
            const std::int64_t side = pick(1, 6);
            VisionConfig vision;
            vision.numAttentionHeads = pick(1, 4);
            vision.hiddenSize = vision.numAttentionHeads * pick(1, 30);
            vision.patchSize = pick(1, 16);
            vision.imageSize = vision.patchSize * side * pick(1, 5);
            vision.numHiddenLayers = pick(1, 5);
            config.vision = vision;
            config.mmTokensPerImage = side * side;
            config.imageTokenIndex = pick(0, 300000);
        }
        const auto again = parseGemma3Config(toJson(config));
        ASSERT_TRUE(again) << again.error().toString();
        ASSERT_TRUE(*again == config) << toJson(config);
        ASSERT_TRUE(*parseGemma3Config(Json::parse(toJson(config).dump())) == config) << "through text";
    }
}

}  // namespace
}  // namespace lapidary::config
