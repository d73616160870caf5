// Memory that a model will need, by part, before a byte of it is loaded: one forecast for `inspect`, the window and the server.
// Weights and KV cache are exact (as stored; core/shared/plan/kv_cache_plan.h); activations are an upper estimate of the
// buffers alive at once in one prefill chunk and in one view of the vision tower.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/shared/config/gemma3_config.h"
#include "core/shared/plan/kv_cache_plan.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::plan {

struct MemoryForecast {
    struct Item {
        std::string
            name;  // "language weights", "vision weights", "projection weights", "kv cache", "activations", "vision activations"
        std::int64_t bytes = 0;
        bool operator==(const Item&) const = default;
    };
    std::vector<Item> items;  // in the order above; those of an absent tower are left out

    [[nodiscard]] std::int64_t totalBytes() const;
    // 0 where the forecast has no such item.
    [[nodiscard]] std::int64_t bytesOf(const std::string& name) const;
};

struct ForecastSettings {
    KvCacheSettings cache;
    std::int64_t rows = 1;  // sequences in lockstep
    std::int64_t activationBytes = 4;  // of an element: 4 float32, 2 bfloat16
    bool untiedHead = false;
    // Bytes of a tensor as it will lie in memory; empty: bfloat16.
    std::function<std::int64_t(const Parameter&)> weightBytes;
};

MemoryForecast forecastMemory(const config::Gemma3Config& config, const ForecastSettings& settings);

}  // namespace lapidary::plan
