// Keys and values of everything a sequence has seen.  Sliding layers keep a ring, full layers grow.
// Lives on the model's thread.  Layout of a layer: k and v [rows, kv_heads, capacity, head_dim]; the key of position p lies in
// slot p % capacity (kernels/interval_attention.h).  Positions count all tokens of a row, its left padding included.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/engine/ops/weight.h"
#include "core/shared/base/result.h"
#include "core/shared/config/text_config.h"

namespace lapidary::model {

struct KvCacheOptions {
    std::int64_t rows = 1;                                    // sequences in lockstep (a batch)
    std::int64_t maxTokens = 0;                               // 0: the configuration's max_position_embeddings
    at::ScalarType dtype = at::kFloat;                        // at::kFloat or at::kBFloat16
    at::Device device = at::kCPU;
    std::int64_t layerBegin = 0;                              // layers of this stage
    std::int64_t layerEnd = -1;                               // -1: all
    std::int64_t pastTokens = 0;                              // history that rings keep beyond their window
};

class KvCache {
public:
    KvCache(const config::TextConfig& config, const KvCacheOptions& options);

    // Tokens that were seen (the same for every row).
    [[nodiscard]] std::int64_t length() const { return m_length; }
    [[nodiscard]] std::int64_t maxTokens() const { return m_maxTokens; }
    [[nodiscard]] std::int64_t rows() const { return m_rows; }
    // First key of a row that is a token rather than left padding.
    [[nodiscard]] std::int64_t firstKey(std::int64_t row) const { return m_firstKeys[static_cast<std::size_t>(row)]; }
    [[nodiscard]] std::int64_t sizeBytes() const;

    // Whether truncate(length) can keep what a sliding query at `length` would look back on.
    [[nodiscard]] bool canTruncate(std::int64_t length) const;

    // Left padding of each row; only while the cache is empty.
    void setFirstKeys(std::vector<std::int64_t> firstKeys);
    // Room for `tokens` tokens at once, so that a known prompt grows no buffer twice.
    void reserve(std::int64_t tokens);
    // Forgets every token from `length` on.  Errors: Unsupported when a ring no longer holds the window before `length`:
    // the caller then clears and replays; Usage when `length` exceeds length().
    Result<void> truncate(std::int64_t length);
    // Forgets everything; the memory stays.
    void clear();

    // For the layers of the model: a layer's memory, its slots, and room for `tokens` more without losing any key that one of
    // them may see.
    struct Layer {
        at::Tensor k;
        at::Tensor v;
        std::int64_t capacity = 0;  // slots that exist now
        std::int64_t limit = 0;  // slots that the plan gives this layer (core/shared/plan/kv_cache_plan.h)
        std::int64_t oldest = 0;  // first position whose key is still there
        bool ring = false;
    };
    void prepare(std::int64_t tokens);
    [[nodiscard]] const Layer& layer(std::int64_t index) const;
    // Writes keys and values [rows, tokens, kv_heads, head_dim] of the positions length() … length() + tokens - 1.
    void write(std::int64_t layer, const at::Tensor& k, const at::Tensor& v);
    // The keys of positions [begin, end), in order: [rows, kv_heads, end - begin, head_dim]; a view where they are contiguous.
    [[nodiscard]] at::Tensor keys(std::int64_t layer, std::int64_t begin, std::int64_t end) const;
    [[nodiscard]] at::Tensor values(std::int64_t layer, std::int64_t begin, std::int64_t end) const;
    // What was written becomes part of the sequence.  A forward that was cancelled before leaves the cache as it was.
    void commit(std::int64_t tokens) { m_length += tokens; }

private:
    void grow(Layer& layer, std::int64_t capacity);
    [[nodiscard]] at::Tensor gather(const at::Tensor& buffer, const Layer& layer, std::int64_t begin, std::int64_t end) const;

    std::int64_t m_rows;
    std::int64_t m_kvHeads;
    std::int64_t m_headDim;
    std::int64_t m_window;
    std::int64_t m_maxTokens;
    std::int64_t m_layerBegin;
    at::TensorOptions m_options;
    std::int64_t m_length = 0;
    std::vector<std::int64_t> m_firstKeys;
    std::vector<Layer> m_layers;
};

}  // namespace lapidary::model
