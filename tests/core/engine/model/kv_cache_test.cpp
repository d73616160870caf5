// Slots, rings, growth and truncation of the KV cache, against a plain list of what was written.
#include "core/engine/model/kv_cache.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include "core/shared/plan/kv_cache_plan.h"

namespace lapidary::model {
namespace {

constexpr std::int64_t kWindow = 4;

// One sliding layer (0) and one full layer (1).
config::TextConfig smallConfig() {
    config::TextConfig config;
    config.numHiddenLayers = 2;
    config.numKeyValueHeads = 2;
    config.headDim = 3;
    config.slidingWindow = kWindow;
    config.maxPositionEmbeddings = 4000;
    config.layerTypes = {config::LayerType::SlidingAttention, config::LayerType::FullAttention};
    return config;
}

// Keys of position p are all p (plus 1000 a row), values their negative.
void append(KvCache& cache, std::int64_t tokens) {
    cache.prepare(tokens);
    const at::Tensor k = at::full({cache.rows(), tokens, 2, 3}, 0.0, at::TensorOptions(at::kFloat));
    for (std::int64_t row = 0; row < cache.rows(); ++row) {
        for (std::int64_t i = 0; i < tokens; ++i) k[row][i].fill_(static_cast<double>(cache.length() + i + 1000 * row));
    }
    for (const std::int64_t layer : {0, 1}) cache.write(layer, k, k.neg());
    cache.commit(tokens);
}

void expectHeld(const KvCache& cache, std::int64_t layer, std::int64_t begin) {
    const at::Tensor k = cache.keys(layer, begin, cache.length());
    const at::Tensor v = cache.values(layer, begin, cache.length());
    ASSERT_EQ(k.size(2), cache.length() - begin);
    for (std::int64_t row = 0; row < cache.rows(); ++row) {
        for (std::int64_t i = 0; i < k.size(2); ++i) {
            const double expected = static_cast<double>(begin + i + 1000 * row);
            EXPECT_EQ(k[row].select(1, i).ne(expected).sum().item<std::int64_t>(), 0) << "position " << begin + i;
            EXPECT_EQ(v[row].select(1, i).ne(-expected).sum().item<std::int64_t>(), 0) << "position " << begin + i;
        }
    }
}

TEST(KvCache, RingsKeepTheWindowAndFullLayersEverything) {
    for (const std::int64_t rows : {1, 2}) {
        KvCache cache(smallConfig(), {.rows = rows});
        for (const std::int64_t tokens : {1, 300, 200, 1, 1, 500, 30, 700, 5}) {
            append(cache, tokens);
            expectHeld(cache, 0, std::max<std::int64_t>(0, cache.length() - kWindow));
            if (tokens < 10) expectHeld(cache, 1, 0);
        }
        EXPECT_TRUE(cache.layer(0).ring);
        EXPECT_FALSE(cache.layer(1).ring);
        EXPECT_LT(cache.layer(0).capacity, 1024);
    }
}

TEST(KvCache, WhatAChunkNeedsIsThereWhileItIsWritten) {
    KvCache cache(smallConfig(), {});
    append(cache, 700);
    // A chunk as long as the plan allows, not committed: every key of its first query's window is still in place.
    const std::int64_t chunk = plan::kPrefillChunk;
    cache.prepare(chunk);
    cache.write(0, at::full({1, chunk, 2, 3}, 5.0), at::full({1, chunk, 2, 3}, 5.0));
    expectHeld(cache, 0, cache.length() - (kWindow - 1));
    append(cache, 3);  // and the cache goes on as if nothing had been written
    expectHeld(cache, 0, cache.length() - kWindow);
    expectHeld(cache, 1, 0);
}

TEST(KvCache, AChunkLongerThanPlannedWidensTheRing) {
    KvCache cache(smallConfig(), {});
    append(cache, 600);
    append(cache, 900);
    expectHeld(cache, 0, 600 - (kWindow - 1));
}

TEST(KvCache, TruncateWithinTheRing) {
    KvCache cache(smallConfig(), {});
    append(cache, 900);
    ASSERT_TRUE(cache.canTruncate(700));
    ASSERT_TRUE(cache.truncate(700));
    EXPECT_EQ(cache.length(), 700);
    expectHeld(cache, 0, 700 - (kWindow - 1));
    append(cache, 2);
    expectHeld(cache, 0, cache.length() - kWindow);
    expectHeld(cache, 1, 0);
}

TEST(KvCache, TruncatePastTheRingIsRefused) {
    KvCache cache(smallConfig(), {});
    append(cache, 500);
    append(cache, 500);
    append(cache, 500);
    const std::int64_t held = cache.layer(0).capacity;
    EXPECT_TRUE(cache.canTruncate(1500 - held + kWindow - 1));
    EXPECT_FALSE(cache.canTruncate(1500 - held + kWindow - 2));
    const auto refused = cache.truncate(1500 - held + kWindow - 2);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
    EXPECT_EQ(cache.length(), 1500);
    EXPECT_EQ(cache.truncate(1501).error().code, ErrorCode::Usage);
    cache.clear();
    EXPECT_EQ(cache.length(), 0);
    append(cache, 3);
    expectHeld(cache, 0, 0);
}

// What was overwritten stays lost, however the length moves afterwards.
TEST(KvCache, TruncatingTwiceRemembersWhatWasOverwritten) {
    KvCache cache(smallConfig(), {});
    append(cache, 500);
    append(cache, 500);
    append(cache, 500);
    const std::int64_t lowest = 1500 - cache.layer(0).capacity + kWindow - 1;
    ASSERT_TRUE(cache.truncate(lowest));
    EXPECT_FALSE(cache.canTruncate(lowest - 1));
    append(cache, 600);  // wider than the ring was
    EXPECT_FALSE(cache.canTruncate(lowest - 1));
}

TEST(KvCache, GrowsInStepsAndReservesAtOnce) {
    KvCache cache(smallConfig(), {});
    std::int64_t growths = 0, capacity = 0;
    for (int i = 0; i < 3000; ++i) {
        append(cache, 1);
        if (cache.layer(1).capacity != capacity) ++growths;
        capacity = cache.layer(1).capacity;
    }
    EXPECT_LT(growths, 10);
    KvCache reserved(smallConfig(), {});
    reserved.reserve(3000);
    EXPECT_EQ(reserved.layer(1).capacity, 3000);
    const void* const memory = reserved.layer(1).k.const_data_ptr();
    append(reserved, 500);
    append(reserved, 2500);
    EXPECT_EQ(reserved.layer(1).k.const_data_ptr(), memory);
    expectHeld(reserved, 0, 3000 - kWindow);
}

TEST(KvCache, NeverHoldsMoreThanItsPlan) {
    KvCache cache(smallConfig(), {.maxTokens = 900, .dtype = at::kBFloat16});
    append(cache, 512);
    append(cache, 388);
    const plan::KvCachePlan plan = plan::planKvCache(smallConfig(), {.contextTokens = 900, .bytesPerElement = 2});
    EXPECT_EQ(cache.sizeBytes(), plan.totalBytes());
    EXPECT_THROW(cache.prepare(1), std::exception);
}

// 4B, bfloat16, 131072 tokens: 2.81 GB, within 5 % (arithmetic of the plan that the cache follows).
TEST(KvCache, FullContextOf4BInBfloat16) {
    config::TextConfig config;
    config.numHiddenLayers = 34;
    config.numKeyValueHeads = 4;
    config.headDim = 256;
    config.slidingWindow = 1024;
    for (int i = 0; i < 34; ++i) {
        config.layerTypes.push_back((i + 1) % 6 == 0 ? config::LayerType::FullAttention : config::LayerType::SlidingAttention);
    }
    const plan::KvCachePlan plan = plan::planKvCache(config, {.contextTokens = 131072, .bytesPerElement = 2});
    EXPECT_NEAR(static_cast<double>(plan.totalBytes()), 2.81e9, 0.05 * 2.81e9);
}

}  // namespace
}  // namespace lapidary::model
