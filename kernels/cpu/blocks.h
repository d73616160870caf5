// How a block of each quantised format becomes vectors of quants (small whole numbers as floats) and its scales and minima.
// value = scale · quant (− minimum or + minimum).  Layouts: specification 7.6; the definition: reference/dequantize.cpp.
#pragma once

#include "kernels/cpu/simd.h"

namespace lapidary::kernels::LAPIDARY_ISA {

inline Bytes32 loadBytes(const std::byte* at) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); }
inline Bytes32 bytesOf(int value) { return _mm256_set1_epi8(static_cast<char>(value)); }
inline std::uint32_t wordAt(const std::byte* at) {
    std::uint32_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

// Low nibbles of 16 bytes, then their high ones.
inline Bytes32 nibbles(const std::byte* at) {
    const __m128i packed = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const Bytes32 both = _mm256_inserti128_si256(_mm256_castsi128_si256(packed), _mm_srli_epi16(packed, 4), 1);
    return _mm256_and_si256(both, bytesOf(15));
}

// `value` in byte i where bit i of `bits` is set, else 0.
inline Bytes32 bytesWhereSet(std::uint32_t bits, int value) {
    const __m256i spread =
        _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(bits)),
                            _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303));
    const __m256i bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ULL));
    return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit), bytesOf(value));
}

// ---- Blocks of 32 with one scale (IEEE half at byte 0) and, where kMinimum, a minimum (half at byte 2) that is added.

// Sixteen bytes of nibbles as floats: nibble + first, in element order.
template <int kFirst>
void nibbleFloats(const std::byte* at, Floats* out) {
#if defined(__AVX512F__)
    // A table of sixteen floats is faster than widening and converting; only the low four bits of an index count.
    const Floats table =
        _mm512_setr_ps(kFirst, kFirst + 1, kFirst + 2, kFirst + 3, kFirst + 4, kFirst + 5, kFirst + 6, kFirst + 7, kFirst + 8,
                       kFirst + 9, kFirst + 10, kFirst + 11, kFirst + 12, kFirst + 13, kFirst + 14, kFirst + 15);
    const __m512i index = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
    out[0] = _mm512_permutexvar_ps(index, table);
    out[1] = _mm512_permutexvar_ps(_mm512_srli_epi32(index, 4), table);
#else
    expand(_mm256_add_epi8(nibbles(at), bytesOf(kFirst)), out);
#endif
}

// The same with a fifth bit, 16, from bit i of `high`.
template <int kFirst>
void fiveBitFloats(const std::byte* at, std::uint32_t high, Floats* out) {
#if defined(__AVX512F__)
    nibbleFloats<kFirst>(at, out);
    out[0] = _mm512_mask_add_ps(out[0], static_cast<__mmask16>(high), out[0], set(16.0F));
    out[1] = _mm512_mask_add_ps(out[1], static_cast<__mmask16>(high >> 16), out[1], set(16.0F));
#else
    expand(_mm256_add_epi8(_mm256_or_si256(nibbles(at), bytesWhereSet(high, 16)), bytesOf(kFirst)), out);
#endif
}

struct Q4_0 {
    static constexpr int kBytes = 18;
    static constexpr bool kMinimum = false;
    static void floats(const std::byte* block, Floats* out) { nibbleFloats<-8>(block + 2, out); }
};

struct Q4_1 {
    static constexpr int kBytes = 20;
    static constexpr bool kMinimum = true;
    static void floats(const std::byte* block, Floats* out) { nibbleFloats<0>(block + 4, out); }
};

struct Q5_0 {
    static constexpr int kBytes = 22;
    static constexpr bool kMinimum = false;
    static void floats(const std::byte* block, Floats* out) { fiveBitFloats<-16>(block + 6, wordAt(block + 2), out); }
};

struct Q5_1 {
    static constexpr int kBytes = 24;
    static constexpr bool kMinimum = true;
    static void floats(const std::byte* block, Floats* out) { fiveBitFloats<0>(block + 8, wordAt(block + 4), out); }
};

struct Q8_0 {
    static constexpr int kBytes = 34;
    static constexpr bool kMinimum = false;
    static void floats(const std::byte* block, Floats* out) {
        for (int i = 0; i < kVectorsOf32; ++i) out[i] = fromInt8(block + 2 + i * kWidth);
    }
};

