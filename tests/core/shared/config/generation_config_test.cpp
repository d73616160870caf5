#include "core/shared/config/generation_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lapidary::config {
namespace {

using Json = nlohmann::json;

TEST(GenerationConfig, OfTheInstructionTunedModels) {
    const auto config = parseGenerationConfig({{"bos_token_id", 2},
                                               {"cache_implementation", "hybrid"},
                                               {"do_sample", true},
                                               {"eos_token_id", {1, 106}},
                                               {"pad_token_id", 0},
                                               {"top_k", 64},
                                               {"top_p", 0.95},
                                               {"transformers_version", "4.50.0.dev0"}});
    ASSERT_TRUE(config) << config.error().toString();
    GenerationConfig expected;
    expected.doSample = true;
    expected.topK = 64;
    expected.topP = 0.95;
    expected.eosTokenIds = {1, 106};
    EXPECT_EQ(*config, expected);
    EXPECT_EQ(config->temperature, 1.0);
}

TEST(GenerationConfig, MissingAndNullKeysAreTransformersDefaults) {
    EXPECT_EQ(*parseGenerationConfig(Json::object()), GenerationConfig{});
    EXPECT_EQ(*parseGenerationConfig({{"temperature", nullptr}, {"top_k", nullptr}, {"eos_token_id", nullptr}}),
              GenerationConfig{});
    EXPECT_FALSE(GenerationConfig{}.doSample);
    EXPECT_EQ(GenerationConfig{}.topK, 50);
    EXPECT_EQ(GenerationConfig{}.topP, 1.0);
}

TEST(GenerationConfig, OneEndTokenOrSeveral) {
    EXPECT_EQ(parseGenerationConfig({{"eos_token_id", 106}})->eosTokenIds, (std::vector<std::int64_t>{106}));
}

TEST(Fault61, GenerationValuesOutOfRange) {
    const std::vector<std::pair<const char*, Json>> wrong{{"temperature", -1},   {"temperature", "hot"},
                                                          {"top_k", -1},         {"top_k", 0.5},
                                                          {"top_p", 1.5},        {"top_p", -0.1},
                                                          {"min_p", 2},          {"repetition_penalty", 0},
                                                          {"eos_token_id", "x"}, {"eos_token_id", Json::array()},
                                                          {"do_sample", 1},      {"pad_token_id", -1},
                                                          {"bos_token_id", 1e18}};
    for (const auto& [key, value] : wrong) {
        const auto config = parseGenerationConfig({{key, value}});
        ASSERT_FALSE(config) << key << " " << value;
        EXPECT_NE(config.error().message.find(key), std::string::npos);
    }
    EXPECT_FALSE(parseGenerationConfig(Json::array()));
}

}  // namespace
}  // namespace lapidary::config
