#include "core/engine/model/kv_cache.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "core/shared/plan/kv_cache_plan.h"

namespace lapidary::model {
namespace {

// A growing layer's memory is a multiple of this many tokens, and grows by at least half: few copies, little slack.
constexpr std::int64_t kGrowTokens = 256;

std::int64_t roundUp(std::int64_t value, std::int64_t step) { return (value + step - 1) / step * step; }

// Copies [rows, tokens, kv_heads, head_dim] to slots of [rows, kv_heads, capacity, head_dim].
void copyTo(const at::Tensor& buffer, const at::Tensor& values, std::int64_t slot) {
    const std::int64_t rows = buffer.size(0), heads = buffer.size(1), capacity = buffer.size(2), dim = buffer.size(3);
    const std::int64_t tokens = values.size(1);
    const bool plain =
        buffer.is_cpu() && buffer.scalar_type() == at::kFloat && values.scalar_type() == at::kFloat && values.is_contiguous();
    if (!plain) {
        buffer.narrow(2, slot, tokens).copy_(values.permute({0, 2, 1, 3}));
        return;
    }
    // One token at a time is the common case, and a general strided copy costs more than the copy.
    float* const out = buffer.mutable_data_ptr<float>();
    const float* in = values.const_data_ptr<float>();
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t token = 0; token < tokens; ++token) {
            for (std::int64_t head = 0; head < heads; ++head, in += dim) {
                std::memcpy(out + ((row * heads + head) * capacity + slot + token) * dim, in,
                            static_cast<std::size_t>(dim) * 4);
            }
        }
    }
}

// Values of a layer at consecutive positions, wherever they lie.
struct Run {
    std::int64_t offset;  // from the first position
    std::int64_t slot;
    std::int64_t count;
};

std::vector<Run> runsOf(std::int64_t position, std::int64_t count, std::int64_t capacity) {
    std::vector<Run> runs;
    for (std::int64_t offset = 0; offset < count;) {
        const std::int64_t slot = (position + offset) % capacity;
        const std::int64_t length = std::min(count - offset, capacity - slot);
        runs.push_back({offset, slot, length});
        offset += length;
    }
    return runs;
}

}  // namespace

KvCache::KvCache(const config::TextConfig& config, const KvCacheOptions& options)
    : m_rows(options.rows),
      m_kvHeads(config.numKeyValueHeads),
      m_headDim(config.headDim),
      m_window(config.effectiveWindow()),
      m_maxTokens(options.maxTokens > 0 ? options.maxTokens : config.maxPositionEmbeddings),
      m_layerBegin(options.layerBegin),
      m_options(at::TensorOptions(options.dtype).device(options.device)),
      m_firstKeys(static_cast<std::size_t>(options.rows), 0) {
    const plan::KvCachePlan plan = plan::planKvCache(
        config, {.contextTokens = m_maxTokens, .chunkTokens = plan::kPrefillChunk, .pastTokens = options.pastTokens});
    const auto layers = static_cast<std::int64_t>(plan.layers.size());
    const std::int64_t end = options.layerEnd < 0 ? layers : options.layerEnd;
    TORCH_CHECK(0 <= m_layerBegin && m_layerBegin <= end && end <= layers, "a cache of layers that do not exist");
    for (std::int64_t i = m_layerBegin; i < end; ++i) {
        const plan::KvLayerPlan& layer = plan.layers[static_cast<std::size_t>(i)];
        Layer& added = m_layers.emplace_back();
        added.limit = layer.slots;
        added.ring = layer.ring;
    }
}

std::int64_t KvCache::sizeBytes() const {
    std::int64_t total = 0;
    for (const Layer& layer : m_layers) {
        if (layer.k.defined()) total += 2 * layer.k.numel() * static_cast<std::int64_t>(layer.k.element_size());
    }
    return total;
}

bool KvCache::canTruncate(std::int64_t length) const {
    if (length < 0 || length > m_length) return false;
    return std::all_of(m_layers.begin(), m_layers.end(), [&](const Layer& layer) {
        // The next query will stand at `length` and look back to length - window + 1.
        return !layer.ring || std::max<std::int64_t>(0, length - m_window + 1) >= layer.oldest;
    });
}

void KvCache::setFirstKeys(std::vector<std::int64_t> firstKeys) {
    TORCH_CHECK(m_length == 0, "padding is declared before the first token");
    TORCH_CHECK(static_cast<std::int64_t>(firstKeys.size()) == m_rows, "one first key a row");
    m_firstKeys = std::move(firstKeys);
}

