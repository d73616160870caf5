// Products with stored weights against plain float64 arithmetic, for every format, few rows and many.
#include "core/engine/ops/linear.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "kernels/quantize.h"

namespace lapidary::ops {
namespace {

using kernels::BlockFormat;

at::Tensor randomTensor(std::vector<std::int64_t> shape, std::uint64_t seed) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    std::mt19937 random(static_cast<unsigned>(seed));
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values) value = normal(random);
    return at::tensor(values).view(shape);
}

double maxDifference(const at::Tensor& a, const at::Tensor& b) {
    EXPECT_EQ(a.sizes(), b.sizes());
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

// A stored weight whose bytes are `shift` bytes off any alignment.
Weight storedWeight(BlockFormat format, const at::Tensor& values, std::size_t shift = 0) {
    const std::int64_t rows = values.size(0), cols = values.size(1);
    const std::int64_t stride = *kernels::rowBytes(format, cols);
    auto buffer = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(rows * stride) + shift);
    const at::Tensor plain =
        values.to(format == BlockFormat::F16    ? at::kHalf
                  : format == BlockFormat::BF16 ? at::kBFloat16
                                                : at::kFloat)
            .contiguous();
    for (std::int64_t row = 0; row < rows; ++row) {
        std::byte* const out = buffer->data() + shift + row * stride;
        if (kernels::isPlain(format)) {
            std::memcpy(out, static_cast<const std::byte*>(plain.const_data_ptr()) + row * stride,
                        static_cast<std::size_t>(stride));
        } else {
            kernels::quantizeRow(format, plain.const_data_ptr<float>() + row * cols, out, cols);
        }
    }
    return Weight::stored(format, {rows, cols}, {buffer->data() + shift, static_cast<std::size_t>(rows * stride)}, buffer);
}

// Rounding of float32 sums: half a unit in the last place a step, over `terms` products of order one.
double sumTolerance(std::int64_t terms) { return 4.0 * static_cast<double>(terms) * 6e-8; }

class LinearFormats : public testing::TestWithParam<BlockFormat> {};

TEST_P(LinearFormats, FewRowsManyRowsAndDenseAgree) {
    const Weight weight = storedWeight(GetParam(), randomTensor({70, 256}, 1), 1);
    const at::Tensor dense = weight.materialize(at::kFloat, at::kCPU);
    const at::Tensor bias = randomTensor({70}, 2);
    for (const std::int64_t rows : {1, 2, 7, 9, 33}) {
        const at::Tensor x = randomTensor({rows, 256}, static_cast<std::uint64_t>(rows));
        const at::Tensor expected = x.to(at::kDouble).mm(dense.to(at::kDouble).t());
        EXPECT_LT(maxDifference(linear(x, weight), expected), sumTolerance(256)) << rows;
        EXPECT_LT(maxDifference(linear(x, weight, bias), expected + bias), sumTolerance(256)) << rows;
    }
}

INSTANTIATE_TEST_SUITE_P(All, LinearFormats,
                         testing::Values(BlockFormat::F32, BlockFormat::F16, BlockFormat::BF16, BlockFormat::Q8_0,
                                         BlockFormat::Q4_0, BlockFormat::Int8Row, BlockFormat::Int4Group128),
                         [](const auto& test) { return std::string(kernels::formatName(test.param)); });

TEST(Linear, AlignedFloat32IsUsedInPlace) {
    const at::Tensor values = randomTensor({8, 16}, 3);
    const Weight weight = Weight::stored(BlockFormat::F32, {8, 16},
                                         {static_cast<const std::byte*>(values.const_data_ptr()), 8 * 16 * 4}, nullptr);
    EXPECT_EQ(weight.tensor().const_data_ptr(), values.const_data_ptr());
    EXPECT_EQ(weight.materialize(at::kFloat, at::kCPU).const_data_ptr(), values.const_data_ptr());
}

TEST(Linear, KeepsLeadingDimensionsAndThreeWeightsAtOnce) {
    const Weight a = storedWeight(BlockFormat::Q8_0, randomTensor({64, 32}, 4));
    const Weight b = storedWeight(BlockFormat::F32, randomTensor({16, 32}, 5));
    const Weight c = storedWeight(BlockFormat::BF16, randomTensor({130, 32}, 6));
    for (const std::int64_t tokens : {1, 3, 20}) {
        const at::Tensor x = randomTensor({2, tokens, 32}, 7);
        const auto both = linear3(x, a, b, c);
        EXPECT_EQ(both[2].sizes(), (std::vector<std::int64_t>{2, tokens, 130}));
        EXPECT_LT(maxDifference(both[0], linear(x, a)), sumTolerance(32));
        EXPECT_LT(maxDifference(both[1], linear(x, b)), sumTolerance(32));
        EXPECT_LT(maxDifference(both[2], linear(x, c)), sumTolerance(32));
    }
}

