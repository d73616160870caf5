// Every version of linearRows against the definition: each format, odd sizes, unaligned weights, one input and several.
#include "kernels/linear_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/kernels/random_weights.h"

namespace lapidary::kernels {
namespace {

class LinearRowsVersion : public testing::TestWithParam<const KernelTable*> {};

struct Size {
    std::int64_t out;
    std::int64_t cols;
    std::int64_t inputs;
};

// |error| of a float32 sum of n products, plus one rounding of each dequantised weight where a version multiplies by the
// scale last: (n/lanes + 8)·eps·Σ|w·x| bounds all versions; lanes = 8 is the narrowest.  Minima are summed apart, so that
// weights that cancel there cost up to the size of the uncancelled terms: hence the larger factor.
double tolerance(std::int64_t cols, double magnitude) {
    return (static_cast<double>(cols) / 8.0 + 32.0) * std::numeric_limits<float>::epsilon() * magnitude;
}

void compare(const KernelTable& table, BlockFormat format, const Size& size, std::mt19937& random) {
    const RandomRows weight(format, size.out, size.cols, random);
    const auto x = randomFloats(static_cast<std::size_t>(size.inputs * size.cols), 1.0F, random);
    const std::int64_t stride = size.out + 3;
    std::vector<float> expected(static_cast<std::size_t>(size.inputs * stride), -7.0F);
    std::vector<float> actual = expected;
    LinearRows product{format, weight.data(), size.cols, x.data(), size.inputs, expected.data(), stride};
    kernelTable(InstructionSet::Reference)->linearRows(product, 0, size.out);
    product.y = actual.data();
    const std::int64_t middle = size.out / 3;  // in two calls, as two threads would
    table.linearRows(product, middle, size.out);
    table.linearRows(product, 0, middle);

    std::vector<float> row(static_cast<std::size_t>(size.cols));
    for (std::int64_t o = 0; o < stride; ++o) {
        if (o < size.out) {
            kernelTable(InstructionSet::Reference)
                ->dequantizeRow(format, weight.data() + o * rowStride(format, size.cols), row.data(), size.cols);
        }
        for (std::int64_t input = 0; input < size.inputs; ++input) {
            const auto at = static_cast<std::size_t>(input * stride + o);
            if (o >= size.out) {
                ASSERT_EQ(actual[at], -7.0F) << "wrote beyond the rows";
                continue;
            }
            double magnitude = 0.0;
            for (std::size_t c = 0; c < row.size(); ++c) {
                magnitude += std::fabs(static_cast<double>(row[c]) * x[static_cast<std::size_t>(input * size.cols) + c]);
            }
            ASSERT_NEAR(actual[at], expected[at], tolerance(size.cols, magnitude))
                << formatName(format) << " out " << o << " input " << input << " cols " << size.cols;
        }
    }
}

TEST_P(LinearRowsVersion, EqualsTheDefinitionWithinRounding) {
    std::mt19937 random(3);
    for (const BlockFormat format : kAllFormats) {
        const std::int64_t block = blockElements(format);
        for (const std::int64_t inputs : {1, 2, 4, 7}) {
            for (const std::int64_t units : {1, 2, 3, 5, 9}) compare(*GetParam(), format, {5, units * block, inputs}, random);
        }
        compare(*GetParam(), format, {3, 2560, 1}, random);
        compare(*GetParam(), format, {3, 2560, 5}, random);
    }
}

// Plain numbers and int8 rows need no whole blocks.
TEST_P(LinearRowsVersion, AnyNumberOfColumns) {
    std::mt19937 random(4);
    for (const BlockFormat format : {BlockFormat::F32, BlockFormat::F16, BlockFormat::BF16, BlockFormat::Int8Row}) {
        for (std::int64_t cols = 1; cols <= 70; ++cols) {
            compare(*GetParam(), format, {4, cols, 1}, random);
            compare(*GetParam(), format, {4, cols, 3}, random);
        }
        compare(*GetParam(), format, {2, 1024 + 37, 3}, random);
    }
}

// More columns than are summed in one go.
TEST_P(LinearRowsVersion, VeryLongRows) {
    std::mt19937 random(5);
    for (const BlockFormat format : kAllFormats)
        compare(*GetParam(), format, {2, 32768 + 2304 - 2304 % blockElements(format), 1}, random);
    compare(*GetParam(), BlockFormat::Int8Row, {2, 65536 + 5, 1}, random);
}

INSTANTIATE_TEST_SUITE_P(Kernels, LinearRowsVersion, testing::ValuesIn(availableTables()), tableName);

}  // namespace
}  // namespace lapidary::kernels
