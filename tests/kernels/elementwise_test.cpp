// RMSNorm, GeGLU and half rotation: check values of the specification, accuracy, odd sizes, in place.
#include "kernels/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/kernels/random_weights.h"

namespace lapidary::kernels {
namespace {

class ElementwiseVersion : public testing::TestWithParam<const KernelTable*> {};

double geluTanhExact(double x) { return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x))); }

TEST_P(ElementwiseVersion, GeluEqualsTheFormula) {
    std::vector<float> gate;
    for (int i = -1400000; i <= 1400000; i += 7) gate.push_back(static_cast<float>(i) * 1e-5F);
    for (const float far : {0.0F, -0.0F, 1e-30F, -1e-30F, 20.0F, -20.0F, 100.0F, -100.0F, 1e20F, -1e20F, 3e38F, -3e38F})
        gate.push_back(far);
    const std::vector<float> up(gate.size(), 1.0F);
    std::vector<float> y(gate.size());
    GetParam()->geluTanhMul(gate.data(), up.data(), y.data(), static_cast<std::int64_t>(gate.size()));
    for (std::size_t i = 0; i < gate.size(); ++i) {
        const double expected = geluTanhExact(gate[i]);
        ASSERT_LE(std::fabs(y[i] - expected), 2e-7 * std::max(1.0, std::fabs(expected))) << gate[i];
    }
}

// Specification 2.6.
TEST_P(ElementwiseVersion, GeluCheckValues) {
    const float gate[] = {-3.0F, -1.0F, -0.5F, 0.5F, 1.0F, 3.0F};
    const float expected[] = {-0.0036373921F, -0.15880801F, -0.15428599F, 0.34571401F, 0.84119199F, 2.9963626F};
    const float up[] = {1.0F, 1.0F, 1.0F, 1.0F, 1.0F, 1.0F};
    for (std::int64_t count = 1; count <= 6; ++count) {
        float y[7] = {9, 9, 9, 9, 9, 9, 9};
        GetParam()->geluTanhMul(gate, up, y, count);
        for (std::int64_t i = 0; i < count; ++i) EXPECT_NEAR(y[i], expected[i], 3e-7);
        EXPECT_EQ(y[count], 9.0F);
    }
}

TEST_P(ElementwiseVersion, GeluMultipliesByUpInPlace) {
    std::mt19937 random(2);
    for (std::int64_t count = 1; count < 70; ++count) {
        auto gate = randomFloats(static_cast<std::size_t>(count), 2.0F, random);
        const auto up = randomFloats(static_cast<std::size_t>(count), 2.0F, random);
        const auto original = gate;
        GetParam()->geluTanhMul(gate.data(), up.data(), gate.data(), count);
        for (std::size_t i = 0; i < gate.size(); ++i) {
            ASSERT_NEAR(gate[i], geluTanhExact(original[i]) * up[i], 3e-7 * (1.0 + std::fabs(original[i] * up[i])));
        }
    }
}

TEST_P(ElementwiseVersion, RmsNormEqualsTheFormula) {
    std::mt19937 random(5);
    for (const std::int64_t cols : {1, 3, 8, 16, 17, 64, 127, 256, 640, 1152, 2563}) {
        const auto x = randomFloats(static_cast<std::size_t>(3 * cols), 4.0F, random);
        const auto weight = randomFloats(static_cast<std::size_t>(cols), 0.5F, random);
        auto y = x;  // in place
        GetParam()->rmsNormRows(y.data(), weight.data(), y.data(), 3, cols, 1e-6F);
        for (std::int64_t row = 0; row < 3; ++row) {
            double squares = 0.0;
            for (std::int64_t i = 0; i < cols; ++i) {
                const double value = x[static_cast<std::size_t>(row * cols + i)];
                squares += value * value;
            }
            const double factor = 1.0 / std::sqrt(squares / static_cast<double>(cols) + 1e-6);
            for (std::int64_t i = 0; i < cols; ++i) {
                const auto at = static_cast<std::size_t>(row * cols + i);
                const double expected = x[at] * factor * (1.0 + weight[static_cast<std::size_t>(i)]);
                // The sum of squares loses at most cols/8 roundings, halved by the root; three more for the products.
                const double bound = (static_cast<double>(cols) / 16.0 + 4.0) * std::numeric_limits<float>::epsilon();
                ASSERT_NEAR(y[at], expected, bound * std::fabs(expected) + 1e-30) << cols << " " << i;
            }
        }
    }
}

