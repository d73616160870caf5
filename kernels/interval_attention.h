// softmax(q·kᵀ · scale) · v where every query sees one interval of keys, over a cache that may be a ring; or two, where packed
// sequences share a prefix.  No mask is ever built: int32 arrays say which keys a query sees.
#pragma once

#include <cstdint>

#include "kernels/block_format.h"

namespace lapidary::kernels {

struct IntervalAttention {
    const float* q = nullptr;  // [queries, heads, head_dim] float32, contiguous
    const void* k = nullptr;  // [kv_heads, capacity, head_dim] of keyFormat; the key of position p lies in slot p % capacity
    const void* v = nullptr;  // as k
    BlockFormat keyFormat = BlockFormat::F32;  // F32 or BF16
    float* out = nullptr;  // [queries, heads, head_dim] float32, contiguous
    std::int64_t queries = 0;
    std::int64_t heads = 0;
    std::int64_t kvHeads = 0;  // query head a reads key head a / (heads / kvHeads)
    std::int64_t headDim = 0;
    std::int64_t capacity = 0;  // slots a key head has; all visible keys lie within the last `capacity` positions
    const std::int32_t* begin = nullptr;  // [queries] first visible position
    const std::int32_t* end = nullptr;  // [queries] one past the last; an empty interval gives zeros
    float scale = 1.0F;
    const std::int32_t* prefixBegin = nullptr;  // [queries] or null: a second interval, which does not overlap the first
    const std::int32_t* prefixEnd = nullptr;
};

// Heads [headBegin, headEnd) of queries [queryBegin, queryEnd).  Softmax in float32.  Callers split the work over threads.
void intervalAttention(const IntervalAttention& work, std::int64_t headBegin, std::int64_t headEnd, std::int64_t queryBegin,
                       std::int64_t queryEnd);

// The way back: gradients of q, k and v from that of the output.  The probabilities are computed again from q, k and v, a block of keys
// at a time, so that nothing of the forward pass but these is kept (Dao et al., arXiv:2205.14135, appendix B.4).
struct IntervalAttentionBackward {
    IntervalAttention forward;  // keys float32; capacity: the keys, position p in slot p; `out` is overwritten
    const float* dOut = nullptr;  // [queries, heads, head_dim]
    float* dq = nullptr;  // [queries, heads, head_dim]
    float* dk = nullptr;  // [kv_heads, capacity, head_dim], added to
    float* dv = nullptr;  // as dk
};

// All queries of the key heads [kvHeadBegin, kvHeadEnd).  Callers split key heads over threads.
void intervalAttentionBackward(const IntervalAttentionBackward& work, std::int64_t kvHeadBegin, std::int64_t kvHeadEnd);

}  // namespace lapidary::kernels
