// One vector of floats, as wide as the instruction set that the including file is compiled for: AVX-512 (F, BW, VL, DQ) or
// AVX2 with FMA and F16C.  Everything lies in a namespace named after the set, so that the linker can never take a function
// compiled for one processor and run it on another.  For the same reason files that include this use no standard templates.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__)
#define LAPIDARY_ISA avx512
#else
#define LAPIDARY_ISA avx2
#endif

namespace lapidary::kernels::LAPIDARY_ISA {

using Bytes32 = __m256i;  // 32 quants of a block, signed bytes in element order

#if defined(__AVX512F__)

using Floats = __m512;
inline constexpr int kWidth = 16;

inline Floats load(const float* at) { return _mm512_loadu_ps(at); }
inline void store(float* at, Floats v) { _mm512_storeu_ps(at, v); }
inline Floats set(float value) { return _mm512_set1_ps(value); }
inline Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
inline Floats sub(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
inline Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
inline Floats div(Floats a, Floats b) { return _mm512_div_ps(a, b); }
inline Floats fma(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
inline Floats negatedFma(Floats a, Floats b, Floats c) { return _mm512_fnmadd_ps(a, b, c); }  // c − a·b
inline Floats max(Floats a, Floats b) { return _mm512_max_ps(a, b); }  // b where either is NaN
inline Floats min(Floats a, Floats b) { return _mm512_min_ps(a, b); }
inline Floats roundToNearest(Floats v) { return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
// v · 2ⁿ for whole n
inline Floats timesPowerOfTwo(Floats v, Floats n) { return _mm512_scalef_ps(v, n); }
// v where a ≥ b, else 0
inline Floats keepWhereAtLeast(Floats a, Floats b, Floats v) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_GE_OQ), v);
}
inline float sum(Floats v) {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}
inline Floats fromInt8(const void* at) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(at))));
}
inline Floats fromUint8(const void* at) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(at))));
}
inline Floats fromHalf(const void* at) { return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(at))); }
inline Floats fromBfloat16(const void* at) {
    const __m256i bits = _mm256_loadu_si256(static_cast<const __m256i*>(at));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
// 32 signed bytes as 32 / kWidth vectors.
inline void expand(Bytes32 bytes, Floats* out) {
    out[0] = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm256_castsi256_si128(bytes)));
    out[1] = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm256_extracti128_si256(bytes, 1)));
}
inline Floats roundToBfloat16(Floats v) {  // finite values: the scales of int4 groups
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF)), odd);
    return _mm512_castsi512_ps(_mm512_and_si512(rounded, _mm512_set1_epi32(static_cast<int>(0xFFFF0000U))));
}

#else

using Floats = __m256;
inline constexpr int kWidth = 8;

inline Floats load(const float* at) { return _mm256_loadu_ps(at); }
inline void store(float* at, Floats v) { _mm256_storeu_ps(at, v); }
inline Floats set(float value) { return _mm256_set1_ps(value); }
inline Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
inline Floats sub(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
inline Floats mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
inline Floats div(Floats a, Floats b) { return _mm256_div_ps(a, b); }
inline Floats fma(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
inline Floats negatedFma(Floats a, Floats b, Floats c) { return _mm256_fnmadd_ps(a, b, c); }
inline Floats max(Floats a, Floats b) { return _mm256_max_ps(a, b); }
inline Floats min(Floats a, Floats b) { return _mm256_min_ps(a, b); }
inline Floats roundToNearest(Floats v) { return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Floats timesPowerOfTwo(Floats v, Floats n) {
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_mul_ps(v, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
}
inline Floats keepWhereAtLeast(Floats a, Floats b, Floats v) { return _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_GE_OQ), v); }
inline float sum(Floats v) {
    __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}
inline Floats fromInt8(const void* at) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(at))));
}
inline Floats fromUint8(const void* at) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(at))));
}
inline Floats fromHalf(const void* at) { return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(at))); }
inline Floats fromBfloat16(const void* at) {
    const __m128i bits = _mm_loadu_si128(static_cast<const __m128i*>(at));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
inline void expand(Bytes32 bytes, Floats* out) {
    const __m128i low = _mm256_castsi256_si128(bytes);
    const __m128i high = _mm256_extracti128_si256(bytes, 1);
    out[0] = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(low));
    out[1] = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(low, 8)));
    out[2] = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(high));
    out[3] = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(high, 8)));
}
inline Floats roundToBfloat16(Floats v) {
    const __m256i bits = _mm256_castps_si256(v);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7FFF)), odd);
    return _mm256_castsi256_ps(_mm256_and_si256(rounded, _mm256_set1_epi32(static_cast<int>(0xFFFF0000U))));
}

