// The attention kernel and ATen's composition against each other and a naive float64 loop; norms and rotation against formulas.
#include "core/engine/ops/attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/engine/ops/norm.h"

namespace lapidary::ops {
namespace {

at::Tensor randomTensor(at::IntArrayRef shape, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    at::Tensor values = at::empty(shape, at::TensorOptions(at::kFloat));
    for (std::int64_t i = 0; i < values.numel(); ++i) values.mutable_data_ptr<float>()[i] = normal(random);
    return values;
}

double maxDifference(const at::Tensor& a, const at::Tensor& b) {
    EXPECT_EQ(a.sizes(), b.sizes());
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

at::Tensor int32s(const std::vector<std::vector<std::int64_t>>& rows) {
    std::vector<std::int64_t> flat;
    for (const auto& row : rows) flat.insert(flat.end(), row.begin(), row.end());
    return at::tensor(flat).to(at::kInt).view({static_cast<std::int64_t>(rows.size()), -1});
}

// Two rows of five queries over nine keys; the second row's first query is padding and sees nothing.
struct Case {
    static constexpr std::int64_t kKeys = 9;
    at::Tensor q = randomTensor({2, 5, 4, 8}, 1);
    at::Tensor k = randomTensor({2, 2, kKeys, 8}, 2);
    at::Tensor v = randomTensor({2, 2, kKeys, 8}, 3);
    Intervals intervals{int32s({{0, 1, 2, 3, 4}, {5, 5, 5, 6, 5}}), int32s({{5, 6, 7, 8, 9}, {5, 6, 9, 9, 9}})};
    double scale = 0.3;

    // Straight from the definition, in float64.
    [[nodiscard]] at::Tensor naive() const {
        at::Tensor out = at::empty({2, 5, 4, 8}, at::TensorOptions(at::kDouble));
        for (std::int64_t row = 0; row < 2; ++row)
            for (std::int64_t query = 0; query < 5; ++query)
                for (std::int64_t head = 0; head < 4; ++head) {
                    const auto begin = intervals.begin[row][query].item<std::int64_t>();
                    const auto end = intervals.end[row][query].item<std::int64_t>();
                    at::Tensor result = out[row][query][head];
                    result.zero_();
                    if (begin >= end) continue;
                    const at::Tensor keys = k[row][head / 2].narrow(0, begin, end - begin).to(at::kDouble);
                    const at::Tensor values = v[row][head / 2].narrow(0, begin, end - begin).to(at::kDouble);
                    const at::Tensor weights = (keys.mv(q[row][query][head].to(at::kDouble)) * scale).softmax(0);
                    result.copy_(values.t().mv(weights));
                }
        return out;
    }
};

TEST(Attention, KernelAndCompositionEqualTheDefinition) {
    const Case c;
    EXPECT_LT(maxDifference(ringAttention(c.q, c.k, c.v, c.intervals, c.scale), c.naive()), 1e-5);
    at::Tensor weights;
    EXPECT_LT(maxDifference(maskedAttention(c.q, c.k, c.v, 0, c.intervals, c.scale, &weights), c.naive()), 1e-5);
    const at::Tensor mask = intervalMask(c.intervals, 0, Case::kKeys, at::kCPU).unsqueeze(1).expand({2, 4, 5, Case::kKeys});
    EXPECT_EQ(weights.masked_select(mask.logical_not()).ne(0).sum().item<std::int64_t>(), 0);
    EXPECT_GT(weights.masked_select(mask).min().item<double>(), 0.0);
}

TEST(Attention, KeysThatStartLater) {
    Case c;
    c.intervals.begin.clamp_(2);
    const at::Tensor expected = c.naive();
    EXPECT_LT(maxDifference(maskedAttention(c.q, c.k.narrow(2, 2, 7), c.v.narrow(2, 2, 7), 2, c.intervals, c.scale), expected),
              1e-5);
}

TEST(Attention, RingSlotsWrapAround) {
    Case c;
    // Positions 20 … 28 in a ring of nine: position p in slot p % 9, so 20 lies in slot 2.
    const at::Tensor expected = c.naive();
    const at::Tensor k = c.k.roll({20 % 9}, {2}).contiguous();
    const at::Tensor v = c.v.roll({20 % 9}, {2}).contiguous();
    c.intervals.begin.add_(20);
    c.intervals.end.add_(20);
    EXPECT_LT(maxDifference(ringAttention(c.q, k, v, c.intervals, c.scale), expected), 1e-5);
}

TEST(Attention, Bfloat16CacheIsReadInPlace) {
    const Case c;
    const at::Tensor k = c.k.to(at::kBFloat16), v = c.v.to(at::kBFloat16);
    EXPECT_LT(maxDifference(ringAttention(c.q, k, v, c.intervals, c.scale),
                            ringAttention(c.q, k.to(at::kFloat), v.to(at::kFloat), c.intervals, c.scale)),
              1e-6);
}

// Whatever the number of queries, threads' blocks meet without gaps.
TEST(Attention, ManyQueriesInBlocks) {
    const at::Tensor q = randomTensor({1, 77, 2, 16}, 4), k = randomTensor({1, 1, 77, 16}, 5),
                     v = randomTensor({1, 1, 77, 16}, 6);
    std::vector<std::int64_t> begin, end;
    for (std::int64_t i = 0; i < 77; ++i) {
        begin.push_back(std::max<std::int64_t>(0, i - 10));
        end.push_back(i + 1);
    }
    const Intervals intervals{int32s({begin}), int32s({end})};
    EXPECT_LT(maxDifference(ringAttention(q, k, v, intervals, 0.25), maskedAttention(q, k, v, 0, intervals, 0.25)), 1e-5);
}

TEST(Attention, GradientsOfPaddingRowsAreFinite) {
    Case c;
    c.q.requires_grad_(true);
    maskedAttention(c.q, c.k, c.v, 0, c.intervals, c.scale).sum().backward();
    EXPECT_EQ(c.q.grad().isfinite().logical_not().sum().item<std::int64_t>(), 0);
    EXPECT_EQ(c.q.grad()[1][0].ne(0).sum().item<std::int64_t>(), 0);
    EXPECT_GT(c.q.grad()[1][1].abs().sum().item<double>() + c.q.grad()[0].abs().sum().item<double>(), 0.0);
}

TEST(Norms, RmsNormTimesOnePlusWeight) {
    const at::Tensor x = randomTensor({3, 5, 24}, 7), w = randomTensor({24}, 8);
    const at::Tensor wide = x.to(at::kDouble);
    const at::Tensor expected = wide / (wide.square().mean(-1, true) + 1e-6).sqrt() * (w.to(at::kDouble) + 1.0);
    EXPECT_LT(maxDifference(rmsNorm(x, Weight::dense(w), 1e-6), expected), 2e-6);
    at::Tensor learning = x.clone().requires_grad_(true);
    EXPECT_LT(maxDifference(rmsNorm(learning, Weight::dense(w), 1e-6).detach(), expected), 2e-6);
    // A large epsilon shows that it is added inside the root.
    const at::Tensor damped = wide / (wide.square().mean(-1, true) + 3.0).sqrt() * (w.to(at::kDouble) + 1.0);
    EXPECT_LT(maxDifference(rmsNorm(x, Weight::dense(w), 3.0), damped), 2e-6);
}

TEST(Norms, RotationTurnsHalves) {
    const at::Tensor x = randomTensor({3, 2, 8}, 9);
    const at::Tensor angle = randomTensor({3, 4}, 10);
    const at::Tensor c = angle.cos(), s = angle.sin();
    const at::Tensor low = x.narrow(2, 0, 4), high = x.narrow(2, 4, 4);
    const at::Tensor c3 = c.unsqueeze(1), s3 = s.unsqueeze(1);
    const at::Tensor first = low * c3 - high * s3, second = high * c3 + low * s3;
    const at::Tensor fast = rotateHalves(x.clone(), c, s);
    EXPECT_LT(maxDifference(fast.narrow(2, 0, 4), first), 1e-6);
    EXPECT_LT(maxDifference(fast.narrow(2, 4, 4), second), 1e-6);
    const at::Tensor composed = rotateHalves(x.clone().requires_grad_(true), c, s).detach();
    EXPECT_LT(maxDifference(composed, fast), 1e-6);
}

}  // namespace
}  // namespace lapidary::ops
