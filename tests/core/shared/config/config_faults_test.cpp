// Configurations that cannot be used: refused with the key, what was expected and what was found.
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "core/shared/config/gemma3_config.h"
#include "tests/core/shared/config/config_styles.h"

namespace lapidary::config {
namespace {

using Json = nlohmann::json;

Json good() { return configInStyle(releasedRows()[2], Style::RopeParameters); }

// The message after one value of the 4B configuration was replaced.
std::string messageWith(const char* pointer, const Json& value) {
    Json root = good();
    root[Json::json_pointer(pointer)] = value;
    const auto config = parseGemma3Config(root);
    return config ? "no error" : config.error().toString();
}

TEST(Fault13, HeadsThatDoNotFit) {
    EXPECT_EQ(messageWith("/text_config/num_attention_heads", 10),
              "text_config: 'num_attention_heads': expected a multiple of num_key_value_heads (4), found 10");
    EXPECT_EQ(messageWith("/text_config/hidden_size", 2562),
              "text_config: 'hidden_size': expected a multiple of num_attention_heads (8), found 2562");
    EXPECT_NE(messageWith("/text_config/num_key_value_heads", 0), "no error");
    EXPECT_NE(messageWith("/text_config/head_dim", 255), "no error") << "rotary pairs";
    Json root = good();
    root["text_config"]["num_attention_heads"] = 1280;
    root["text_config"]["head_dim"] = 4096;
    EXPECT_NE(parseGemma3Config(root).error().message.find("num_attention_heads * head_dim up to"), std::string::npos);
    EXPECT_NE(messageWith("/vision_config/num_attention_heads", 7), "no error");
}

TEST(Fault13, LayerTypesOfAnotherLengthOrName) {
    EXPECT_EQ(messageWith("/text_config/layer_types", Json::array({"full_attention"})),
              "text_config: 'layer_types': expected 34 entries (num_hidden_layers), found 1");
    EXPECT_EQ(messageWith("/text_config/layer_types/3", "chunked_attention"),
              "text_config: 'layer_types[3]': expected \"sliding_attention\" or \"full_attention\", found the string "
              "\"chunked_attention\"");
    EXPECT_NE(messageWith("/text_config/layer_types/0", 1), "no error");
    EXPECT_NE(messageWith("/text_config/layer_types", "full_attention"), "no error");
}

TEST(Fault13, SlidingWindowZero) {
    EXPECT_EQ(messageWith("/text_config/sliding_window", 0).substr(0, 55),
              "text_config: 'sliding_window': expected from 1 to 10737");
    EXPECT_NE(messageWith("/text_config/sliding_window", -4), "no error");
    Json root = good();
    root["text_config"].erase("layer_types");
    root["text_config"]["sliding_window_pattern"] = 0;
    EXPECT_FALSE(parseGemma3Config(root)) << "a period of zero";
}

TEST(Fault13, MissingPartsGetDefaultsAndAWarning) {
    Json root = good();
    root.erase("text_config");
    const auto config = parseGemma3Config(root);
    ASSERT_TRUE(config) << config.error().toString();
    EXPECT_EQ(config->text.hiddenSize, 2304);
    ASSERT_EQ(config->warnings.size(), 1U);
    EXPECT_NE(config->warnings[0].find("text_config is missing"), std::string::npos);
    // SigLIP's own defaults have 14 patches a side, which 256 tokens do not divide: refused, not run.
    root = good();
    root.erase("vision_config");
    EXPECT_EQ(parseGemma3Config(root).error().message.substr(0, 22), "'mm_tokens_per_image':");
}

TEST(Fault13, PicturesThatDoNotPool) {
    EXPECT_NE(messageWith("/mm_tokens_per_image", 255).find("the square of a divisor of the 64 patches a side"),
              std::string::npos);
    EXPECT_NE(messageWith("/mm_tokens_per_image", 9), "no error") << "3 does not divide 64";
    EXPECT_NE(messageWith("/mm_tokens_per_image", 0), "no error");
    EXPECT_EQ(messageWith("/mm_tokens_per_image", 4096), "no error");
    EXPECT_NE(messageWith("/vision_config/image_size", 895), "no error");
    EXPECT_NE(messageWith("/vision_config/patch_size", 0), "no error");
    EXPECT_NE(messageWith("/vision_config/num_channels", 4), "no error");
}

TEST(Fault61, SizesThatNoModelHas) {
    for (const char* key : {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                            "num_key_value_heads", "head_dim", "max_position_embeddings", "sliding_window"}) {
        const std::string pointer = std::string("/text_config/") + key;
        for (const Json& value :
             {Json(0), Json(-1), Json(INT64_MAX), Json(UINT64_MAX), Json(1.5), Json("many"), Json::array(), Json(true)}) {
            EXPECT_NE(messageWith(pointer.c_str(), value), "no error") << key << " " << value;
        }
    }
    for (const char* key :
         {"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "image_size", "patch_size"}) {
        const std::string pointer = std::string("/vision_config/") + key;
        for (const Json& value : {Json(0), Json(-1), Json(INT64_MAX), Json("x")}) {
            EXPECT_NE(messageWith(pointer.c_str(), value), "no error") << key << " " << value;
        }
    }
}

TEST(Fault61, NumbersThatMakeNoSense) {
    EXPECT_NE(messageWith("/text_config/rms_norm_eps", -1.0), "no error");
    EXPECT_NE(messageWith("/text_config/query_pre_attn_scalar", 0), "no error");
    EXPECT_NE(messageWith("/text_config/final_logit_softcapping", 0.0), "no error");
    EXPECT_NE(messageWith("/text_config/rope_parameters/full_attention/factor", 0.0), "no error");
    EXPECT_NE(messageWith("/text_config/rope_parameters/full_attention/rope_theta", -1.0), "no error");
    EXPECT_NE(messageWith("/text_config/rope_parameters/full_attention/factor", nullptr), "no error")
        << "linear without a factor";
    EXPECT_NE(messageWith("/text_config/rope_parameters/full_attention", 3), "no error");
    EXPECT_NE(messageWith("/text_config/rope_parameters", "linear"), "no error");
    EXPECT_NE(messageWith("/text_config", "text"), "no error");
    EXPECT_NE(messageWith("/vision_config", Json::array()), "no error");
    EXPECT_NE(messageWith("/text_config/attention_bias", "no"), "no error");
    EXPECT_NE(messageWith("/image_token_index", -1), "no error");
    EXPECT_NE(messageWith("/eos_token_id", Json::array({1, -1})), "no error");
    EXPECT_NE(messageWith("/eos_token_id", Json::array()), "no error");
    EXPECT_NE(messageWith("/eos_token_id", UINT64_MAX), "no error");
    EXPECT_NE(messageWith("/dtype", 16), "no error");
    EXPECT_EQ(messageWith("/text_config/rms_norm_eps", "1e-6"),
              "text_config: 'rms_norm_eps': expected a finite number, found the string \"1e-6\"");
}

TEST(Unsupported, OtherModelsActivationsAndScalings) {
    const auto codeWith = [](const char* pointer, const Json& value) {
        Json root = good();
        root[Json::json_pointer(pointer)] = value;
        return parseGemma3Config(root).error().code;
    };
    EXPECT_EQ(codeWith("/model_type", "llama"), ErrorCode::Unsupported);
    EXPECT_EQ(codeWith("/text_config/hidden_activation", "relu"), ErrorCode::Unsupported);
    EXPECT_EQ(codeWith("/vision_config/hidden_act", "gelu"), ErrorCode::Unsupported);
    EXPECT_EQ(codeWith("/text_config/rope_parameters/full_attention/rope_type", "yarn"), ErrorCode::Unsupported);
    EXPECT_FALSE(parseGemma3Config(Json::array()));
    EXPECT_FALSE(parseGemma3Config(nullptr));
}

// Whatever single value is broken, the answer is a configuration or an error, and an accepted one is safe to compute with.
TEST(Fault61, RandomDamageNeverPassesUnsafeSizes) {
    std::mt19937 random(61);
    const std::vector<Json> junk{nullptr,        0,    -1,        1,          3,   1e18, 0.5, "x", Json::array(),
                                 Json::object(), true, INT64_MAX, UINT64_MAX, 4095};
    const Json flat = good().flatten();
    int accepted = 0;
    for (int round = 0; round < 3000; ++round) {
        Json root = good();
        auto entry = flat.items().begin();
        std::advance(entry, random() % flat.size());
        root[Json::json_pointer(entry.key())] = junk[random() % junk.size()];
        const auto config = parseGemma3Config(root);
        if (!config) continue;
        ++accepted;
        const TextConfig& text = config->text;
        ASSERT_EQ(static_cast<std::int64_t>(text.layerTypes.size()), text.numHiddenLayers) << entry.key();
        ASSERT_EQ(text.numAttentionHeads % text.numKeyValueHeads, 0);
        ASSERT_GT(text.effectiveWindow(), 0);
        ASSERT_LE(text.vocabSize * text.hiddenSize, std::int64_t{1} << 44);
        if (!config->vision) continue;
        ASSERT_GT(config->vision->numPatches(), 0);
        ASSERT_GT(config->vision->headDim(), 0);
    }
    EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace lapidary::config
