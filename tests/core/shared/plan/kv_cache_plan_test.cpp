#include "core/shared/plan/kv_cache_plan.h"

#include <gtest/gtest.h>

#include "core/shared/config/released_sizes.h"

namespace lapidary::plan {
namespace {

using config::LayerType;

// The figure that the project promises: 2.81 GB within 5 %.
TEST(KvCachePlan, FullContextOf4bInBfloat16) {
    const auto plan = planKvCache(config::releasedConfig("4b")->text, {.contextTokens = 131072, .bytesPerElement = 2});
    EXPECT_NEAR(static_cast<double>(plan.totalBytes()), 2.81e9, 0.05 * 2.81e9);
    EXPECT_EQ(plan.totalBytes(), 2 * 2 * 1024 * (std::int64_t{5} * 131072 + std::int64_t{29} * (1023 + 512)));
}

TEST(KvCachePlan, GlobalLayersHoldTheContextSlidingOnesARing) {
    const config::TextConfig text = config::releasedConfig("1b")->text;
    const auto plan = planKvCache(text, {.contextTokens = 32768, .bytesPerElement = 4});
    ASSERT_EQ(plan.layers.size(), 26U);
    EXPECT_EQ(plan.layers[5], (KvLayerPlan{LayerType::FullAttention, 32768, false}));
    EXPECT_EQ(plan.layers[0], (KvLayerPlan{LayerType::SlidingAttention, 511 + 512, true}));
    EXPECT_EQ(plan.rowElements, 256);
    EXPECT_EQ(plan.layerBytes(0), 2 * 1023 * 256 * 4);
}

TEST(KvCachePlan, ShortContextsNeedNoRing) {
    const config::TextConfig text = config::releasedConfig("4b")->text;
    const auto plan = planKvCache(text, {.contextTokens = 1535});
    EXPECT_EQ(plan.layers[0], (KvLayerPlan{LayerType::SlidingAttention, 1535, false}));
    EXPECT_TRUE(planKvCache(text, {.contextTokens = 1536}).layers[0].ring);
    EXPECT_EQ(planKvCache(text, {.contextTokens = 1536}).layers[0].slots, 1535);
}

TEST(KvCachePlan, ChunkAndHistoryLengthenTheRing) {
    config::TextConfig text = config::releasedConfig("270m")->text;
    EXPECT_EQ(planKvCache(text, {.contextTokens = 30000, .chunkTokens = 1}).layers[0].slots, 512) << "decode alone: the window";
    EXPECT_EQ(planKvCache(text, {.contextTokens = 30000, .chunkTokens = 100, .pastTokens = 50}).layers[0].slots, 661);
    text.useBidirectionalAttention = true;
    EXPECT_EQ(planKvCache(text, {.contextTokens = 30000, .chunkTokens = 1}).layers[0].slots, 257) << "the effective window";
}

}  // namespace
}  // namespace lapidary::plan
