// How many keys and values each layer keeps: the one arithmetic behind the KV cache itself and every forecast of its size.
//   global layers   the whole context
//   sliding layers  a ring of window - 1 + chunk slots (specification 3.5): while a chunk of `chunk` queries is being
//                   computed, its first query still needs the window - 1 keys before it
#pragma once

#include <cstdint>
#include <vector>

#include "core/shared/config/text_config.h"

namespace lapidary::plan {

// Queries of one prefill step.  A chunk never cuts an image block, so it is also at least one block long.
constexpr std::int64_t kPrefillChunk = 512;

// More than any model's positions; keeps every product of the plan below 2^63.
constexpr std::int64_t kMaxContext = std::int64_t{1} << 31;

struct KvCacheSettings {
    std::int64_t contextTokens = 4096;          // 1 to kMaxContext; prompt and answer together
    std::int64_t chunkTokens = kPrefillChunk;   // >= 1; longest prefill step
    std::int64_t pastTokens = 0;                // extra history a ring keeps (attention rows, rollback)
    std::int64_t bytesPerElement = 4;           // 4 float32, 2 bfloat16
};

struct KvLayerPlan {
    config::LayerType type = config::LayerType::FullAttention;
    std::int64_t slots = 0;   // keys (and as many values) this layer holds at most
    bool ring = false;        // slot of position p is p % slots; false: slot p (nothing is ever overwritten)
    bool operator==(const KvLayerPlan&) const = default;
};

struct KvCachePlan {
    std::vector<KvLayerPlan> layers;
    std::int64_t rowElements = 0;      // kv_heads * head_dim: one key (or one value) of one layer
    std::int64_t bytesPerElement = 4;

    // Keys and values of one layer, in bytes; of all layers, in bytes.
    [[nodiscard]] std::int64_t layerBytes(std::size_t layer) const;
    [[nodiscard]] std::int64_t totalBytes() const;
};

// Slots of every layer when the context is full.  A sliding layer whose ring would be as long as the context keeps the
// context instead and is no ring.
KvCachePlan planKvCache(const config::TextConfig& config, const KvCacheSettings& settings);

}  // namespace lapidary::plan
