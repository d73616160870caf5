#include "core/shared/plan/memory_forecast.h"

#include <gtest/gtest.h>

#include "core/shared/config/released_sizes.h"

namespace lapidary::plan {
namespace {

TEST(MemoryForecast, WeightsByPartAreExact) {
    const auto forecast = forecastMemory(*config::releasedConfig("4b"), {});
    EXPECT_EQ(forecast.bytesOf("language weights"), 2 * 3880263168);
    EXPECT_EQ(forecast.bytesOf("vision weights"), 2 * 416866032);
    EXPECT_EQ(forecast.bytesOf("projection weights"), 2 * 2950272);
    EXPECT_EQ(
        forecast.bytesOf("language weights") + forecast.bytesOf("vision weights") + forecast.bytesOf("projection weights"),
        8600158944);
}

TEST(MemoryForecast, CacheIsThePlansAndRowsMultiply) {
    const config::Gemma3Config config = *config::releasedConfig("4b");
    ForecastSettings settings;
    settings.cache = {.contextTokens = 131072, .bytesPerElement = 2};
    const std::int64_t one = forecastMemory(config, settings).bytesOf("kv cache");
    EXPECT_EQ(one, planKvCache(config.text, settings.cache).totalBytes());
    settings.rows = 3;
    EXPECT_EQ(forecastMemory(config, settings).bytesOf("kv cache"), 3 * one);
}

TEST(MemoryForecast, TextOnlyModelsHaveNoTower) {
    const auto forecast = forecastMemory(*config::releasedConfig("270m"), {});
    ASSERT_EQ(forecast.items.size(), 3U);
    EXPECT_EQ(forecast.bytesOf("vision weights"), 0);
    EXPECT_EQ(forecast.bytesOf("vision activations"), 0);
    EXPECT_EQ(forecast.totalBytes(), forecast.items[0].bytes + forecast.items[1].bytes + forecast.items[2].bytes);
}

TEST(MemoryForecast, WeightsAreCountedAsTheCallerStoresThem) {
    ForecastSettings settings;
    settings.weightBytes = [](const Parameter& parameter) {
        return parameter.kind == Kind::Matrix ? parameter.elements() / 32 * 18 : parameter.elements() * 4;  // Q4_0 matrices
    };
    const auto table = parameterTable(*config::releasedConfig("270m"));
    std::int64_t expected = 0;
    for (const Parameter& parameter : table) expected += settings.weightBytes(parameter);
    EXPECT_EQ(forecastMemory(*config::releasedConfig("270m"), settings).bytesOf("language weights"), expected);
    settings.weightBytes = nullptr;
    const std::int64_t tied = forecastMemory(*config::releasedConfig("270m"), settings).bytesOf("language weights");
    settings.untiedHead = true;
    EXPECT_EQ(forecastMemory(*config::releasedConfig("270m"), settings).bytesOf("language weights") - tied, 2 * 262144 * 640);
}

TEST(MemoryForecast, ActivationsFollowChunkAndDtype) {
    const config::Gemma3Config config = *config::releasedConfig("1b");
    ForecastSettings settings;
    const std::int64_t logits = config.text.vocabSize * 4;
    const std::int64_t float32 = forecastMemory(config, settings).bytesOf("activations") - logits;
    EXPECT_EQ(float32, std::int64_t{512} * (3 * 1152 + 3 * 6912) * 4);
    settings.activationBytes = 2;
    EXPECT_EQ(forecastMemory(config, settings).bytesOf("activations") - logits, float32 / 2);
    settings.cache.contextTokens = 10;  // no chunk is longer than the context
    EXPECT_EQ(forecastMemory(config, settings).bytesOf("activations") - logits, std::int64_t{10} * (3 * 1152 + 3 * 6912) * 2);
}

// The largest sizes that a configuration may state keep every sum in range.
TEST(MemoryForecast, LargestLegalSizesDoNotOverflow) {
    config::Gemma3Config config;
    config.text.numHiddenLayers = 1024;
    config.text.numAttentionHeads = 64;
    config.text.numKeyValueHeads = 64;
    config.text.headDim = 4096;
    config.text.slidingWindow = std::int64_t{1} << 30;
    config.text.layerTypes.assign(1024, config::LayerType::FullAttention);
    ForecastSettings settings;
    settings.cache.contextTokens = INT64_MAX;  // taken as kMaxContext
    EXPECT_GT(forecastMemory(config, settings).totalBytes(), 0);
    EXPECT_EQ(forecastMemory(config, settings).bytesOf("kv cache"), std::int64_t{1} << 62);
}

}  // namespace
}  // namespace lapidary::plan
