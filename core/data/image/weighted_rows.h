// The one inner loop of the resize, compiled once for any x86-64 and once for AVX2; integer sums, so both give the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lapidary::image::detail {

// sums[lane] += Σ_j weights[j] * rows[j * stride + lane] for lane < lanes.
using AddWeightedRows = void (*)(const std::uint8_t* rows, std::ptrdiff_t stride, const std::int32_t* weights,
                                 std::int64_t count, std::int64_t lanes, std::int32_t* sums);

void addWeightedRowsGeneric(const std::uint8_t* rows, std::ptrdiff_t stride, const std::int32_t* weights, std::int64_t count,
                            std::int64_t lanes, std::int32_t* sums);
void addWeightedRowsAvx2(const std::uint8_t* rows, std::ptrdiff_t stride, const std::int32_t* weights, std::int64_t count,
                         std::int64_t lanes, std::int32_t* sums);

// The best of the two for this processor.
AddWeightedRows chooseAddWeightedRows();

// Body of both.  Blocks of 32 lanes have a constant trip count, which is what makes the compiler keep them in registers.
inline __attribute__((always_inline)) void addWeightedRowsBody(const std::uint8_t* rows, std::ptrdiff_t stride,
                                                               const std::int32_t* weights, std::int64_t count,
                                                               std::int64_t lanes, std::int32_t* sums) {
    constexpr int kBlock = 32;
    std::int64_t lane = 0;
    for (; lane + kBlock <= lanes; lane += kBlock) {
        std::int32_t block[kBlock];
        for (int k = 0; k < kBlock; ++k) block[k] = sums[lane + k];
        const std::uint8_t* source = rows + lane;
        for (std::int64_t j = 0; j < count; ++j, source += stride) {
            const std::int32_t weight = weights[j];
            for (int k = 0; k < kBlock; ++k) block[k] += weight * source[k];
        }
        for (int k = 0; k < kBlock; ++k) sums[lane + k] = block[k];
    }
    for (; lane < lanes; ++lane) {
        const std::uint8_t* source = rows + lane;
        std::int32_t sum = sums[lane];
        for (std::int64_t j = 0; j < count; ++j, source += stride) sum += weights[j] * source[0];
        sums[lane] = sum;
    }
}

}  // namespace lapidary::image::detail