// ---- Super-blocks of 256 with a scale (and, where kMinimum, a minimum that is subtracted) for every kGroup elements.
// floats<J> gives elements 32·J to 32·J + 31.

// Sixteen small whole numbers times a factor.
inline void scaled(const __m128i bytes, bool isSigned, float factor, float* out) {
    alignas(16) std::int8_t stored[16];
    _mm_store_si128(reinterpret_cast<__m128i*>(stored), bytes);
    for (int i = 0; i < 16; i += kWidth) {
        store(out + i, mul(set(factor), isSigned ? fromInt8(stored + i) : fromUint8(stored + i)));
    }
}

// The twelve bytes of Q4_K and Q5_K as eight 6-bit scales, then eight 6-bit minima, four at a time in a word.
inline void scalesAndMinima(const std::byte* block, float* scales, float* minima) {
    const std::uint32_t a = wordAt(block + 4);
    const std::uint32_t b = wordAt(block + 8);
    const std::uint32_t c = wordAt(block + 12);
    const __m128i six = _mm_setr_epi32(
        static_cast<int>(a & 0x3F3F3F3FU), static_cast<int>((c & 0x0F0F0F0FU) | ((a >> 2) & 0x30303030U)),
        static_cast<int>(b & 0x3F3F3F3FU), static_cast<int>(((c >> 4) & 0x0F0F0F0FU) | ((b >> 2) & 0x30303030U)));
    const __m256i low = _mm256_cvtepu8_epi32(six);
    const __m256i high = _mm256_cvtepu8_epi32(_mm_srli_si128(six, 8));
    _mm256_storeu_ps(scales, _mm256_mul_ps(_mm256_set1_ps(halfToFloat(block)), _mm256_cvtepi32_ps(low)));
    _mm256_storeu_ps(minima, _mm256_mul_ps(_mm256_set1_ps(halfToFloat(block + 2)), _mm256_cvtepi32_ps(high)));
}

template <int J>
Bytes32 nibblesOfPair(const std::byte* qs) {
    const Bytes32 packed = loadBytes(qs + 32 * (J / 2));
    return _mm256_and_si256(J % 2 == 0 ? packed : _mm256_srli_epi16(packed, 4), bytesOf(15));
}

struct Q4_K {
    static constexpr int kBytes = 144;
    static constexpr int kGroup = 32;
    static constexpr bool kMinimum = true;
    static void scales(const std::byte* block, float* dl, float* ml) { scalesAndMinima(block, dl, ml); }
    template <int J>
    static void floats(const std::byte* block, Floats* out) {
#if defined(__AVX512F__)
        const Floats table = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        for (int i = 0; i < 2; ++i) {
            const auto* at = reinterpret_cast<const __m128i*>(block + 16 + 32 * (J / 2) + 16 * i);
            const __m512i index = _mm512_cvtepu8_epi32(_mm_loadu_si128(at));
            out[i] = _mm512_permutexvar_ps(J % 2 == 0 ? index : _mm512_srli_epi32(index, 4), table);
        }
#else
        expand(nibblesOfPair<J>(block + 16), out);
#endif
    }
};

struct Q5_K {
    static constexpr int kBytes = 176;
    static constexpr int kGroup = 32;
    static constexpr bool kMinimum = true;
    static void scales(const std::byte* block, float* dl, float* ml) { scalesAndMinima(block, dl, ml); }
    template <int J>
    static void floats(const std::byte* block, Floats* out) {
        const Bytes32 bit = bytesOf(1 << J);
        const Bytes32 isSet = _mm256_cmpeq_epi8(_mm256_and_si256(loadBytes(block + 16), bit), bit);
        expand(_mm256_or_si256(nibblesOfPair<J>(block + 48), _mm256_and_si256(isSet, bytesOf(16))), out);
    }
};

struct Q6_K {
    static constexpr int kBytes = 210;
    static constexpr int kGroup = 16;
    static constexpr bool kMinimum = false;
    static void scales(const std::byte* block, float* dl, float* /*ml*/) {
        scaled(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 192)), true, halfToFloat(block + 208), dl);
    }
    template <int J>
    static void floats(const std::byte* block, Floats* out) {
        constexpr int kHalf = J / 4;
        constexpr int kQuarter = J % 4;
        const Bytes32 packed = loadBytes(block + 64 * kHalf + 32 * (kQuarter % 2));
        const Bytes32 low = _mm256_and_si256(kQuarter < 2 ? packed : _mm256_srli_epi16(packed, 4), bytesOf(15));
        const Bytes32 top = _mm256_and_si256(_mm256_srli_epi16(loadBytes(block + 128 + 32 * kHalf), 2 * kQuarter), bytesOf(3));
        expand(_mm256_sub_epi8(_mm256_or_si256(low, _mm256_slli_epi16(top, 4)), bytesOf(32)), out);
    }
};