// Against the derivative of the formula, and at values where a careless one overflows.
TEST_P(ElementwiseVersion, GeluBackwardEqualsTheSlope) {
    std::vector<float> gate;
    for (int i = -1400; i <= 1400; ++i) gate.push_back(static_cast<float>(i) * 0.01F);
    for (const float far : {25.0F, -25.0F, 1e20F, -1e20F, 3e38F, -3e38F}) gate.push_back(far);
    const auto count = static_cast<std::int64_t>(gate.size());
    const std::vector<float> up(gate.size(), 2.0F), dy(gate.size(), 0.75F);
    std::vector<float> dGate(gate.size()), dUp(gate.size());
    GetParam()->geluTanhMulBackward(gate.data(), up.data(), dy.data(), dGate.data(), dUp.data(), count);
    for (std::size_t i = 0; i < gate.size(); ++i) {
        const double x = gate[i];
        constexpr double kStep = 1e-4;  // its square times the third derivative is 1e-8
        const double slope =
            std::fabs(x) > 20.0 ? (x > 0.0 ? 1.0 : 0.0) : (geluTanhExact(x + kStep) - geluTanhExact(x - kStep)) / (2.0 * kStep);
        ASSERT_NEAR(dGate[i], 1.5 * slope, 2e-6) << x;
        ASSERT_NEAR(dUp[i], 0.75 * geluTanhExact(x), 2e-7 * std::max(1.0, std::fabs(x))) << x;
    }
}

TEST_P(ElementwiseVersion, RmsNormBackwardEqualsTheFormula) {
    std::mt19937 random(7);
    for (const std::int64_t cols : {1, 3, 16, 17, 48, 127, 192, 640, 1153}) {
        constexpr std::int64_t kRows = 3;
        const auto n = static_cast<std::size_t>(kRows * cols);
        const auto x = randomFloats(n, 4.0F, random), dy = randomFloats(n, 1.0F, random);
        const auto weight = randomFloats(static_cast<std::size_t>(cols), 0.5F, random);
        std::vector<float> dx(n), dWeight(static_cast<std::size_t>(cols), 0.25F);
        GetParam()->rmsNormRowsBackward(x.data(), weight.data(), dy.data(), dx.data(), dWeight.data(), kRows, cols, 1e-6F);
        std::vector<double> expectedWeight(static_cast<std::size_t>(cols), 0.25);
        for (std::int64_t row = 0; row < kRows; ++row) {
            const auto at = [&](std::int64_t i) { return static_cast<std::size_t>(row * cols + i); };
            double squares = 0.0, mixed = 0.0;
            for (std::int64_t i = 0; i < cols; ++i) {
                squares += static_cast<double>(x[at(i)]) * x[at(i)];
                mixed += static_cast<double>(x[at(i)]) * (1.0 + static_cast<double>(weight[static_cast<std::size_t>(i)])) *
                         dy[at(i)];
            }
            const double r = 1.0 / std::sqrt(squares / static_cast<double>(cols) + 1e-6);
            for (std::int64_t i = 0; i < cols; ++i) {
                const auto column = static_cast<std::size_t>(i);
                const double h = (1.0 + static_cast<double>(weight[column])) * dy[at(i)];
                const double expected = r * h - x[at(i)] * r * r * r * mixed / static_cast<double>(cols);
                ASSERT_NEAR(dx[at(i)], expected, 1e-5 * (1.0 + std::fabs(expected))) << cols << " " << i;
                expectedWeight[column] += static_cast<double>(dy[at(i)]) * x[at(i)] * r;
            }
        }
        for (std::size_t i = 0; i < dWeight.size(); ++i) ASSERT_NEAR(dWeight[i], expectedWeight[i], 1e-5) << cols << " " << i;
        auto inPlace = dy;
        GetParam()->rmsNormRowsBackward(x.data(), weight.data(), inPlace.data(), inPlace.data(), nullptr, kRows, cols, 1e-6F);
        EXPECT_EQ(inPlace, dx);
        auto alone = std::vector<float>(static_cast<std::size_t>(cols), 0.25F);
        GetParam()->rmsNormRowsBackward(x.data(), weight.data(), dy.data(), nullptr, alone.data(), kRows, cols, 1e-6F);
        EXPECT_EQ(alone, dWeight);
    }
}

TEST_P(ElementwiseVersion, RotationEqualsTheDefinitionBitForBit) {
    std::mt19937 random(6);
    for (const std::int64_t headDim : {2, 4, 10, 16, 32, 72, 128, 256}) {
        const std::int64_t tokens = 3;
        const std::int64_t heads = 5;
        const auto x = randomFloats(static_cast<std::size_t>(tokens * heads * headDim), 1.0F, random);
        const auto cos = randomFloats(static_cast<std::size_t>(tokens * headDim / 2), 1.0F, random);
        const auto sin = randomFloats(static_cast<std::size_t>(tokens * headDim / 2), 1.0F, random);
        auto expected = x;
        auto actual = x;
        kernelTable(InstructionSet::Reference)->rotateHalves(expected.data(), cos.data(), sin.data(), tokens, heads, headDim);
        GetParam()->rotateHalves(actual.data(), cos.data(), sin.data(), tokens, heads, headDim);
        ASSERT_EQ(expected, actual) << headDim;
        // x'[0] = x[0]·cos − x[D/2]·sin of the first token and head (specification 2.5).
        const auto half = static_cast<std::size_t>(headDim / 2);
        EXPECT_NEAR(actual[0], x[0] * cos[0] - x[half] * sin[0], 1e-6);
        EXPECT_NEAR(actual[half], x[half] * cos[0] + x[0] * sin[0], 1e-6);
    }
}

INSTANTIATE_TEST_SUITE_P(Kernels, ElementwiseVersion, testing::ValuesIn(availableTables()), tableName);

}  // namespace
}  // namespace lapidary::kernels
