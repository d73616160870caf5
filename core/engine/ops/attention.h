// softmax(q · kᵀ · scale) · v where every query sees one interval of keys (core/shared/rules/visible_keys.h), or two where packed
// sequences share a prefix.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>

namespace lapidary::ops {

// Masks of one forward by queries and keys: where the start of each operation counts, making one for every layer costs more than the
// layer's products.  As large as the masks; used by one thread at a time.
class MaskMemory {
public:
    struct Place {
        std::int64_t firstQuery, queries, firstKey, keys;
        auto operator<=>(const Place&) const = default;
    };
    at::Tensor& at(const Place& place) { return m_masks[place]; }

private:
    std::map<Place, at::Tensor> m_masks;
};

// Keys that each query sees, in absolute positions: int32 [rows, queries] on the CPU; an empty interval sees none and gives zeros.
struct Intervals {
    at::Tensor begin;
    at::Tensor end;
    // A second interval, below the first: the shared prefix of packed sequences.  Shapes as above; undefined where there is none.
    at::Tensor prefixBegin{};
    at::Tensor prefixEnd{};
    // Where the layers of a forward on a device find each other's masks; null: each makes its own.
    std::shared_ptr<MaskMemory> masks{};
    std::int64_t firstQuery = 0;  // of all that `masks` knows
};

// The kernel: float32 on a CPU, no gradient, no mask in memory.
// q [rows, queries, heads, head_dim] float32; k, v [rows, kv_heads, capacity, head_dim] float32 or bfloat16, position p in slot
// p % capacity → [rows, queries, heads, head_dim].
at::Tensor ringAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Intervals& intervals,
                         double scale);

// The same by ATen, step by step as the reference's eager attention: gradients, bfloat16 (scores rounded, softmax in float32,
// rounded), other devices, and the weights themselves.  Memory is bounded by a block of queries unless weights are wanted.
// q as above in any float type; k, v [rows, kv_heads, keys, head_dim], in order, the first being position `firstKey`.
// `weights`, if not null: [rows, heads, queries, keys] float32, hidden cells exactly 0.
at::Tensor maskedAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t firstKey,
                           const Intervals& intervals, double scale, at::Tensor* weights = nullptr);

// What training takes: no weights, and a gradient of q, k and v that is computed a block at a time from these three alone, so that no
// scores are kept.  q [rows, queries, heads, head_dim]; k, v [rows, kv_heads, keys, head_dim] of q's type, key 0 first.
at::Tensor learningAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Intervals& intervals,
                             double scale);

// Intervals as a mask over the keys [firstKey, firstKey + keys): bool [rows, queries, keys] on `device`.
at::Tensor intervalMask(const Intervals& intervals, std::int64_t firstKey, std::int64_t keys, at::Device device);

// Where no key is seen, ready for scores: bool [rows, 1, 1, queries, keys].
at::Tensor hiddenMask(const Intervals& intervals, std::int64_t firstKey, std::int64_t keys, at::Device device);

// Some queries of all rows.
Intervals queryRange(const Intervals& all, std::int64_t first, std::int64_t count);

// The keys that any of the queries sees, as [begin, end) within [firstKey, firstKey + keys); at least one.
struct KeyRange {
    std::int64_t begin = 0;
    std::int64_t end = 0;
};
KeyRange seenKeys(const Intervals& intervals, std::int64_t firstKey, std::int64_t keys);

}  // namespace lapidary::ops
