#include "core/shared/plan/kv_cache_plan.h"

#include <algorithm>

namespace lapidary::plan {

std::int64_t KvCachePlan::layerBytes(std::size_t layer) const {
    return 2 * layers[layer].slots * rowElements * bytesPerElement;  // 2: keys and values
}

std::int64_t KvCachePlan::totalBytes() const {
    std::int64_t total = 0;
    for (std::size_t layer = 0; layer < layers.size(); ++layer) total += layerBytes(layer);
    return total;
}

KvCachePlan planKvCache(const config::TextConfig& config, const KvCacheSettings& settings) {
    const std::int64_t context = std::clamp<std::int64_t>(settings.contextTokens, 1, kMaxContext);
    const std::int64_t ring =
        config.effectiveWindow() - 1 + std::max<std::int64_t>(settings.chunkTokens, 1) + settings.pastTokens;
    KvCachePlan plan;
    plan.rowElements = config.numKeyValueHeads * config.headDim;
    plan.bytesPerElement = settings.bytesPerElement;
    plan.layers.reserve(config.layerTypes.size());
    for (const config::LayerType type : config.layerTypes) {
        const bool isRing = type == config::LayerType::SlidingAttention && ring < context;
        plan.layers.push_back({type, isRing ? ring : context, isRing});
    }
    return plan;
}

}  // namespace lapidary::plan