template <int J>
Bytes32 twoBits(const std::byte* qs) {
    return _mm256_and_si256(_mm256_srli_epi16(loadBytes(qs + 32 * (J / 4)), 2 * (J % 4)), bytesOf(3));
}

struct Q2_K {
    static constexpr int kBytes = 84;
    static constexpr int kGroup = 16;
    static constexpr bool kMinimum = true;
    static void scales(const std::byte* block, float* dl, float* ml) {
        const __m128i packed = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
        const __m128i fifteen = _mm_set1_epi8(15);
        scaled(_mm_and_si128(packed, fifteen), false, halfToFloat(block + 80), dl);
        scaled(_mm_and_si128(_mm_srli_epi16(packed, 4), fifteen), false, halfToFloat(block + 82), ml);
    }
    template <int J>
    static void floats(const std::byte* block, Floats* out) {
        expand(twoBits<J>(block + 16), out);
    }
};

struct Q3_K {
    static constexpr int kBytes = 110;
    static constexpr int kGroup = 16;
    static constexpr bool kMinimum = false;
    static void scales(const std::byte* block, float* dl, float* /*ml*/) {
        const std::uint32_t a = wordAt(block + 96);
        const std::uint32_t b = wordAt(block + 100);
        const std::uint32_t c = wordAt(block + 104);
        const auto six = [c](std::uint32_t low, int shift) {
            return static_cast<int>((low & 0x0F0F0F0FU) | (((c >> shift) & 0x03030303U) << 4));
        };
        const __m128i unsigned6 = _mm_setr_epi32(six(a, 0), six(b, 2), six(a >> 4, 4), six(b >> 4, 6));
        scaled(_mm_sub_epi8(unsigned6, _mm_set1_epi8(32)), true, halfToFloat(block + 108), dl);
    }
    template <int J>
    static void floats(const std::byte* block, Floats* out) {
        const Bytes32 isClear = _mm256_cmpeq_epi8(_mm256_and_si256(loadBytes(block), bytesOf(1 << J)), _mm256_setzero_si256());
        expand(_mm256_sub_epi8(twoBits<J>(block + 32), _mm256_and_si256(isClear, bytesOf(4))), out);
    }
};

// ---- int4 groups: the sixteen values that a nibble of one group can mean (torchao rounds product and sum to bfloat16).

struct Int4Table {
    explicit Int4Table(const std::byte* block) {
        const Floats scale = set(bfloat16At(block));
        const Floats offset = set(bfloat16At(block + 2));
        const float steps[16] = {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7};
        for (int i = 0; i < 16 / kWidth; ++i) {
            values[i] = roundToBfloat16(add(roundToBfloat16(mul(load(steps + i * kWidth), scale)), offset));
        }
    }

    // Elements 32·part to 32·part + 31 of the group: 16 bytes, low nibble first.
    void floats(const std::byte* block, int part, Floats* out) const {
        const __m128i packed = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 4 + 16 * part));
        const __m128i high = _mm_srli_epi16(packed, 4);
        const __m128i first = _mm_unpacklo_epi8(packed, high);  // bits above the low four are noise, dropped below
        const __m128i second = _mm_unpackhi_epi8(packed, high);
#if defined(__AVX512F__)
        out[0] = _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(first), values[0]);
        out[1] = _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(second), values[0]);
#else
        const __m128i quarters[4] = {first, _mm_srli_si128(first, 8), second, _mm_srli_si128(second, 8)};
        for (int i = 0; i < 4; ++i) {
            const __m256i index = _mm256_cvtepu8_epi32(quarters[i]);
            const __m256 below = _mm256_permutevar8x32_ps(values[0], index);
            const __m256 above = _mm256_permutevar8x32_ps(values[1], index);
            out[i] = _mm256_blendv_ps(below, above, _mm256_castsi256_ps(_mm256_slli_epi32(index, 28)));  // bit 3 chooses
        }
#endif
    }

    Floats values[16 / kWidth];
};

}  // namespace lapidary::kernels::LAPIDARY_ISA
