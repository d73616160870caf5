// Specification 7.6, formula by formula, each product rounded to float32 as gguf-py's dequantiser rounds it (this file is
// compiled without contraction to fused multiply-add).
#include <bit>

#include "kernels/reference/half.h"
#include "kernels/reference/reference.h"

namespace lapidary::kernels::reference {

namespace {

int byteAt(const std::byte* at, int i) { return std::to_integer<int>(at[i]); }
int signedAt(const std::byte* at, int i) { return static_cast<std::int8_t>(std::to_integer<int>(at[i])); }

// Q4_0, Q4_1, Q5_0, Q5_1: 32 elements; element i in the low nibble of byte i, element i + 16 in the high one, a fifth bit
// (if any) in bit i of `high`.  value = d · (q − offset) + m.
void nibbles32(const std::byte* qs, std::uint32_t high, float d, int offset, float m, bool hasMinimum, float* out) {
    for (int i = 0; i < 32; ++i) {
        const int byte = byteAt(qs, i % 16);
        const int nibble = i < 16 ? byte & 15 : byte >> 4;
        const int q = nibble | static_cast<int>(((high >> i) & 1U) << 4);
        const float product = d * static_cast<float>(q - offset);
        out[i] = hasMinimum ? product + m : product;
    }
}

void q8_0(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(signedAt(block + 2, i));
}

// The eight 6-bit pairs (scale, minimum) of Q4_K and Q5_K, packed in 12 bytes.
void scaleAndMinimum(const std::byte* s, int j, int& scale, int& minimum) {
    if (j < 4) {
        scale = byteAt(s, j) & 63;
        minimum = byteAt(s, j + 4) & 63;
    } else {
        scale = (byteAt(s, j + 4) & 15) | ((byteAt(s, j - 4) >> 6) << 4);
        minimum = (byteAt(s, j + 4) >> 4) | ((byteAt(s, j) >> 6) << 4);
    }
}

// Q4_K (no high bits) and Q5_K.
void superBlock45(const std::byte* block, const std::byte* high, const std::byte* qs, float* out) {
    const float d = loadHalf(block);
    const float dmin = loadHalf(block + 2);
    for (int j = 0; j < 8; ++j) {
        int scale = 0;
        int minimum = 0;
        scaleAndMinimum(block + 4, j, scale, minimum);
        const float dl = d * static_cast<float>(scale);
        const float ml = dmin * static_cast<float>(minimum);
        for (int l = 0; l < 32; ++l) {
            const int byte = byteAt(qs, 32 * (j / 2) + l);
            int q = j % 2 == 0 ? byte & 15 : byte >> 4;
            if (high != nullptr) q |= ((byteAt(high, l) >> j) & 1) << 4;
            out[32 * j + l] = dl * static_cast<float>(q) - ml;
        }
    }
}

void q6_K(const std::byte* block, float* out) {
    const float d = loadHalf(block + 208);
    for (int i = 0; i < 256; ++i) {
        const int n = i / 128;
        const int quarter = (i % 128) / 32;
        const int l = i % 32;
        const int low = byteAt(block, 64 * n + 32 * (quarter % 2) + l);
        const int nibble = quarter < 2 ? low & 15 : low >> 4;
        const int high = (byteAt(block, 128 + 32 * n + l) >> (2 * quarter)) & 3;
        const int q = (nibble | (high << 4)) - 32;
        const float dl = d * static_cast<float>(signedAt(block + 192, 8 * n + 2 * quarter + l / 16));
        out[i] = dl * static_cast<float>(q);
    }
}

int twoBits(const std::byte* qs, int i) { return (byteAt(qs, 32 * (i / 128) + i % 32) >> (2 * ((i % 128) / 32))) & 3; }

void q2_K(const std::byte* block, float* out) {
    const float d = loadHalf(block + 80);
    const float dmin = loadHalf(block + 82);
    for (int i = 0; i < 256; ++i) {
        const int packed = byteAt(block, i / 16);
        const float dl = d * static_cast<float>(packed & 15);
        const float ml = dmin * static_cast<float>(packed >> 4);
        out[i] = dl * static_cast<float>(twoBits(block + 16, i)) - ml;
    }
}

void q3_K(const std::byte* block, float* out) {
    const float d = loadHalf(block + 108);
    const std::byte* s = block + 96;
    for (int i = 0; i < 256; ++i) {
        const int j = i / 16;
        const int low = j < 8 ? byteAt(s, j) & 15 : byteAt(s, j - 8) >> 4;
        const int scale = low | (((byteAt(s, 8 + j % 4) >> (2 * (j / 4))) & 3) << 4);
        const bool highBit = ((byteAt(block, i % 32) >> (i / 32)) & 1) != 0;
        const float dl = d * static_cast<float>(scale - 32);
        out[i] = dl * static_cast<float>(twoBits(block + 32, i) - (highBit ? 0 : 4));
    }
}

// torchao dequantises in bfloat16: product and sum are rounded each.
void int4Group(const std::byte* block, float* out) {
    const float scale = bfloat16ToFloat(loadU16(block));
    const float zero = bfloat16ToFloat(loadU16(block + 2));
    for (int i = 0; i < 128; ++i) {
        const int byte = byteAt(block + 4, i / 2);
        const int q = i % 2 == 0 ? byte & 15 : byte >> 4;
        out[i] = roundToBfloat16(roundToBfloat16(static_cast<float>(q - 8) * scale) + zero);
    }
}

void dequantizeBlock(BlockFormat format, const std::byte* block, float* out) {
    switch (format) {
        case BlockFormat::F32: *out = std::bit_cast<float>(loadU32(block)); return;
        case BlockFormat::F16: *out = loadHalf(block); return;
        case BlockFormat::BF16: *out = bfloat16ToFloat(loadU16(block)); return;
        case BlockFormat::Q4_0: nibbles32(block + 2, 0, loadHalf(block), 8, 0.0F, false, out); return;
        case BlockFormat::Q4_1: nibbles32(block + 4, 0, loadHalf(block), 0, loadHalf(block + 2), true, out); return;
        case BlockFormat::Q5_0: nibbles32(block + 6, loadU32(block + 2), loadHalf(block), 16, 0.0F, false, out); return;
        case BlockFormat::Q5_1:
            nibbles32(block + 8, loadU32(block + 4), loadHalf(block), 0, loadHalf(block + 2), true, out);
            return;
        case BlockFormat::Q8_0: q8_0(block, out); return;
        case BlockFormat::Q2_K: q2_K(block, out); return;
        case BlockFormat::Q3_K: q3_K(block, out); return;
        case BlockFormat::Q4_K: superBlock45(block, nullptr, block + 16, out); return;
        case BlockFormat::Q5_K: superBlock45(block, block + 16, block + 48, out); return;
        case BlockFormat::Q6_K: q6_K(block, out); return;
        case BlockFormat::Int4Group128: int4Group(block, out); return;
        case BlockFormat::Int8Row: return;  // its block is the row: dequantizeRow
    }
}

}  // namespace

void dequantizeRow(BlockFormat format, const std::byte* row, float* out, std::int64_t cols) {
    if (format == BlockFormat::Int8Row) {
        const float scale = std::bit_cast<float>(loadU32(row));
        for (std::int64_t i = 0; i < cols; ++i) {
            out[i] = static_cast<float>(static_cast<std::int8_t>(std::to_integer<int>(row[4 + i]))) * scale;
        }
        return;
    }
    const int elements = blockElements(format);
    const int bytes = blockBytes(format);
    for (std::int64_t block = 0; block < cols / elements; ++block) {
        dequantizeBlock(format, row + block * bytes, out + block * elements);
    }
}

}  // namespace lapidary::kernels::reference
