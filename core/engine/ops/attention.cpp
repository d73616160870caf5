#include "core/engine/ops/attention.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/interval_attention.h"

namespace lapidary::ops {
namespace {

// Queries a thread takes at a time: enough to share a block of keys, few enough to balance.
constexpr std::int64_t kQueryBlock = 16;
// Scores held at once by the ATen path.
constexpr std::int64_t kScoreBytes = 64 << 20;

double lowest(at::ScalarType type) {
    switch (type) {
        case at::kHalf: return std::numeric_limits<c10::Half>::lowest();
        case at::kBFloat16: return std::numeric_limits<c10::BFloat16>::lowest();
        default: return std::numeric_limits<float>::lowest();
    }
}

// One block of queries against keys that cover everything it sees.  q [rows, kv_heads, group, queries, head_dim];
// k, v [rows, kv_heads, keys, head_dim]; hidden [rows, 1, 1, queries, keys] → as q.
at::Tensor attendBlock(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& hidden, double scale,
                       at::Tensor* weights) {
    const std::int64_t rows = q.size(0), kvHeads = q.size(1), group = q.size(2), queries = q.size(3), headDim = q.size(4);
    const std::int64_t keys = k.size(2);
    const at::Tensor flat = q.reshape({rows, kvHeads, group * queries, headDim});
    at::Tensor scores = (flat.matmul(k.transpose(-2, -1)) * scale).view({rows, kvHeads, group, queries, keys});
    // finfo.min rather than -inf, as the reference: a padding query's row stays finite, so no gradient turns into NaN.
    scores = scores.masked_fill(hidden, lowest(scores.scalar_type()));
    at::Tensor probabilities = scores.softmax(-1, at::kFloat).masked_fill(hidden, 0.0);
    if (weights != nullptr) *weights = probabilities.reshape({rows, kvHeads * group, queries, keys});
    probabilities = probabilities.to(v.scalar_type()).view({rows, kvHeads, group * queries, keys});
    return probabilities.matmul(v).view({rows, kvHeads, group, queries, headDim});
}

}  // namespace

at::Tensor ringAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Intervals& intervals,
                         double scale) {
    const std::int64_t rows = q.size(0), queries = q.size(1), heads = q.size(2), headDim = q.size(3);
    TORCH_CHECK(q.is_contiguous() && k.is_contiguous() && v.is_contiguous() && intervals.begin.is_contiguous() &&
                    intervals.end.is_contiguous() && k.scalar_type() == v.scalar_type(),
                "attention wants contiguous operands");
    at::Tensor out = at::empty(q.sizes(), q.options());
    const std::int64_t blocks = (queries + kQueryBlock - 1) / kQueryBlock;
    const std::int64_t rowStride = k.stride(0) * static_cast<std::int64_t>(k.element_size());
    kernels::IntervalAttention work;
    work.keyFormat = k.scalar_type() == at::kFloat ? kernels::BlockFormat::F32 : kernels::BlockFormat::BF16;
    work.queries = queries;
    work.heads = heads;
    work.kvHeads = k.size(1);
    work.headDim = headDim;
    work.capacity = k.size(2);
    work.scale = static_cast<float>(scale);
    const float* const queryData = q.const_data_ptr<float>();
    float* const outData = out.mutable_data_ptr<float>();
    const auto* const keyData = static_cast<const std::byte*>(k.const_data_ptr());
    const auto* const valueData = static_cast<const std::byte*>(v.const_data_ptr());
    const std::int32_t* const begins = intervals.begin.const_data_ptr<std::int32_t>();
    const std::int32_t* const ends = intervals.end.const_data_ptr<std::int32_t>();
    const bool shares = intervals.prefixBegin.defined();
    const std::int32_t* const prefixBegins = shares ? intervals.prefixBegin.const_data_ptr<std::int32_t>() : nullptr;
    const std::int32_t* const prefixEnds = shares ? intervals.prefixEnd.const_data_ptr<std::int32_t>() : nullptr;
    at::parallel_for(0, rows * heads * blocks, 1, [&](std::int64_t begin, std::int64_t end) {
        kernels::IntervalAttention mine = work;
        for (std::int64_t item = begin; item < end; ++item) {
            const std::int64_t row = item / (heads * blocks);
            const std::int64_t head = item / blocks % heads;
            const std::int64_t first = item % blocks * kQueryBlock;
            mine.q = queryData + row * queries * heads * headDim;
            mine.out = outData + row * queries * heads * headDim;
            mine.k = keyData + row * rowStride;
            mine.v = valueData + row * rowStride;
            mine.begin = begins + row * queries;
            mine.end = ends + row * queries;
            if (shares) {
                mine.prefixBegin = prefixBegins + row * queries;
                mine.prefixEnd = prefixEnds + row * queries;
            }
            kernels::intervalAttention(mine, head, head + 1, first, std::min(first + kQueryBlock, queries));
        }
    });
    return out;
}

