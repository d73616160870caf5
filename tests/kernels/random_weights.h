// Seeded weights of any format at an odd address, and the list of kernel versions that this processor can run.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "kernels/dispatch.h"

namespace lapidary::kernels {

inline constexpr std::array kAllFormats{BlockFormat::F32,  BlockFormat::F16,     BlockFormat::BF16,        BlockFormat::Q4_0,
                                        BlockFormat::Q4_1, BlockFormat::Q5_0,    BlockFormat::Q5_1,        BlockFormat::Q8_0,
                                        BlockFormat::Q2_K, BlockFormat::Q3_K,    BlockFormat::Q4_K,        BlockFormat::Q5_K,
                                        BlockFormat::Q6_K, BlockFormat::Int8Row, BlockFormat::Int4Group128};

// [rows, cols] of random bits with sane scales: the numbers lie within a few units, as trained weights do.
class RandomRows {
public:
    RandomRows(BlockFormat format, std::int64_t rows, std::int64_t cols, std::mt19937& random);

    [[nodiscard]] const std::byte* data() const { return m_bytes.data() + 1; }  // odd: no kernel may count on alignment

private:
    std::vector<std::byte> m_bytes;
};

std::vector<float> randomFloats(std::size_t count, float spread, std::mt19937& random);

// The reference and every instruction set of this processor; at least one entry.
std::vector<const KernelTable*> availableTables();
std::string tableName(const testing::TestParamInfo<const KernelTable*>& info);

}  // namespace lapidary::kernels
