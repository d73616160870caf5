#include "core/data/files/block_format.h"

#include <gtest/gtest.h>

namespace lapidary::files {
namespace {

using kernels::BlockFormat;

TEST(BlockFormat, GgmlNumbersGoBothWays) {
    for (int i = 0; i <= static_cast<int>(BlockFormat::Q6_K); ++i) {
        const auto format = static_cast<BlockFormat>(i);
        const auto number = ggmlTypeOf(format);
        ASSERT_TRUE(number) << kernels::formatName(format);
        EXPECT_EQ(formatOfGgmlType(*number), format);
        EXPECT_EQ(ggmlTypeName(*number), kernels::formatName(format));
    }
    EXPECT_EQ(ggmlTypeOf(BlockFormat::Int8Row), std::nullopt);
    EXPECT_EQ(ggmlTypeOf(BlockFormat::Int4Group128), std::nullopt);
    EXPECT_EQ(formatOfGgmlType(20), std::nullopt);
    EXPECT_EQ(ggmlTypeName(20), "IQ4_NL");
    EXPECT_EQ(ggmlTypeName(77), "type 77");
    // Specification 7.3.
    EXPECT_EQ(ggmlTypeOf(BlockFormat::Q5_0), 6U);
    EXPECT_EQ(ggmlTypeOf(BlockFormat::BF16), 30U);
}

TEST(BlockFormat, DtypesOfWeights) {
    EXPECT_EQ(formatOfDtype("BF16"), BlockFormat::BF16);
    EXPECT_EQ(formatOfDtype("F16"), BlockFormat::F16);
    EXPECT_EQ(formatOfDtype("F32"), BlockFormat::F32);
    EXPECT_EQ(formatOfDtype("F64"), std::nullopt);
    EXPECT_EQ(formatOfDtype("I8"), std::nullopt);
}

TEST(BlockFormat, BytesOfTensors) {
    EXPECT_EQ(tensorBytes(BlockFormat::F32, {}), 4);
    EXPECT_EQ(tensorBytes(BlockFormat::BF16, {3, 5}), 30);
    EXPECT_EQ(tensorBytes(BlockFormat::Q4_0, {2, 64}), 72);
    EXPECT_EQ(tensorBytes(BlockFormat::Q6_K, {3, 256}), 630);
    EXPECT_EQ(tensorBytes(BlockFormat::Q4_0, {2, 33}), std::nullopt);
    EXPECT_EQ(tensorBytes(BlockFormat::F32, {0, 7}), 0);
    EXPECT_EQ(tensorBytes(BlockFormat::F32, {-1, 7}), std::nullopt);
    EXPECT_EQ(tensorBytes(BlockFormat::F32, {7, -1}), std::nullopt);
    EXPECT_EQ(tensorBytes(BlockFormat::F32, {1LL << 32, 1LL << 32}), std::nullopt);
    EXPECT_EQ(tensorBytes(BlockFormat::F32, {1LL << 62}), std::nullopt);
}

}  // namespace
}  // namespace lapidary::files
