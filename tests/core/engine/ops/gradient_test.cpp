// Gradients of our own making against autograd over plain tensors; what is kept; what is computed twice.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "core/engine/ops/attention.h"
#include "core/engine/ops/autograd.h"
#include "core/engine/ops/linear.h"
#include "core/engine/ops/norm.h"
#include "core/engine/ops/random.h"
#include "kernels/quantize.h"

namespace lapidary::ops {
namespace {

using kernels::BlockFormat;

double maxDifference(const at::Tensor& a, const at::Tensor& b) {
    EXPECT_EQ(a.sizes(), b.sizes());
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

at::Tensor leaf(const at::Tensor& values) { return values.detach().clone().requires_grad_(true); }
at::Tensor normal(at::IntArrayRef shape, std::uint64_t seed) { return normalTensor(shape, 1.0, seed); }

// Gradients of Σ f(inputs) ∘ wave.
template <class F>
std::vector<at::Tensor> gradients(const F& f, std::vector<at::Tensor> inputs) {
    for (at::Tensor& input : inputs) input = leaf(input);
    const at::Tensor y = f(inputs);
    (y * normal(y.sizes(), 99)).sum().backward();
    std::vector<at::Tensor> found;
    for (const at::Tensor& input : inputs) found.push_back(input.grad());
    return found;
}

template <class F, class G>
void expectSameGradients(const F& ours, const G& reference, const std::vector<at::Tensor>& inputs, double tolerance) {
    const auto a = gradients(ours, inputs), b = gradients(reference, inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        ASSERT_TRUE(a[i].defined()) << i;
        EXPECT_LT(maxDifference(a[i], b[i]), tolerance) << "input " << i;
    }
    const c10::AutoGradMode noGraph(false);
    EXPECT_LT(maxDifference(ours(inputs), reference(inputs)), tolerance);
}

Weight stored(BlockFormat format, const at::Tensor& values) {
    const std::int64_t rows = values.size(0), cols = values.size(1), stride = *kernels::rowBytes(format, cols);
    auto buffer = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(rows * stride));
    const at::Tensor plain = values.to(format == BlockFormat::BF16 ? at::kBFloat16 : at::kFloat).contiguous();
    for (std::int64_t row = 0; row < rows; ++row) {
        std::byte* const out = buffer->data() + row * stride;
        if (kernels::isPlain(format))
            std::memcpy(out, static_cast<const std::byte*>(plain.const_data_ptr()) + row * stride,
                        static_cast<std::size_t>(stride));
        else
            kernels::quantizeRow(format, plain.const_data_ptr<float>() + row * cols, out, cols);
    }
    return Weight::stored(format, {rows, cols}, *buffer, buffer);
}

// Products of order one over 256 or 70 terms, summed in float32 in two orders.
constexpr double kSums = 1e-4;

class FrozenFormats : public testing::TestWithParam<BlockFormat> {};

TEST_P(FrozenFormats, GradientOfTheInputPassesThroughAStoredWeight) {
    const Weight weight = stored(GetParam(), normal({70, 256}, 1));
    const at::Tensor dense = weight.materialize(at::kFloat, at::kCPU);
    for (const std::int64_t rows : {2, 33}) {
        expectSameGradients([&](const auto& in) { return linear(in[0], weight, in[1]); },
                            [&](const auto& in) { return in[0].matmul(dense.t()) + in[1]; },
                            {normal({3, rows, 256}, 2), normal({70}, 3)}, kSums);
        expectSameGradients([&](const auto& in) { return linearTransposed(in[0], weight); },
                            [&](const auto& in) { return in[0].matmul(dense); }, {normal({3, rows, 70}, 4)}, kSums);
        expectSameGradients([&](const auto& in) { return gatedLinear(in[0], weight, weight); },
                            [&](const auto& in) {
                                const at::Tensor y = in[0].matmul(dense.t());
                                return at::gelu(y, "tanh") * y;
                            },
                            {normal({rows, 256}, 5) / 16.0}, kSums);
    }
}

INSTANTIATE_TEST_SUITE_P(All, FrozenFormats,
                         testing::Values(BlockFormat::F32, BlockFormat::BF16, BlockFormat::Q8_0, BlockFormat::Int4Group128),
                         [](const auto& test) { return std::string(kernels::formatName(test.param)); });

TEST(Gradients, OnlyWhatLearnsGetsOne) {
    const Weight weight = stored(BlockFormat::BF16, normal({70, 256}, 1));
    const at::Tensor x = leaf(normal({9, 256}, 2)), bias = normal({70}, 3);
    linear(x, weight, bias).sum().backward();
    EXPECT_TRUE(x.grad().defined());
    EXPECT_FALSE(linear(x.detach(), weight, bias).requires_grad());
    const at::Tensor learning = leaf(bias);
    linear(x.detach(), weight, learning).sum().backward();
    EXPECT_LT(maxDifference(learning.grad(), at::full({70}, 9.0)), 1e-6);
}

TEST(Gradients, GatedProduct) {
    expectSameGradients([](const auto& in) { return gatedProduct(in[0], in[1]); },
                        [](const auto& in) { return at::gelu(in[0], "tanh") * in[1]; },
                        {normal({3, 5, 40}, 1), normal({3, 5, 40}, 2)}, 1e-5);
}

TEST(Gradients, RmsNorm) {
    expectSameGradients([](const auto& in) { return rmsNorm(in[0], Weight::dense(in[1]), 1e-6); },
                        [](const auto& in) { return in[0] * (in[0].square().mean(-1, true) + 1e-6).rsqrt() * (in[1] + 1.0); },
                        {normal({3, 5, 40}, 1), normal({40}, 2)}, 2e-5);
    // A row of zeros stays finite.
    const at::Tensor x = leaf(at::zeros({2, 8}));
    rmsNorm(x, Weight::dense(normal({8}, 3)), 1e-6).sum().backward();
    EXPECT_TRUE(x.grad().isfinite().all().template item<bool>());
}

TEST(Gradients, Rotation) {
    const at::Tensor angles = normal({7, 4}, 1), cos = angles.cos(), sin = angles.sin();
    expectSameGradients([&](const auto& in) { return rotateHalves(in[0] * 1.0, cos, sin); },
                        [&](const auto& in) {
                            const at::Tensor c = cos.unsqueeze(1), s = sin.unsqueeze(1);
                            const at::Tensor low = in[0].narrow(-1, 0, 4), high = in[0].narrow(-1, 4, 4);
                            return at::cat({low * c - high * s, high * c + low * s}, -1);
                        },
                        {normal({7, 3, 8}, 2)}, 1e-6);
}

// Windows, an image block, padding, two query blocks, grouped heads; then a shared prefix.
TEST(Gradients, Attention) {
    constexpr std::int64_t kTokens = 150, kWindow = 40;
    std::vector<std::int64_t> begin, end, prefixEnd;
    for (std::int64_t q = 0; q < 2 * kTokens; ++q) {
        const std::int64_t query = q % kTokens, padding = q < kTokens ? 0 : 3;
        const bool inBlock = query >= 60 && query < 75;
        begin.push_back(query < padding ? 0 : std::max(padding, query - kWindow + 1));
        end.push_back(query < padding ? 0 : inBlock ? 75 : query + 1);
        prefixEnd.push_back(query > 100 ? 20 : 0);
    }
    const auto bounds = [&](const std::vector<std::int64_t>& values) {
        return at::tensor(values).to(at::kInt).view({2, kTokens});
    };
    // Four key heads in all: one thread takes the kernel, eight take matrix products.
    const int threadsBefore = at::get_num_threads();
    for (const auto& [threads, withPrefix] : {std::pair{1, false}, {1, true}, {8, false}, {8, true}}) {
        at::set_num_threads(threads);
        Intervals intervals{bounds(begin), bounds(end)};
        if (withPrefix) {
            intervals.prefixBegin = bounds(std::vector<std::int64_t>(begin.size(), 5));
            intervals.prefixEnd = bounds(prefixEnd);
        }
        expectSameGradients([&](const auto& in) { return learningAttention(in[0], in[1], in[2], intervals, 0.3); },
                            [&](const auto& in) { return maskedAttention(in[0], in[1], in[2], 0, intervals, 0.3); },
                            {normal({2, kTokens, 4, 16}, 1), normal({2, 2, kTokens, 16}, 2), normal({2, 2, kTokens, 16}, 3)},
                            5e-5);
    }
    at::set_num_threads(threadsBefore);
}

TEST(Dropout, DropsTheSameTwiceAndScalesTheRest) {
    const at::Tensor x = leaf(at::ones({200, 50}));
    const at::Tensor y = seededDropout(x, 0.25, 7);
    EXPECT_TRUE(y.equal(seededDropout(x, 0.25, 7)));
    EXPECT_FALSE(y.equal(seededDropout(x, 0.25, 8)));
    EXPECT_NEAR(y.eq(0.0).to(at::kDouble).mean().item<double>(), 0.25, 0.02);  // four deviations of 10 000 draws
    EXPECT_NEAR(y.max().item<double>(), 1.0 / 0.75, 1e-6);
    y.sum().backward();
    EXPECT_TRUE(x.grad().equal(y.detach())) << "what was dropped gets no gradient, the rest the same factor";
    EXPECT_TRUE(seededDropout(x, 0.0, 7).is_same(x));
}

TEST(RandomTensors, AreWhatTheySay) {
    const at::Tensor uniform = uniformTensor({100, 100}, -2.0, 1.0, 3);
    EXPECT_GE(uniform.min().item<double>(), -2.0);
    EXPECT_LT(uniform.max().item<double>(), 1.0);
    EXPECT_NEAR(uniform.mean().item<double>(), -0.5, 0.04);
    const at::Tensor gauss = normalTensor({100, 100}, 3.0, 3);
    EXPECT_NEAR(gauss.mean().item<double>(), 0.0, 0.12);
    EXPECT_NEAR(gauss.std().item<double>(), 3.0, 0.1);
    EXPECT_FALSE(normalTensor({10}, 1.0, 3).equal(normalTensor({10}, 1.0, 4)));
}

// Bit for bit, over several uses of one parameter, on top of gradients that are there already.
TEST(Recomputed, GivesTheSameBits) {
    const auto run = [](bool again) {
        const at::Tensor w = leaf(normal({16, 16}, 1)), x = leaf(normal({5, 16}, 2));
        int calls = 0;
        for (int step = 0; step < 2; ++step) {
            at::Tensor h = x;
            for (std::uint64_t layer = 0; layer < 3; ++layer) {
                const auto f = [&calls, w, layer](const at::Tensor& in) {
                    ++calls;
                    return seededDropout(in.matmul(w).tanh() + in, 0.3, layer + 1);
                };
                h = again ? recomputed(f, h, {w}) : f(h);
            }
            h.square().sum().backward();
        }
        EXPECT_EQ(calls, again ? 12 : 6);
        return std::pair{w.grad().clone(), x.grad().clone()};
    };
    const auto [w, x] = run(false);
    const auto [wAgain, xAgain] = run(true);
    EXPECT_TRUE(w.equal(wAgain));
    EXPECT_TRUE(x.equal(xAgain));
}

TEST(Recomputed, WorksWhereOnlyParametersLearn) {
    const at::Tensor w = leaf(normal({4, 4}, 1)), x = normal({2, 4}, 2);
    const auto f = [&](const at::Tensor& in) { return in.matmul(w); };
    recomputed(f, x, {w}).sum().backward();
    EXPECT_LT(maxDifference(w.grad(), x.sum(0).unsqueeze(1).expand({4, 4})), 1e-6);
    EXPECT_FALSE(recomputed([](const at::Tensor& in) { return in * 2.0; }, x, {}).requires_grad());
    const c10::AutoGradMode noGraph(false);
    EXPECT_FALSE(recomputed(f, x, {w}).requires_grad());
}

}  // namespace
}  // namespace lapidary::ops