void KvCache::reserve(std::int64_t tokens) {
    for (Layer& layer : m_layers) {
        const std::int64_t wanted = std::min(tokens, layer.limit);
        if (wanted > layer.capacity) grow(layer, wanted);
    }
}

Result<void> KvCache::truncate(std::int64_t length) {
    if (length < 0 || length > m_length) {
        return Error{ErrorCode::Usage,
                     "a cache of " + std::to_string(m_length) + " tokens cannot be cut to " + std::to_string(length), ""};
    }
    if (!canTruncate(length)) {
        return Error{ErrorCode::Unsupported,
                     "the sliding layers have forgotten the " + std::to_string(m_window - 1) + " tokens before position " +
                         std::to_string(length) + "; the sequence must be computed again",
                     ""};
    }
    m_length = length;
    return {};
}

void KvCache::clear() {
    m_length = 0;
    for (Layer& layer : m_layers) layer.oldest = 0;
    std::fill(m_firstKeys.begin(), m_firstKeys.end(), 0);
}

void KvCache::prepare(std::int64_t tokens) {
    const std::int64_t needed = m_length + tokens;
    TORCH_CHECK(needed <= m_maxTokens, "more tokens than the cache may hold");
    for (Layer& layer : m_layers) {
        // The first of `tokens` queries looks back on window - 1 keys, all of which must still be there while the last is written.
        const std::int64_t atOnce = std::min(needed, m_window - 1 + tokens);
        const std::int64_t limit = layer.ring ? std::max(layer.limit, atOnce) : layer.limit;
        const std::int64_t wanted = layer.ring ? std::min(needed, limit) : needed;
        if (wanted > layer.capacity) {
            const std::int64_t generous = roundUp(std::max(wanted, layer.capacity + layer.capacity / 2), kGrowTokens);
            grow(layer, std::min(limit, generous));
        }
        // What these tokens will overwrite is gone even if they are never committed.
        layer.oldest = std::max(layer.oldest, needed - layer.capacity);
    }
}

// Keys keep their positions; only where a position lies (p % capacity) changes.
void KvCache::grow(Layer& layer, std::int64_t capacity) {
    const std::int64_t held = std::max<std::int64_t>(0, m_length - layer.oldest);
    for (at::Tensor* buffer : {&layer.k, &layer.v}) {
        at::Tensor larger = at::empty({m_rows, m_kvHeads, capacity, m_headDim}, m_options);
        for (const Run& from : runsOf(m_length - held, held, std::max<std::int64_t>(layer.capacity, 1))) {
            for (const Run& to : runsOf(m_length - held + from.offset, from.count, capacity)) {
                larger.narrow(2, to.slot, to.count).copy_(buffer->narrow(2, from.slot + to.offset, to.count));
            }
        }
        *buffer = larger;
    }
    layer.capacity = capacity;
}

const KvCache::Layer& KvCache::layer(std::int64_t index) const {
    return m_layers[static_cast<std::size_t>(index - m_layerBegin)];
}

void KvCache::write(std::int64_t index, const at::Tensor& k, const at::Tensor& v) {
    const Layer& target = layer(index);
    const std::int64_t tokens = k.size(1);
    const std::int64_t slot = m_length % target.capacity;
    if (slot + tokens <= target.capacity) {
        copyTo(target.k, k, slot);
        copyTo(target.v, v, slot);
        return;
    }
    for (const Run& run : runsOf(m_length, tokens, target.capacity)) {
        copyTo(target.k, k.narrow(1, run.offset, run.count).contiguous(), run.slot);
        copyTo(target.v, v.narrow(1, run.offset, run.count).contiguous(), run.slot);
    }
}

at::Tensor KvCache::gather(const at::Tensor& buffer, const Layer& layer, std::int64_t begin, std::int64_t end) const {
    const std::vector<Run> runs = runsOf(begin, end - begin, layer.capacity);
    if (runs.size() == 1) return buffer.narrow(2, runs[0].slot, runs[0].count);
    std::vector<at::Tensor> parts;
    parts.reserve(runs.size());
    for (const Run& run : runs) parts.push_back(buffer.narrow(2, run.slot, run.count));
    return parts.empty() ? buffer.narrow(2, 0, 0) : at::cat(parts, 2);
}

at::Tensor KvCache::keys(std::int64_t index, std::int64_t begin, std::int64_t end) const {
    return gather(layer(index).k, layer(index), begin, end);
}

at::Tensor KvCache::values(std::int64_t index, std::int64_t begin, std::int64_t end) const {
    return gather(layer(index).v, layer(index), begin, end);
}

}  // namespace lapidary::model
