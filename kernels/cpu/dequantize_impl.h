// Every stored format to float32, bit for bit as the definition: the same products and sums, each rounded.
#pragma once

#include "kernels/cpu/blocks.h"
#include "kernels/cpu/versions.h"
#include "kernels/reference/reference.h"

namespace lapidary::kernels::LAPIDARY_ISA {

namespace {

template <class Block>
void dequantize32(const std::byte* at, float* out, std::int64_t cols) {
    for (std::int64_t c = 0; c < cols; c += 32, at += Block::kBytes) {
        prefetchAhead<Block::kBytes>(at);
        const Floats d = set(halfToFloat(at));
        Floats w[kVectorsOf32];
        Block::floats(at, w);
        for (int i = 0; i < kVectorsOf32; ++i) {
            Floats value = mul(d, w[i]);
            if constexpr (Block::kMinimum) value = add(value, set(halfToFloat(at + 2)));
            store(out + c + i * kWidth, value);
        }
    }
}

template <class Block, int J>
void dequantizeGroup(const std::byte* at, const float* dl, const float* ml, float* out) {
    Floats w[kVectorsOf32];
    Block::template floats<J>(at, w);
    for (int i = 0; i < kVectorsOf32; ++i) {
        const int group = (32 * J + i * kWidth) / Block::kGroup;
        Floats value = mul(set(dl[group]), w[i]);
        if constexpr (Block::kMinimum) value = sub(value, set(ml[group]));
        store(out + 32 * J + i * kWidth, value);
    }
}

template <class Block>
void dequantize256(const std::byte* at, float* out, std::int64_t cols) {
    for (std::int64_t c = 0; c < cols; c += 256, at += Block::kBytes) {
        prefetchAhead<Block::kBytes>(at);
        float dl[16];
        float ml[16];
        Block::scales(at, dl, ml);
        dequantizeGroup<Block, 0>(at, dl, ml, out + c);
        dequantizeGroup<Block, 1>(at, dl, ml, out + c);
        dequantizeGroup<Block, 2>(at, dl, ml, out + c);
        dequantizeGroup<Block, 3>(at, dl, ml, out + c);
        dequantizeGroup<Block, 4>(at, dl, ml, out + c);
        dequantizeGroup<Block, 5>(at, dl, ml, out + c);
        dequantizeGroup<Block, 6>(at, dl, ml, out + c);
        dequantizeGroup<Block, 7>(at, dl, ml, out + c);
    }
}

void dequantizeInt4(const std::byte* at, float* out, std::int64_t cols) {
    for (std::int64_t c = 0; c < cols; c += 128, at += 68) {
        const Int4Table table(at);
        for (int part = 0; part < 4; ++part) {
            Floats w[kVectorsOf32];
            table.floats(at, part, w);
            for (int i = 0; i < kVectorsOf32; ++i) store(out + c + 32 * part + i * kWidth, w[i]);
        }
    }
}

// Plain numbers: whole vectors here, the rest by the definition.
template <Floats (*convert)(const void*)>
void convertPlain(BlockFormat format, const std::byte* at, float* out, std::int64_t cols) {
    std::int64_t c = 0;
    for (; c + kWidth <= cols; c += kWidth) store(out + c, convert(at + 2 * c));
    reference::dequantizeRow(format, at + 2 * c, out + c, cols - c);
}

void dequantizeInt8(const std::byte* quants, float scale, float* out, std::int64_t cols) {
    std::int64_t c = 0;
    for (; c + kWidth <= cols; c += kWidth) store(out + c, mul(fromInt8(quants + c), set(scale)));
    for (; c < cols; ++c) out[c] = static_cast<float>(static_cast<std::int8_t>(quants[c])) * scale;
}

// Columns [first, first + cols) of a row; `first` and `cols` are whole blocks.
void dequantizeColumns(BlockFormat format, const std::byte* row, std::int64_t first, float* out, std::int64_t cols) {
    if (format == BlockFormat::Int8Row) {
        dequantizeInt8(row + 4 + first, floatAt(row), out, cols);
        return;
    }
    const std::byte* at = row + rowStride(format, first);
    switch (format) {
        case BlockFormat::F32: std::memcpy(out, at, static_cast<std::size_t>(cols) * sizeof(float)); return;
        case BlockFormat::F16: convertPlain<fromHalf>(format, at, out, cols); return;
        case BlockFormat::BF16: convertPlain<fromBfloat16>(format, at, out, cols); return;
        case BlockFormat::Q4_0: dequantize32<Q4_0>(at, out, cols); return;
        case BlockFormat::Q4_1: dequantize32<Q4_1>(at, out, cols); return;
        case BlockFormat::Q5_0: dequantize32<Q5_0>(at, out, cols); return;
        case BlockFormat::Q5_1: dequantize32<Q5_1>(at, out, cols); return;
        case BlockFormat::Q8_0: dequantize32<Q8_0>(at, out, cols); return;
        case BlockFormat::Q2_K: dequantize256<Q2_K>(at, out, cols); return;
        case BlockFormat::Q3_K: dequantize256<Q3_K>(at, out, cols); return;
        case BlockFormat::Q4_K: dequantize256<Q4_K>(at, out, cols); return;
        case BlockFormat::Q5_K: dequantize256<Q5_K>(at, out, cols); return;
        case BlockFormat::Q6_K: dequantize256<Q6_K>(at, out, cols); return;
        case BlockFormat::Int4Group128: dequantizeInt4(at, out, cols); return;
        case BlockFormat::Int8Row: return;
    }
}

}  // namespace

}  // namespace lapidary::kernels::LAPIDARY_ISA
