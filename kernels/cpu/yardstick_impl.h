// The most that a core can do: loads without arithmetic, arithmetic without loads.
#pragma once

#include "kernels/cpu/simd.h"
#include "kernels/cpu/versions.h"

namespace lapidary::kernels::LAPIDARY_ISA {

float readMemory(const std::uint64_t* at, std::int64_t words) {
    __m256i sums[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
    std::int64_t i = 0;
    for (; i + 16 <= words; i += 16) {
        for (int k = 0; k < 4; ++k) {
            sums[k] = _mm256_add_epi64(sums[k], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + i + 4 * k)));
        }
    }
    const __m256i total = _mm256_add_epi64(_mm256_add_epi64(sums[0], sums[1]), _mm256_add_epi64(sums[2], sums[3]));
    return static_cast<float>(_mm256_extract_epi64(total, 0) + _mm256_extract_epi64(total, 3));
}

double multiplyAdds(std::int64_t rounds, float* result) {
    constexpr int kChains = 12;  // more than latency times ports: 4 cycles, two a cycle
    Floats sums[kChains];
    for (int k = 0; k < kChains; ++k) sums[k] = set(static_cast<float>(k));
    const Floats factor = set(0.999F);
    const Floats offset = set(0.5F);
    for (std::int64_t i = 0; i < rounds; ++i) {
        for (int k = 0; k < kChains; ++k) sums[k] = fma(sums[k], factor, offset);
    }
    for (int k = 0; k < kChains; ++k) *result += sum(sums[k]);
    return 2.0 * kChains * kWidth * static_cast<double>(rounds);
}

}  // namespace lapidary::kernels::LAPIDARY_ISA