#endif

// The sums of four vectors.
inline __m128 sums(const Floats& a, const Floats& b, const Floats& c, const Floats& d) {
#if defined(__AVX512F__)
    const auto half = [](__m512 v) { return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1)); };
    const __m256 four = _mm256_hadd_ps(_mm256_hadd_ps(half(a), half(b)), _mm256_hadd_ps(half(c), half(d)));
#else
    const __m256 four = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
#endif
    return _mm_add_ps(_mm256_castps256_ps128(four), _mm256_extractf128_ps(four, 1));
}

inline constexpr int kVectorsOf32 = 32 / kWidth;

inline Floats zero() { return set(0.0F); }

// Weights are read once, so every line of them comes from memory: asked for this far ahead of its use, across rows and pages, where
// the processor's own prefetcher stops.  Asking for an address beyond the tensor does nothing.  Measured: 1 KiB is too late.
inline constexpr std::int64_t kPrefetchAhead = 4096;  // bytes

template <int kBytes>
void prefetchAhead(const std::byte* at) {
    for (int line = 0; line < kBytes; line += 64) {
        const auto address = reinterpret_cast<std::uintptr_t>(at) + static_cast<std::uintptr_t>(kPrefetchAhead + line);
        // NOLINTNEXTLINE(performance-no-int-to-ptr): a hint; the address is never read through
        _mm_prefetch(reinterpret_cast<const char*>(address), _MM_HINT_T0);
    }
}

inline float halfToFloat(const std::byte* at) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, at, sizeof bits);
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)));
}

inline float floatAt(const std::byte* at) {
    float value = 0.0F;
    std::memcpy(&value, at, sizeof value);
    return value;
}

inline float bfloat16At(const std::byte* at) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, at, sizeof bits);
    const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
    float value = 0.0F;
    std::memcpy(&value, &wide, sizeof value);
    return value;
}

// eˣ within 2e-7 of the exact value, relatively; 0 below −87.3, infinity from 88.8 on, NaN stays.  x = n·ln 2 + r, and the
// Taylor series of eʳ to r⁷: its remainder for |r| ≤ ln 2 / 2 is 5e-9.
inline Floats exponential(Floats x) {
    const Floats clamped = min(set(89.0F), max(set(-87.3F), x));
    const Floats n = roundToNearest(mul(clamped, set(1.44269504F)));
    // ln 2 in two parts: the first has few bits, so that n times it is exact.
    Floats r = negatedFma(n, set(0.693359375F), clamped);
    r = negatedFma(n, set(-2.12194440e-4F), r);
    Floats p = set(1.0F / 5040.0F);
    p = fma(p, r, set(1.0F / 720.0F));
    p = fma(p, r, set(1.0F / 120.0F));
    p = fma(p, r, set(1.0F / 24.0F));
    p = fma(p, r, set(1.0F / 6.0F));
    p = fma(p, r, set(0.5F));
    p = fma(p, r, set(1.0F));
    p = fma(p, r, set(1.0F));
    return timesPowerOfTwo(p, n);
}

// eˣ for the differences of a softmax (x ≤ 0): exactly 0 where it would be below the smallest normal number.
inline Floats exponentialOrZero(Floats x) { return keepWhereAtLeast(x, set(-87.3F), exponential(x)); }

}  // namespace lapidary::kernels::LAPIDARY_ISA
