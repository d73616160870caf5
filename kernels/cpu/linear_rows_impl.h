// y = x · Wᵀ against weights as stored.  One input row: quants are widened in registers and multiplied there, so that a
// weight is read once and never written.  Several: a piece of a row is dequantised into the first-level cache and
// multiplied with every input.  Sums are float32, in parallel lanes.
#pragma once

#include "kernels/cpu/dequantize_impl.h"

namespace lapidary::kernels::LAPIDARY_ISA {

namespace {

constexpr std::int64_t kColumnChunk = 32768;  // bounds sums and scales to a few KiB of stack; whole blocks of every format
constexpr std::int64_t kPiece = 1024;         // columns dequantised at a time when there are several inputs

// ---- Dots of one row with one input.  Each gives the sum over `cols` columns; `sums` are x summed over each 32 or 16.

// The scales (and minima) of one row's blocks of 32.  Taken up in two steps: halves are copied together by the integer
// units, and widened sixteen at a time later, when the stores have long left for the cache.  Widening one half at a time
// would cost as much as multiplying its block.
template <class Block>
struct RowScales {
    static constexpr std::int64_t kBlocks = kColumnChunk / 32;

    void copy(const std::byte* row, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i, row += Block::kBytes) {
            std::uint32_t pair = 0;
            std::memcpy(&pair, row, Block::kMinimum ? 4 : 2);
            asm(""
                : "+r"(pair));  // keeps the compiler from gathering halves with vector instructions, which are the bottleneck
            halves[i] = static_cast<std::uint16_t>(pair);
            if constexpr (Block::kMinimum) minimumHalves[i] = static_cast<std::uint16_t>(pair >> 16);
        }
    }

    void widen(std::int64_t count) {
        for (std::int64_t i = 0; i < count; i += kWidth) {
            store(scales + i, fromHalf(halves + i));
            if constexpr (Block::kMinimum) store(minima + i, fromHalf(minimumHalves + i));
        }
    }