Intervals queryRange(const Intervals& all, std::int64_t first, std::int64_t count) {
    const auto range = [&](const at::Tensor& bounds) { return bounds.defined() ? bounds.narrow(1, first, count) : bounds; };
    return {range(all.begin), range(all.end), range(all.prefixBegin), range(all.prefixEnd), all.masks, all.firstQuery + first};
}

KeyRange seenKeys(const Intervals& intervals, std::int64_t firstKey, std::int64_t keys) {
    KeyRange seen{firstKey + keys, firstKey};
    for (const auto& [begins, ends] :
         {std::pair{&intervals.begin, &intervals.end}, {&intervals.prefixBegin, &intervals.prefixEnd}}) {
        if (!begins->defined()) continue;
        const at::Tensor begin = begins->contiguous(), end = ends->contiguous();
        for (std::int64_t i = 0; i < begin.numel(); ++i) {
            const std::int64_t low = begin.const_data_ptr<std::int32_t>()[i], high = end.const_data_ptr<std::int32_t>()[i];
            if (low >= high) continue;
            seen.begin = std::min(seen.begin, low);
            seen.end = std::max(seen.end, high);
        }
    }
    // Padding alone sees nothing, but a slice of keys has at least one.
    if (seen.begin >= seen.end) return {firstKey, firstKey + 1};
    return seen;
}

at::Tensor intervalMask(const Intervals& intervals, std::int64_t firstKey, std::int64_t keys, at::Device device) {
    const at::Tensor position = at::arange(firstKey, firstKey + keys, at::TensorOptions(at::kInt).device(device));
    const auto within = [&](const at::Tensor& begin, const at::Tensor& end) {
        return position.ge(begin.to(device).unsqueeze(-1)).logical_and_(position.lt(end.to(device).unsqueeze(-1)));
    };
    at::Tensor seen = within(intervals.begin, intervals.end);
    if (intervals.prefixBegin.defined()) seen.logical_or_(within(intervals.prefixBegin, intervals.prefixEnd));
    return seen;
}

at::Tensor hiddenMask(const Intervals& intervals, std::int64_t firstKey, std::int64_t keys, at::Device device) {
    at::Tensor made;
    at::Tensor& hidden =
        intervals.masks ? intervals.masks->at({intervals.firstQuery, intervals.begin.size(1), firstKey, keys}) : made;
    if (!hidden.defined()) hidden = intervalMask(intervals, firstKey, keys, device).logical_not_().unsqueeze(1).unsqueeze(1);
    return hidden;
}

at::Tensor maskedAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t firstKey,
                           const Intervals& intervals, double scale, at::Tensor* weights) {
    const std::int64_t rows = q.size(0), queries = q.size(1), heads = q.size(2), headDim = q.size(3);
    const std::int64_t kvHeads = k.size(1), keys = k.size(2);
    const at::Tensor keyRows = k.to(q.scalar_type());
    const at::Tensor valueRows = v.to(q.scalar_type());
    // [rows, kv_heads, group, queries, head_dim]: the heads that share a key head become one matrix.
    const at::Tensor grouped = q.view({rows, queries, kvHeads, heads / kvHeads, headDim}).permute({0, 2, 3, 1, 4});
    const std::int64_t perQuery = rows * heads * keys * 4;
    const std::int64_t block = weights != nullptr ? queries : std::clamp<std::int64_t>(kScoreBytes / perQuery, 1, queries);
    std::vector<at::Tensor> parts;
    for (std::int64_t first = 0; first < queries; first += block) {
        const std::int64_t count = std::min(block, queries - first);
        const Intervals part = queryRange(intervals, first, count);
        const KeyRange seen = weights != nullptr ? KeyRange{firstKey, firstKey + keys} : seenKeys(part, firstKey, keys);
        const std::int64_t begin = seen.begin - firstKey, size = seen.end - seen.begin;
        const at::Tensor hidden = hiddenMask(part, seen.begin, size, q.device());
        parts.push_back(attendBlock(grouped.narrow(3, first, count), keyRows.narrow(2, begin, size),
                                    valueRows.narrow(2, begin, size), hidden, scale, weights));
    }
    const at::Tensor all = parts.size() == 1 ? parts.front() : at::cat(parts, 3);
    return all.permute({0, 3, 1, 2, 4}).reshape({rows, queries, heads, headDim});
}

}  // namespace lapidary::ops