TEST(Linear, GatedProductIsGeluOfGateTimesUp) {
    const Weight gate = storedWeight(BlockFormat::F32, randomTensor({150, 32}, 8) * 0.2);
    const Weight up = storedWeight(BlockFormat::Q8_0, randomTensor({150, 32}, 9) * 0.2);
    for (const std::int64_t rows : {1, 5, 40}) {
        const at::Tensor x = randomTensor({rows, 32}, 10);
        const at::Tensor expected = at::gelu(linear(x, gate).to(at::kDouble), "tanh") * linear(x, up).to(at::kDouble);
        EXPECT_LT(maxDifference(gatedLinear(x, gate, up), expected), 1e-5) << rows;
    }
}

// A block of weight rows at a time: a matrix larger than the scratch gives the same as its parts.
TEST(Linear, ManyRowsAcrossSeveralScratchBlocks) {
    const at::Tensor values = randomTensor({3000, 1024}, 11);
    const Weight weight = storedWeight(BlockFormat::BF16, values);
    const at::Tensor x = randomTensor({12, 1024}, 12);
    const at::Tensor expected = x.to(at::kDouble).mm(values.to(at::kBFloat16).to(at::kDouble).t());
    EXPECT_LT(maxDifference(linear(x, weight), expected), sumTolerance(1024));
}

TEST(Linear, GradientsReachInputAndDenseWeights) {
    at::Tensor x = randomTensor({3, 8}, 13).requires_grad_(true);
    Weight weight = Weight::dense(randomTensor({5, 8}, 14));
    weight.setRequiresGrad(true);
    linear(x, weight).sum().backward();
    EXPECT_LT(maxDifference(x.grad(), weight.tensor().detach().sum(0).expand({3, 8})), 1e-5);
    EXPECT_LT(maxDifference(weight.tensor().grad(), x.detach().sum(0).expand({5, 8})), 1e-5);
}

TEST(Linear, GradientPassesThroughQuantisedWeights) {
    at::Tensor x = randomTensor({2, 32}, 15).requires_grad_(true);
    const Weight weight = storedWeight(BlockFormat::Q4_0, randomTensor({4, 32}, 16));
    linear(x, weight).sum().backward();
    EXPECT_LT(maxDifference(x.grad(), weight.materialize(at::kFloat, at::kCPU).sum(0).expand({2, 32})), 1e-5);
    Weight stored = weight;
    EXPECT_THROW(stored.setRequiresGrad(true), std::exception);
}

TEST(Linear, Bfloat16RoundsOnceAfterTheBias) {
    const Weight weight = storedWeight(BlockFormat::BF16, randomTensor({40, 64}, 17));
    const at::Tensor bias = randomTensor({40}, 18).to(at::kBFloat16);
    for (const std::int64_t rows : {2, 20}) {
        const at::Tensor x = randomTensor({rows, 64}, 19).to(at::kBFloat16);
        const at::Tensor y = linear(x, weight, bias);
        ASSERT_EQ(y.scalar_type(), at::kBFloat16);
        const at::Tensor exact = x.to(at::kDouble).mm(weight.tensor().to(at::kDouble).t()) + bias.to(at::kDouble);
        // One rounding to 8 bits of mantissa: half a unit in the last place, relative 2^-8 with the float32 sum's own error.
        EXPECT_LT(((y.to(at::kDouble) - exact).abs() / (exact.abs() + 1e-2)).max().item<double>(), 1.0 / 256 + 1e-5);
    }
}

TEST(Embedding, ScaleIsRoundedToThePrecision) {
    const at::Tensor values = randomTensor({6, 2560}, 20).to(at::kBFloat16);
    const Weight table = storedWeight(BlockFormat::BF16, values.to(at::kFloat));
    const at::Tensor ids = at::tensor(std::vector<std::int64_t>{5, 0, 5});
    const double scale = std::sqrt(2560.0);  // 50.596443, in bfloat16 50.5 (specification 1.1)
    const at::Tensor wide = embeddingRows(ids, table, scale, Precision::Float32);
    EXPECT_EQ(maxDifference(wide[0], values[5].to(at::kFloat) * static_cast<double>(static_cast<float>(scale))), 0.0);
    const at::Tensor narrow = embeddingRows(ids, table, scale, Precision::BFloat16);
    EXPECT_EQ(maxDifference(narrow[0], values[5] * 50.5), 0.0);
    EXPECT_EQ(maxDifference(narrow[0], narrow[2]), 0.0);
    EXPECT_THROW((void)embeddingRows(at::tensor(std::vector<std::int64_t>{6}), table, scale, Precision::Float32),
                 std::exception);
}

TEST(Weights, ShapeAndBytesMustFit) {
    const std::vector<std::byte> bytes(34);
    EXPECT_NO_THROW((void)Weight::stored(BlockFormat::Q8_0, {1, 32}, bytes, nullptr));
    EXPECT_THROW((void)Weight::stored(BlockFormat::Q8_0, {1, 64}, bytes, nullptr), std::exception);
    EXPECT_THROW((void)Weight::stored(BlockFormat::Q8_0, {1, 30}, bytes, nullptr), std::exception);
}

}  // namespace
}  // namespace lapidary::ops
