// Every stored format against gguf-py's dequantiser (specification 7.6), and every fast version against the definition.
#include "kernels/dequantize.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/reference/half.h"
#include "tests/kernels/random_weights.h"
#include "tests/support/temp_dir.h"

namespace lapidary::kernels {
namespace {

std::vector<std::byte> fromHex(const std::string& hex) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

class VectorsOfInstructionSet : public testing::TestWithParam<const KernelTable*> {};

TEST_P(VectorsOfInstructionSet, EveryGgufFormatIsExact) {
    const auto vectors = nlohmann::json::parse(test::goldenText("gguf-dequant-vectors.json"));
    std::size_t checked = 0;
    for (const BlockFormat format : kAllFormats) {
        if (!vectors["types"].contains(formatName(format))) continue;
        const auto& entry = vectors["types"][formatName(format)];
        EXPECT_EQ(entry["block_elems"].get<int>(), blockElements(format)) << formatName(format);
        EXPECT_EQ(entry["block_bytes"].get<int>(), blockBytes(format)) << formatName(format);
        const auto bytes = fromHex(entry["hex"]);
        std::vector<float> values(entry["values"].size());
        ASSERT_EQ(rowBytes(format, static_cast<std::int64_t>(values.size())), static_cast<std::int64_t>(bytes.size()));
        GetParam()->dequantizeRow(format, bytes.data(), values.data(), static_cast<std::int64_t>(values.size()));
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto expected = entry["values"][i].get<float>();
            EXPECT_EQ(std::bit_cast<std::uint32_t>(values[i]), std::bit_cast<std::uint32_t>(expected))
                << formatName(format) << " element " << i << ": " << values[i] << " instead of " << expected;
        }
        ++checked;
    }
    EXPECT_EQ(checked, vectors["types"].size());
}

// Random bits, every length that the format allows up to a few blocks, and weights that start at an odd address.
TEST_P(VectorsOfInstructionSet, EqualsTheDefinitionBitForBit) {
    std::mt19937 random(7);
    for (const BlockFormat format : kAllFormats) {
        for (const std::int64_t units : {1, 2, 3, 5, 7, 16, 31, 33}) {
            const std::int64_t cols = units * blockElements(format);
            const RandomRows rows(format, 1, cols, random);
            std::vector<float> expected(static_cast<std::size_t>(cols));
            std::vector<float> actual(static_cast<std::size_t>(cols) + 1, -77.0F);
            kernelTable(InstructionSet::Reference)->dequantizeRow(format, rows.data(), expected.data(), cols);
            GetParam()->dequantizeRow(format, rows.data(), actual.data(), cols);
            for (std::size_t i = 0; i < expected.size(); ++i) {
                ASSERT_EQ(std::bit_cast<std::uint32_t>(expected[i]), std::bit_cast<std::uint32_t>(actual[i]))
                    << formatName(format) << " cols " << cols << " element " << i;
            }
            ASSERT_EQ(actual.back(), -77.0F) << formatName(format) << " wrote past the row";
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Kernels, VectorsOfInstructionSet, testing::ValuesIn(availableTables()), tableName);

TEST(BlockFormat, RowBytesRefusesPartialBlocksAndOverflow) {
    EXPECT_EQ(rowBytes(BlockFormat::Q8_0, 64), 68);
    EXPECT_EQ(rowBytes(BlockFormat::Int8Row, 5), 9);
    EXPECT_EQ(rowBytes(BlockFormat::Int4Group128, 256), 136);
    EXPECT_EQ(rowBytes(BlockFormat::F32, 0), 0);
    EXPECT_FALSE(rowBytes(BlockFormat::Q8_0, 33));
    EXPECT_FALSE(rowBytes(BlockFormat::Q4_K, 640));
    EXPECT_FALSE(rowBytes(BlockFormat::F16, -1));
    EXPECT_FALSE(rowBytes(BlockFormat::F32, INT64_MAX / 2));
    EXPECT_FALSE(rowBytes(BlockFormat::Int8Row, INT64_MAX - 2));
}

TEST(Half, EveryHalfSurvivesTheRoundTrip) {
    for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        const float value = reference::halfToFloat(half);
        if (std::isnan(value)) {
            EXPECT_TRUE(std::isnan(reference::halfToFloat(reference::floatToHalf(value))));
            continue;
        }
        ASSERT_EQ(reference::floatToHalf(value), half);
        // Half way to the next half goes to the even one; a hair more goes up.
        if ((half & 0x7FFFU) >= 0x7BFFU) continue;
        const float next = reference::halfToFloat(static_cast<std::uint16_t>(half + 1));
        const float middle = value + (next - value) / 2;
        ASSERT_EQ(reference::floatToHalf(middle), (half & 1U) != 0 ? half + 1 : half) << bits;
        ASSERT_EQ(reference::floatToHalf(std::nextafter(middle, next)), half + 1) << bits;
    }
    EXPECT_EQ(reference::floatToHalf(65519.9F), 0x7BFF);
    EXPECT_EQ(reference::floatToHalf(65520.0F), 0x7C00);
}

}  // namespace
}  // namespace lapidary::kernels
