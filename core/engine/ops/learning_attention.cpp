// Attention under gradients.  The backward pass computes the probabilities of a block of queries again, over the keys that this block
// sees: sliding layers cost their window, and nothing as large as queries x keys is ever held (as FlashAttention, arXiv:2205.14135): by
// the kernel on a CPU, by whole matrix products elsewhere.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "core/engine/ops/attention.h"
#include "core/engine/ops/autograd.h"
#include "kernels/interval_attention.h"

namespace lapidary::ops {
namespace {

// Queries at once: large enough for a matrix product, small beside a window of 512 to 1024.
constexpr std::int64_t kQueryBlock = 128;
// On a GPU what counts is how few products there are.
constexpr std::int64_t kDeviceQueryBlock = 1024;

// [rows, queries, heads, head_dim] → [rows, kv_heads, group * queries, head_dim] of some queries: heads that share a key head
// become one matrix.
at::Tensor groupedRows(const at::Tensor& x, std::int64_t kvHeads, std::int64_t first, std::int64_t count) {
    const std::int64_t rows = x.size(0), group = x.size(2) / kvHeads, headDim = x.size(3);
    return x.narrow(1, first, count)
        .to(at::kFloat)
        .reshape({rows, count, kvHeads, group, headDim})
        .permute({0, 2, 3, 1, 4})
        .reshape({rows, kvHeads, group * count, headDim});
}

class LearningAttention : public Operation {
public:
    LearningAttention(Intervals intervals, double scale) : m_intervals(std::move(intervals)), m_scale(scale) {}

    // inputs: q, k, v.
    Recorded forward(const std::vector<at::Tensor>& inputs) override {
        const at::Tensor &q = inputs[0], &k = inputs[1], &v = inputs[2];
        if (byKernel(q)) return {ringAttention(q.contiguous(), k.contiguous(), v.contiguous(), m_intervals, m_scale), inputs};
        return {maskedAttention(q, k, v, 0, m_intervals, m_scale), inputs};
    }

    std::vector<at::Tensor> backward(const std::vector<at::Tensor>& kept, const at::Tensor& gradient,
                                     const std::vector<bool>& /*wanted*/) override {
        const at::Tensor& q = kept[0];
        // A key head is one thread's work, so that its gradients are summed in one order.
        if (byKernel(q) && q.size(0) * kept[1].size(1) >= at::get_num_threads()) return kernelBackward(kept, gradient);
        const at::Tensor k = kept[1].to(at::kFloat), v = kept[2].to(at::kFloat);
        const std::int64_t queries = q.size(1), keys = k.size(2);
        Gradients sums{at::empty(q.sizes(), q.options().dtype(at::kFloat)), at::zeros(k.sizes(), k.options()),
                       at::zeros(v.sizes(), v.options())};
        const std::int64_t block = q.is_cpu() ? kQueryBlock : kDeviceQueryBlock;
        for (std::int64_t first = 0; first < queries; first += block) {
            const std::int64_t count = std::min(block, queries - first);
            const Intervals part = queryRange(m_intervals, first, count);
            const KeyRange seen = seenKeys(part, 0, keys);
            addBlock(
                {q, k.narrow(2, seen.begin, seen.end - seen.begin), v.narrow(2, seen.begin, seen.end - seen.begin), gradient},
                hiddenMask(part, seen.begin, seen.end - seen.begin, q.device()), first, count, seen, sums);
        }
        return {sums.q.to(q.scalar_type()), sums.k.to(kept[1].scalar_type()), sums.v.to(kept[2].scalar_type())};
    }

private:
    struct Gradients {
        at::Tensor q;
        at::Tensor k;
        at::Tensor v;
    };
    struct Block {
        const at::Tensor& q;
        at::Tensor k;  // the keys that are seen, float32
        at::Tensor v;
        const at::Tensor& gradient;
    };

    static bool byKernel(const at::Tensor& q) { return q.is_cpu() && q.scalar_type() == at::kFloat; }

