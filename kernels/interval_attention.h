// softmax(q·kᵀ · scale) · v where every query sees one interval of keys, over a cache that may be a ring.
// No mask is ever built: two int32 arrays say which keys a query sees.
#pragma once

#include <cstdint>

#include "kernels/block_format.h"

namespace lapidary::kernels {

struct IntervalAttention {
    const float* q = nullptr;        // [queries, heads, head_dim] float32, contiguous
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
};

// Heads [headBegin, headEnd) of queries [queryBegin, queryEnd).  Softmax in float32.  Callers split the work over threads.
void intervalAttention(const IntervalAttention& work, std::int64_t headBegin, std::int64_t headEnd, std::int64_t queryBegin,
                       std::int64_t queryEnd);

}  // namespace lapidary::kernels
