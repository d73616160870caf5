#include "tests/kernels/random_weights.h"

#include <cstring>

#include "kernels/reference/half.h"

namespace lapidary::kernels {

namespace {

// Where a block keeps its IEEE half scales (specification 7.6).
std::vector<int> halfOffsets(BlockFormat format) {
    switch (format) {
        case BlockFormat::Q4_0:
        case BlockFormat::Q5_0:
        case BlockFormat::Q8_0: return {0};
        case BlockFormat::Q4_1:
        case BlockFormat::Q5_1:
        case BlockFormat::Q4_K:
        case BlockFormat::Q5_K: return {0, 2};
        case BlockFormat::Q2_K: return {80, 82};
        case BlockFormat::Q3_K: return {108};
        case BlockFormat::Q6_K: return {208};
        default: return {};
    }
}

void storeU16(std::byte* at, std::uint16_t value) { std::memcpy(at, &value, sizeof value); }

}  // namespace

RandomRows::RandomRows(BlockFormat format, std::int64_t rows, std::int64_t cols, std::mt19937& random) {
    const std::int64_t stride = rowBytes(format, cols).value();
    m_bytes.resize(static_cast<std::size_t>(rows * stride + 1));
    for (std::byte& byte : m_bytes) byte = static_cast<std::byte>(random() & 255U);
    std::normal_distribution<float> normal;
    for (std::int64_t row = 0; row < rows; ++row) {
        std::byte* const start = m_bytes.data() + 1 + row * stride;
        if (format == BlockFormat::Int8Row) {
            const float scale = 0.01F * (1.0F + std::abs(normal(random)));
            std::memcpy(start, &scale, sizeof scale);
            continue;
        }
        for (std::int64_t block = 0; block < cols / blockElements(format); ++block) {
            std::byte* const at = start + block * blockBytes(format);
            const float value = normal(random);
            if (format == BlockFormat::F32) std::memcpy(at, &value, sizeof value);
            if (format == BlockFormat::F16) storeU16(at, reference::floatToHalf(value));
            if (format == BlockFormat::BF16) storeU16(at, reference::floatToBfloat16(value));
            if (format == BlockFormat::Int4Group128) {
                storeU16(at, reference::floatToBfloat16(0.1F * std::abs(value)));
                storeU16(at + 2, reference::floatToBfloat16(0.1F * normal(random)));
            }
            for (const int offset : halfOffsets(format)) storeU16(at + offset, reference::floatToHalf(0.02F * normal(random)));
        }
    }
}

std::vector<float> randomFloats(std::size_t count, float spread, std::mt19937& random) {
    std::normal_distribution<float> normal(0.0F, spread);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random);
    return values;
}

std::vector<const KernelTable*> availableTables() {
    std::vector<const KernelTable*> tables;
    for (const InstructionSet set : kInstructionSets) {
        if (const KernelTable* table = kernelTable(set)) tables.push_back(table);
    }
    return tables;
}

std::string tableName(const testing::TestParamInfo<const KernelTable*>& info) { return info.param->name; }

}  // namespace lapidary::kernels