    // Both arrays are widened in whole vectors: what lies beyond `count` is converted and never used.
    std::uint16_t halves[kBlocks] = {};
    alignas(64) float scales[kBlocks];
    std::uint16_t minimumHalves[Block::kMinimum ? kBlocks : 1] = {};
    alignas(64) float minima[Block::kMinimum ? kBlocks : 1];
};

float dotSmall(const float* a, const float* b, std::int64_t count) {
    Floats total = zero();
    std::int64_t i = 0;
    for (; i + kWidth <= count; i += kWidth) total = fma(load(a + i), load(b + i), total);
    float result = sum(total);
    for (; i < count; ++i) result += a[i] * b[i];
    return result;
}

// Adds one block's part of the dot to `total`.
template <class Block>
Floats dotBlock(const std::byte* at, const float* x, float scale, Floats total) {
    prefetchAhead<Block::kBytes>(at);
    Floats w[kVectorsOf32];
    Block::floats(at, w);
    Floats part = mul(w[0], load(x));
    for (int v = 1; v < kVectorsOf32; ++v) part = fma(w[v], load(x + v * kWidth), part);
    return fma(part, set(scale), total);
}

template <class Block>
float dot32(const std::byte* at, const float* x, const float* sums, const RowScales<Block>& row, std::int64_t count) {
    Floats a = zero();  // four sums, so that none waits for the one before it
    Floats b = zero();
    Floats c = zero();
    Floats d = zero();
    std::int64_t i = 0;
    for (; i + 4 <= count; i += 4, at += 4 * Block::kBytes, x += 4 * 32) {
        a = dotBlock<Block>(at, x, row.scales[i], a);
        b = dotBlock<Block>(at + Block::kBytes, x + 32, row.scales[i + 1], b);
        c = dotBlock<Block>(at + 2 * Block::kBytes, x + 64, row.scales[i + 2], c);
        d = dotBlock<Block>(at + 3 * Block::kBytes, x + 96, row.scales[i + 3], d);
    }
    for (; i < count; ++i, at += Block::kBytes, x += 32) a = dotBlock<Block>(at, x, row.scales[i], a);
    const float result = sum(add(add(a, b), add(c, d)));
    if constexpr (Block::kMinimum) return result + dotSmall(row.minima, sums, count);
    return result;
}

template <class Block, int J>
Floats dotGroup(const std::byte* at, const float* dl, const float* x, Floats total) {
    constexpr int kVectors = Block::kGroup / kWidth;  // that share a scale
    Floats w[kVectorsOf32];
    Block::template floats<J>(at, w);
    for (int v = 0; v < kVectorsOf32; v += kVectors) {
        Floats part = mul(w[v], load(x + 32 * J + v * kWidth));
        for (int k = 1; k < kVectors; ++k) part = fma(w[v + k], load(x + 32 * J + (v + k) * kWidth), part);
        total = fma(part, set(dl[(32 * J + v * kWidth) / Block::kGroup]), total);
    }
    return total;
}

template <class Block>
float dot256(const std::byte* at, const float* x, const float* sums, std::int64_t cols) {
    Floats even = zero();
    Floats odd = zero();
    __m256 minima = _mm256_setzero_ps();
    for (std::int64_t c = 0; c < cols; c += 256, at += Block::kBytes, x += 256) {
        float dl[16];
        float ml[16];
        prefetchAhead<Block::kBytes>(at);
        Block::scales(at, dl, ml);
        if constexpr (Block::kMinimum) {
            for (int i = 0; i < 256 / Block::kGroup; i += 8, sums += 8) {
                minima = _mm256_fmadd_ps(_mm256_loadu_ps(ml + i), _mm256_loadu_ps(sums), minima);
            }
        }
        even = dotGroup<Block, 0>(at, dl, x, even);
        odd = dotGroup<Block, 1>(at, dl, x, odd);
        even = dotGroup<Block, 2>(at, dl, x, even);
        odd = dotGroup<Block, 3>(at, dl, x, odd);
        even = dotGroup<Block, 4>(at, dl, x, even);
        odd = dotGroup<Block, 5>(at, dl, x, odd);
        even = dotGroup<Block, 6>(at, dl, x, even);
        odd = dotGroup<Block, 7>(at, dl, x, odd);
    }
    float result = sum(add(even, odd));
    if constexpr (Block::kMinimum) {
        float lanes[8];
        _mm256_storeu_ps(lanes, minima);
        for (const float lane : lanes) result -= lane;
    }
    return result;
}

// Plain numbers and the quants of an int8 row: kBytes an element, four independent sums.
template <Floats (*convert)(const void*), int kBytes>
float dotPlain(const std::byte* at, const float* x, std::int64_t cols) {
    Floats total[4] = {zero(), zero(), zero(), zero()};
    std::int64_t c = 0;
    for (; c + 4 * kWidth <= cols; c += 4 * kWidth) {
        prefetchAhead<4 * kWidth * kBytes>(at + c * kBytes);
        for (int k = 0; k < 4; ++k) total[k] = fma(convert(at + (c + k * kWidth) * kBytes), load(x + c + k * kWidth), total[k]);
    }
    for (; c + kWidth <= cols; c += kWidth) total[0] = fma(convert(at + c * kBytes), load(x + c), total[0]);
    return sum(add(add(total[0], total[1]), add(total[2], total[3])));
}

Floats fromFloat32(const void* at) { return load(static_cast<const float*>(at)); }

// What dotPlain leaves: fewer than kWidth columns, by the definition's conversion.
float dotRest(BlockFormat format, const std::byte* at, const float* x, std::int64_t cols) {
    float w[kWidth];
    if (format == BlockFormat::Int8Row) {
        for (std::int64_t c = 0; c < cols; ++c) w[c] = static_cast<float>(static_cast<std::int8_t>(at[c]));
    } else {
        reference::dequantizeRow(format, at, w, cols);
    }
    float total = 0.0F;
    for (std::int64_t c = 0; c < cols; ++c) total += w[c] * x[c];
    return total;
}

float dotInt4(const std::byte* at, const float* x, std::int64_t cols) {
    Floats total[4] = {zero(), zero(), zero(), zero()};
    for (std::int64_t c = 0; c < cols; c += 128, at += 68, x += 128) {
        prefetchAhead<68>(at);
        const Int4Table table(at);
        for (int part = 0; part < 4; ++part) {
            Floats w[kVectorsOf32];
            table.floats(at, part, w);
            for (int v = 0; v < kVectorsOf32; ++v) total[part] = fma(w[v], load(x + 32 * part + v * kWidth), total[part]);
        }
    }
    return sum(add(add(total[0], total[1]), add(total[2], total[3])));
}

// ---- One input.

// Sums of x over each `group` columns.
void sumGroups(const float* x, std::int64_t cols, int group, float* out) {
    for (std::int64_t c = 0; c < cols; c += group) {
        Floats total = load(x + c);
        for (int i = kWidth; i < group; i += kWidth) total = add(total, load(x + c + i));
        *out++ = sum(total);
    }
}

// Calls dot(address of the row's columns [c, c + cols), x at c, sums, cols) for every output row and adds the chunks up.
template <class Dot>
void eachRow(const LinearRows& product, std::int64_t outBegin, std::int64_t outEnd, int sumGroup, Dot dot) {
    const std::int64_t stride = rowStride(product.format, product.cols);
    const bool isInt8 = product.format == BlockFormat::Int8Row;
    for (std::int64_t first = 0; first < product.cols || first == 0; first += kColumnChunk) {
        const std::int64_t left = product.cols - first;
        const std::int64_t cols = left < kColumnChunk ? left : kColumnChunk;
        float sums[kColumnChunk / 16];
        if (sumGroup != 0) sumGroups(product.x + first, cols, sumGroup, sums);
        const std::int64_t offset = isInt8 ? 4 + first : rowStride(product.format, first);
        for (std::int64_t o = outBegin; o < outEnd; ++o) {
            const std::byte* row = product.weight + o * stride;
            float value = dot(row + offset, product.x + first, sums, cols);
            if (isInt8) value *= floatAt(row);
            product.y[o] = first == 0 ? value : product.y[o] + value;
        }
    }
}

// As eachRow, one row ahead with the scales.
template <class Block>
void rows32(const LinearRows& product, std::int64_t outBegin, std::int64_t outEnd) {
    if (outBegin >= outEnd) return;
    const std::int64_t stride = rowStride(product.format, product.cols);
    RowScales<Block> row;
    for (std::int64_t first = 0; first < product.cols || first == 0; first += kColumnChunk) {
        const std::int64_t left = product.cols - first;
        const std::int64_t count = (left < kColumnChunk ? left : kColumnChunk) / 32;
        float sums[Block::kMinimum ? kColumnChunk / 32 : 1];
        if constexpr (Block::kMinimum) sumGroups(product.x + first, count * 32, 32, sums);
        const std::byte* const at = product.weight + first / 32 * Block::kBytes;
        row.copy(at + outBegin * stride, count);
        for (std::int64_t o = outBegin; o < outEnd; ++o) {
            row.widen(count);
            if (o + 1 < outEnd) row.copy(at + (o + 1) * stride, count);
            const float value = dot32<Block>(at + o * stride, product.x + first, sums, row, count);
            product.y[o] = first == 0 ? value : product.y[o] + value;
        }
    }
}

template <class Block>
void rows256(const LinearRows& product, std::int64_t outBegin, std::int64_t outEnd) {
    eachRow(product, outBegin, outEnd, Block::kMinimum ? Block::kGroup : 0, dot256<Block>);
}

template <Floats (*convert)(const void*), int kBytes>
void rowsPlain(const LinearRows& product, std::int64_t outBegin, std::int64_t outEnd) {
    eachRow(product, outBegin, outEnd, 0, [&](const std::byte* at, const float* x, const float*, std::int64_t cols) {
        const std::int64_t whole = cols / kWidth * kWidth;
        const float value = dotPlain<convert, kBytes>(at, x, cols);
        return whole == cols ? value : value + dotRest(product.format, at + whole * kBytes, x + whole, cols - whole);
    });
}

void oneInput(const LinearRows& product, std::int64_t outBegin, std::int64_t outEnd) {
    switch (product.format) {
        case BlockFormat::F32: rowsPlain<fromFloat32, 4>(product, outBegin, outEnd); return;
        case BlockFormat::F16: rowsPlain<fromHalf, 2>(product, outBegin, outEnd); return;
        case BlockFormat::BF16: rowsPlain<fromBfloat16, 2>(product, outBegin, outEnd); return;
        case BlockFormat::Int8Row: rowsPlain<fromInt8, 1>(product, outBegin, outEnd); return;
        case BlockFormat::Q4_0: rows32<Q4_0>(product, outBegin, outEnd); return;
        case BlockFormat::Q4_1: rows32<Q4_1>(product, outBegin, outEnd); return;
        case BlockFormat::Q5_0: rows32<Q5_0>(product, outBegin, outEnd); return;
        case BlockFormat::Q5_1: rows32<Q5_1>(product, outBegin, outEnd); return;
        case BlockFormat::Q8_0: rows32<Q8_0>(product, outBegin, outEnd); return;
        case BlockFormat::Q2_K: rows256<Q2_K>(product, outBegin, outEnd); return;
        case BlockFormat::Q3_K: rows256<Q3_K>(product, outBegin, outEnd); return;
        case BlockFormat::Q4_K: rows256<Q4_K>(product, outBegin, outEnd); return;
        case BlockFormat::Q5_K: rows256<Q5_K>(product, outBegin, outEnd); return;
        case BlockFormat::Q6_K: rows256<Q6_K>(product, outBegin, outEnd); return;
        case BlockFormat::Int4Group128:
            eachRow(product, outBegin, outEnd, 0,
                    [](const std::byte* at, const float* x, const float*, std::int64_t cols) { return dotInt4(at, x, cols); });
            return;
    }
}

// ---- Several inputs.

// Dots of one piece of a dequantised row with `kInputs` inputs, added to y.
template <int kInputs>
void dotPiece(const float* w, const float* x, std::int64_t xStride, std::int64_t cols, float* y, std::int64_t yStride) {
    Floats total[kInputs];
    for (int i = 0; i < kInputs; ++i) total[i] = zero();
    std::int64_t c = 0;
    for (; c + kWidth <= cols; c += kWidth) {
        const Floats weight = load(w + c);
        for (int i = 0; i < kInputs; ++i) total[i] = fma(weight, load(x + i * xStride + c), total[i]);
    }
    for (int i = 0; i < kInputs; ++i) {
        float value = sum(total[i]);
        for (std::int64_t rest = c; rest < cols; ++rest) value += w[rest] * x[i * xStride + rest];
        y[i * yStride] += value;
    }
}

void severalInputs(const LinearRows& product, std::int64_t outBegin, std::int64_t outEnd) {
    const std::int64_t stride = rowStride(product.format, product.cols);
    for (std::int64_t o = outBegin; o < outEnd; ++o) {
        float* y = product.y + o;
        for (std::int64_t input = 0; input < product.inputs; ++input) y[input * product.yStride] = 0.0F;
        for (std::int64_t first = 0; first < product.cols; first += kPiece) {
            const std::int64_t left = product.cols - first;
            const std::int64_t cols = left < kPiece ? left : kPiece;
            float piece[kPiece];
            dequantizeColumns(product.format, product.weight + o * stride, first, piece, cols);
            std::int64_t input = 0;
            for (; input + 4 <= product.inputs; input += 4) {
                dotPiece<4>(piece, product.x + input * product.cols + first, product.cols, cols, y + input * product.yStride,
                            product.yStride);
            }
            for (; input < product.inputs; ++input) {
                dotPiece<1>(piece, product.x + input * product.cols + first, product.cols, cols, y + input * product.yStride,
                            product.yStride);
            }
        }
    }
}

}  // namespace

void linearRows(const LinearRows& product, std::int64_t outBegin, std::int64_t outEnd) {
    if (product.inputs == 1) {
        oneInput(product, outBegin, outEnd);
    } else {
        severalInputs(product, outBegin, outEnd);
    }
}

}  // namespace lapidary::kernels::LAPIDARY_ISA
