// Quantising at load against torchao's own numbers, and against GGML's rules restated.
#include "kernels/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "kernels/dequantize.h"
#include "kernels/reference/half.h"
#include "tests/kernels/random_weights.h"
#include "tests/support/temp_dir.h"

namespace lapidary::kernels {
namespace {

using nlohmann::json;

struct Case {
    std::string name;
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::vector<float> weight;
    json entry;

    [[nodiscard]] std::vector<std::byte> quantised(BlockFormat format, std::int64_t row) const {
        std::vector<std::byte> bytes(static_cast<std::size_t>(rowBytes(format, cols).value()));
        quantizeRow(format, weight.data() + row * cols, bytes.data(), cols);
        return bytes;
    }
};

std::vector<Case> torchaoCases() {
    const json vectors = json::parse(test::goldenText("torchao-quant-vectors.json"));
    std::vector<Case> cases;
    for (const json& entry : vectors["cases"]) {
        cases.push_back({entry["name"], entry["shape"][0], entry["shape"][1], entry["weight_bf16"], entry});
    }
    return cases;
}

// The stored values are torchao's dequantised ones, which are bfloat16.
void expectDequantised(const Case& c, BlockFormat format, std::int64_t row, const std::vector<std::byte>& bytes,
                       const json& expected) {
    std::vector<float> values(static_cast<std::size_t>(c.cols));
    dequantizeRow(format, bytes.data(), values.data(), c.cols);
    for (std::int64_t i = 0; i < c.cols; ++i) {
        EXPECT_EQ(reference::roundToBfloat16(values[static_cast<std::size_t>(i)]),
                  expected[static_cast<std::size_t>(row * c.cols + i)])
            << c.name << " row " << row << " column " << i;
    }
}

TEST(QuantizeRow, Int8EqualsTorchao) {
    const auto cases = torchaoCases();
    ASSERT_EQ(cases.size(), 4U);
    for (const Case& c : cases) {
        const json& expected = c.entry["int8_per_row"];
        for (std::int64_t row = 0; row < c.rows; ++row) {
            const auto bytes = c.quantised(BlockFormat::Int8Row, row);
            float scale = 0.0F;
            std::memcpy(&scale, bytes.data(), sizeof scale);
            EXPECT_EQ(scale, expected["scale"][static_cast<std::size_t>(row)].get<float>()) << c.name << " row " << row;
            for (std::int64_t i = 0; i < c.cols; ++i) {
                const auto q = static_cast<std::int8_t>(bytes[static_cast<std::size_t>(4 + i)]);
                EXPECT_EQ(q, expected["q"][static_cast<std::size_t>(row * c.cols + i)].get<int>())
                    << c.name << " " << row << " " << i;
            }
            expectDequantised(c, BlockFormat::Int8Row, row, bytes, expected["dequantised_bf16"]);
        }
    }
}

TEST(QuantizeRow, Int4EqualsTorchao) {
    for (const Case& c : torchaoCases()) {
        const json& expected = c.entry["int4_group128"];
        for (std::int64_t row = 0; row < c.rows; ++row) {
            const auto bytes = c.quantised(BlockFormat::Int4Group128, row);
            for (std::int64_t group = 0; group < c.cols / 128; ++group) {
                const std::byte* block = bytes.data() + group * 68;
                const auto r = static_cast<std::size_t>(row);
                const auto g = static_cast<std::size_t>(group);
                EXPECT_EQ(reference::bfloat16ToFloat(reference::loadU16(block)), expected["scale_bf16"][r][g].get<float>())
                    << c.name;
                EXPECT_EQ(reference::bfloat16ToFloat(reference::loadU16(block + 2)), expected["zero_bf16"][r][g].get<float>())
                    << c.name;
                for (int i = 0; i < 128; ++i) {
                    const int byte = std::to_integer<int>(block[4 + i / 2]);
                    const int q = i % 2 == 0 ? byte & 15 : byte >> 4;
                    EXPECT_EQ(q, expected["q_0_15"][static_cast<std::size_t>(row * c.cols + group * 128 + i)].get<int>())
                        << c.name;
                }
            }
            expectDequantised(c, BlockFormat::Int4Group128, row, bytes, expected["dequantised_bf16"]);
        }
    }
}

// A dequantised row, quantised again, is the same bytes: block scales and extremes are exact.
TEST(QuantizeRow, Q8_0KeepsWhatItStored) {
    std::vector<float> in(32, 0.0F);
    for (int i = 0; i < 32; ++i) in[static_cast<std::size_t>(i)] = 0.25F * static_cast<float>(i * 8 - 127);
    in[31] = 0.25F * 127.0F;
    std::vector<std::byte> row(34);
    quantizeRow(BlockFormat::Q8_0, in.data(), row.data(), 32);
    std::vector<float> out(32);
    dequantizeRow(BlockFormat::Q8_0, row.data(), out.data(), 32);
    EXPECT_EQ(in, out);
}

TEST(QuantizeRow, ErrorsStayWithinHalfAStep) {
    std::mt19937 random(11);
    const auto in = randomFloats(4096, 1.0F, random);
    std::vector<std::byte> row(static_cast<std::size_t>(rowBytes(BlockFormat::Q8_0, 4096).value()));
    std::vector<float> out(4096);
    for (const BlockFormat format : {BlockFormat::Q8_0, BlockFormat::Q4_0}) {
        quantizeRow(format, in.data(), row.data(), 4096);
        dequantizeRow(format, row.data(), out.data(), 4096);
        for (std::size_t i = 0; i < in.size(); ++i) {
            const float step =
                std::fabs(reference::loadHalf(row.data() + static_cast<std::size_t>(blockBytes(format)) * (i / 32)));
            // Half a step, a whole one at Q4_0's short end (+8 is stored as +7), and the rounding of the scale to half precision.
            const float bound = step * (format == BlockFormat::Q4_0 ? 1.0F : 0.5F) + 128.0F * step * 0x1p-11F;
            EXPECT_LE(std::fabs(in[i] - out[i]), bound) << formatName(format) << " " << i;
        }
    }
}

TEST(QuantizeRow, Q4_0GivesTheLargestWeightMinusEight) {
    std::vector<float> in(32, 0.0F);
    in[5] = 4.0F;
    in[20] = -2.0F;
    in[9] = -4.0F;  // as large, but later: the first keeps the scale
    std::vector<std::byte> row(18);
    quantizeRow(BlockFormat::Q4_0, in.data(), row.data(), 32);
    EXPECT_EQ(reference::loadHalf(row.data()), -0.5F);
    EXPECT_EQ(std::to_integer<int>(row[2 + 5]) & 15, 0);
    EXPECT_EQ(std::to_integer<int>(row[2 + 4]) >> 4, 12);
    EXPECT_EQ(std::to_integer<int>(row[2 + 9]) & 15, 15);
    EXPECT_EQ(std::to_integer<int>(row[2 + 0]) & 15, 8);
}

TEST(QuantizeRow, PlainNumbersAreRoundedToTheNearestTiesToEven) {
    // 1 + 2⁻⁸ and 1 + 3 · 2⁻⁸ lie between two numbers of bfloat16 each, as 1 + 2⁻¹¹ and 1 + 3 · 2⁻¹¹ do of float16.
    const std::vector<float> in{1.0F + 0x1p-8F, 1.0F + 0x3p-8F, 1.0F + 0x1p-11F, 1.0F + 0x3p-11F, -0.0F, 1e6F};
    const auto rounded = [&](BlockFormat format) {
        std::vector<std::byte> row(in.size() * 4);
        quantizeRow(format, in.data(), row.data(), std::ssize(in));
        std::vector<float> out(in.size());
        dequantizeRow(format, row.data(), out.data(), std::ssize(in));
        return out;
    };
    EXPECT_EQ(rounded(BlockFormat::F32), in);
    EXPECT_EQ(rounded(BlockFormat::BF16),
              (std::vector<float>{1.0F, 1.0F + 0x1p-6F, 1.0F, 1.0F, -0.0F, reference::roundToBfloat16(1e6F)}));
    EXPECT_EQ(rounded(BlockFormat::F16),
              (std::vector<float>{in[0], in[1], 1.0F, 1.0F + 0x1p-9F, -0.0F, std::numeric_limits<float>::infinity()}));
}

TEST(QuantizeRow, ZeroAndInfiniteWeightsAreNoUndefinedCast) {
    std::vector<float> in(128, 0.0F);
    std::vector<std::byte> row(200);
    for (const BlockFormat format : {BlockFormat::Q8_0, BlockFormat::Q4_0, BlockFormat::Int8Row, BlockFormat::Int4Group128}) {
        quantizeRow(format, in.data(), row.data(), 128);
        std::vector<float> out(128, 1.0F);
        dequantizeRow(format, row.data(), out.data(), 128);
        for (const float value : out) EXPECT_EQ(value, 0.0F) << formatName(format);
    }
    in[3] = std::numeric_limits<float>::infinity();
    in[4] = std::numeric_limits<float>::quiet_NaN();
    for (const BlockFormat format : {BlockFormat::Q8_0, BlockFormat::Q4_0, BlockFormat::Int8Row, BlockFormat::Int4Group128}) {
        quantizeRow(format, in.data(), row.data(), 128);
    }
    EXPECT_THROW(quantizeRow(BlockFormat::Q6_K, in.data(), row.data(), 128), std::invalid_argument);
}

}  // namespace
}  // namespace lapidary::kernels