    [[nodiscard]] std::vector<at::Tensor> kernelBackward(const std::vector<at::Tensor>& kept,
                                                         const at::Tensor& gradient) const {
        const at::Tensor q = kept[0].contiguous(), k = kept[1].contiguous(), v = kept[2].contiguous();
        const at::Tensor dOut = gradient.contiguous();
        const std::int64_t queries = q.size(1), kvHeads = k.size(1), keys = k.size(2);
        at::Tensor out = at::empty(q.sizes(), q.options()), dq = at::empty(q.sizes(), q.options());
        at::Tensor dk = at::zeros(k.sizes(), k.options()), dv = at::zeros(v.sizes(), v.options());
        const auto bounds = [&](const at::Tensor& values, std::int64_t row) {
            return values.defined() ? values.const_data_ptr<std::int32_t>() + row * queries : nullptr;
        };
        at::parallel_for(0, q.size(0) * kvHeads, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t item = begin; item < end; ++item) {
                const std::int64_t row = item / kvHeads, head = item % kvHeads;
                const std::int64_t atQuery = row * q.stride(0), atKey = row * k.stride(0);
                kernels::IntervalAttentionBackward work;
                work.forward = {.q = q.const_data_ptr<float>() + atQuery,
                                .k = k.const_data_ptr<float>() + atKey,
                                .v = v.const_data_ptr<float>() + atKey,
                                .keyFormat = kernels::BlockFormat::F32,
                                .out = out.mutable_data_ptr<float>() + atQuery,
                                .queries = queries,
                                .heads = q.size(2),
                                .kvHeads = kvHeads,
                                .headDim = q.size(3),
                                .capacity = keys,
                                .begin = bounds(m_intervals.begin, row),
                                .end = bounds(m_intervals.end, row),
                                .scale = static_cast<float>(m_scale),
                                .prefixBegin = bounds(m_intervals.prefixBegin, row),
                                .prefixEnd = bounds(m_intervals.prefixEnd, row)};
                work.dOut = dOut.const_data_ptr<float>() + atQuery;
                work.dq = dq.mutable_data_ptr<float>() + atQuery;
                work.dk = dk.mutable_data_ptr<float>() + atKey;
                work.dv = dv.mutable_data_ptr<float>() + atKey;
                kernels::intervalAttentionBackward(work, head, head + 1);
            }
        });
        return {dq, dk, dv};
    }

    // hidden [rows, 1, 1, count, keys seen].  With P = softmax(S) and dP = dO · vᵀ:  dS = P ∘ (dP − Σ keys of P ∘ dP).
    void addBlock(const Block& block, const at::Tensor& hidden, std::int64_t first, std::int64_t count, const KeyRange& seen,
                  Gradients& sums) const {
        const std::int64_t rows = block.q.size(0), heads = block.q.size(2), headDim = block.q.size(3);
        const std::int64_t kvHeads = block.k.size(1), size = block.k.size(2), group = heads / kvHeads;
        const at::Tensor q = groupedRows(block.q, kvHeads, first, count);
        const at::Tensor dOut = groupedRows(block.gradient, kvHeads, first, count);
        at::Tensor p = q.matmul(block.k.transpose(-2, -1)).mul_(m_scale).view({rows, kvHeads, group, count, size});
        p = p.masked_fill_(hidden, std::numeric_limits<float>::lowest()).softmax(-1).masked_fill_(hidden, 0.0);
        p = p.view({rows, kvHeads, group * count, size});
        sums.v.narrow(2, seen.begin, size).add_(p.transpose(-2, -1).matmul(dOut));
        at::Tensor dS = dOut.matmul(block.v.transpose(-2, -1));
        dS.sub_((dS * p).sum(-1, true)).mul_(p).mul_(m_scale);
        sums.k.narrow(2, seen.begin, size).add_(dS.transpose(-2, -1).matmul(q));
        const at::Tensor dQ = dS.matmul(block.k).view({rows, kvHeads, group, count, headDim}).permute({0, 3, 1, 2, 4});
        sums.q.narrow(1, first, count).copy_(dQ.reshape({rows, count, heads, headDim}));
    }

    Intervals m_intervals;
    double m_scale;
};

}  // namespace

at::Tensor learningAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Intervals& intervals,
                             double scale) {
    return record(c10::make_intrusive<LearningAttention>(intervals, scale), {q, k, v});
}

}  // namespace lapidary::ops
