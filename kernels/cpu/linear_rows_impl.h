// y = x · Wᵀ against weights as stored.  One input row: quants are widened in registers and multiplied there, so that a
// weight is read once and never written.  Several: a piece of a row is dequantised into the first-level cache and
// multiplied with every input.  Sums are float32, in parallel lanes.
#pragma once

#include "kernels/cpu/dequantize_impl.h"

namespace lapidary::kernels::LAPIDARY_ISA {

namespace {

constexpr std::int64_t kColumnChunk = 32768;  // bounds the sums of x below to 8 KiB of stack; whole blocks of every format
constexpr std::int64_t kScaleBatch = 64;      // blocks whose scales are widened together
constexpr std::int64_t kPiece = 1024;         // columns dequantised at a time when there are several inputs

// ---- Dots of one row with one input.  Each gives the sum over `cols` columns; `sums` are x summed over each 32 or 16.

// The halves at the start of `count` blocks, as floats.  Copied by the integer units, widened together: widening one half
// at a time would cost as much as multiplying its block.
void scalesOfBlocks(const std::byte* at, std::int64_t stride, std::int64_t count, float* out) {
    std::uint16_t halves[kScaleBatch];
    for (std::int64_t i = 0; i < count; ++i) std::memcpy(halves + i, at + i * stride, sizeof halves[0]);
    for (std::int64_t i = count; i % kWidth != 0; ++i) halves[i] = 0;
    for (std::int64_t i = 0; i < count; i += kWidth) store(out + i, fromHalf(halves + i));
}

template <class Block>
float dot32(const std::byte* at, const float* x, const float* sums, std::int64_t cols) {
    Floats total[2] = {zero(), zero()};
    float minimumPart = 0.0F;
    for (std::int64_t first = 0; first < cols / 32; first += kScaleBatch) {
        const std::int64_t left = cols / 32 - first;
        const std::int64_t count = left < kScaleBatch ? left : kScaleBatch;
        float scales[kScaleBatch];
        scalesOfBlocks(at, Block::kBytes, count, scales);
        if constexpr (Block::kMinimum) {
            float minima[kScaleBatch];
            scalesOfBlocks(at + 2, Block::kBytes, count, minima);
            for (std::int64_t i = 0; i < count; ++i) minimumPart += minima[i] * sums[first + i];
        }
        for (std::int64_t i = 0; i < count; ++i, at += Block::kBytes, x += 32) {
            Floats w[kVectorsOf32];
            Block::floats(at, w);
            Floats part = mul(w[0], load(x));
            for (int v = 1; v < kVectorsOf32; ++v) part = fma(w[v], load(x + v * kWidth), part);
            total[i & 1] = fma(part, set(scales[i]), total[i & 1]);
        }
    }
    return sum(add(total[0], total[1])) + minimumPart;
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
    Floats total[2] = {zero(), zero()};
    for (std::int64_t c = 0; c < cols; c += 128, at += 68, x += 128) {
        const Int4Table table(at);
        for (int part = 0; part < 4; ++part) {
            Floats w[kVectorsOf32];
            table.floats(at, part, w);
            for (int v = 0; v < kVectorsOf32; ++v) total[v & 1] = fma(w[v], load(x + 32 * part + v * kWidth), total[v & 1]);
        }
    }
    return sum(add(total[0], total[1]));
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

template <class Block>
void rows32(const LinearRows& product, std::int64_t outBegin, std::int64_t outEnd) {
    eachRow(product, outBegin, outEnd, Block::kMinimum ? 32 : 0, dot32<Block>);
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
