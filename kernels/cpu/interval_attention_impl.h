// Attention in one pass over the keys, a block of 64 at a time, with a running maximum and sum (online softmax: Milakov and
// Gimelshein, arXiv:1805.02867; by blocks: Dao et al., arXiv:2205.14135).  Rows, that is pairs of query and head, that share
// a key head are worked on together, sixteen at a time, so that a key or value is read from memory once for all of them.
// Where queries see two intervals, the pass goes over both.
#pragma once

#include "kernels/cpu/simd.h"
#include "kernels/cpu/versions.h"
#include "kernels/reference/reference.h"

namespace lapidary::kernels::LAPIDARY_ISA {

namespace {

constexpr int kRows = 16;       // rows of a tile
constexpr int kKeys = 64;       // keys of a block
constexpr int kRowGroup = kWidth == 16 ? 4 : 2;  // rows multiplied together: their accumulators fill the registers
constexpr float kMinusInfinity = -__builtin_inff();

struct Row {
    const float* q;
    float* out;
    std::int64_t query;
    std::int64_t begin;  // of the interval that the pass is in
    std::int64_t end;
    float largest;  // of the scores so far
    float total;    // of exp(score − largest) so far
};

struct Tile {
    Row rows[kRows];
    int count;
    alignas(64) float scores[kRows][kKeys];
};

struct FloatKeys {
    static constexpr int kBytes = 4;
    static Floats at(const std::byte* base, std::int64_t i) { return load(reinterpret_cast<const float*>(base) + i); }
};
struct BfloatKeys {
    static constexpr int kBytes = 2;
    static Floats at(const std::byte* base, std::int64_t i) { return fromBfloat16(base + 2 * i); }
};

// scores[r][key] = q of row r · key for kR rows and kK consecutive keys.
template <class Keys, int kR, int kK>
void scoreGroup(const Row* rows, const std::byte* keys, std::int64_t headDim, float scale, float (*scores)[kKeys]) {
    Floats total[kR][kK];
    for (int r = 0; r < kR; ++r) {
        for (int k = 0; k < kK; ++k) total[r][k] = zero();
    }
    for (std::int64_t i = 0; i < headDim; i += kWidth) {
        Floats key[kK];
        for (int k = 0; k < kK; ++k) key[k] = Keys::at(keys, k * headDim + i);
        for (int r = 0; r < kR; ++r) {
            const Floats q = load(rows[r].q + i);
            for (int k = 0; k < kK; ++k) total[r][k] = fma(q, key[k], total[r][k]);
        }
    }
    for (int r = 0; r < kR; ++r) {
        if constexpr (kK == 4) {
            _mm_storeu_ps(scores[r], _mm_mul_ps(sums(total[r][0], total[r][1], total[r][2], total[r][3]), _mm_set1_ps(scale)));
        } else {
            for (int k = 0; k < kK; ++k) scores[r][k] = sum(total[r][k]) * scale;
        }
    }
}

template <class Keys, int kR>
void scoreRows(Tile& tile, int first, const std::byte* keys, int key, int keyCount, std::int64_t headDim, float scale) {
    auto* scores = reinterpret_cast<float(*)[kKeys]>(&tile.scores[first][key]);
    if (keyCount == 4) {
        scoreGroup<Keys, kR, 4>(tile.rows + first, keys, headDim, scale, scores);
        return;
    }
    for (int k = 0; k < keyCount; ++k) {
        scores = reinterpret_cast<float(*)[kKeys]>(&tile.scores[first][key + k]);
        scoreGroup<Keys, kR, 1>(tile.rows + first, keys + k * headDim * Keys::kBytes, headDim, scale, scores);
    }
}

// All rows of the tile against `count` keys; four keys stay in the first-level cache while every row passes over them.
template <class Keys>
void scoreBlock(Tile& tile, const std::byte* keys, int count, std::int64_t headDim, float scale) {
    for (int key = 0; key < count; key += 4) {
        const int keyCount = count - key < 4 ? count - key : 4;
        const std::byte* at = keys + key * headDim * Keys::kBytes;
        int row = 0;
        for (; row + kRowGroup <= tile.count; row += kRowGroup) {
            scoreRows<Keys, kRowGroup>(tile, row, at, key, keyCount, headDim, scale);
        }
        for (; row < tile.count; ++row) scoreRows<Keys, 1>(tile, row, at, key, keyCount, headDim, scale);
    }
}

// Turns a row's scores of keys [position, position + count) into weights, and rescales what the row has gathered so far.
void softmaxBlock(Row& row, float* scores, std::int64_t position, int count, std::int64_t headDim) {
    const int padded = (count + kWidth - 1) / kWidth * kWidth;
    std::int64_t seenBegin = row.begin - position;
    std::int64_t seenEnd = row.end - position;
    seenBegin = seenBegin < 0 ? 0 : seenBegin > padded ? padded : seenBegin;
    seenEnd = seenEnd > count ? count : seenEnd < seenBegin ? seenBegin : seenEnd;
    for (std::int64_t k = 0; k < seenBegin; ++k) scores[k] = kMinusInfinity;
    for (std::int64_t k = seenEnd; k < padded; ++k) scores[k] = kMinusInfinity;
    Floats largest = load(scores);
    for (int k = kWidth; k < padded; k += kWidth) largest = max(largest, load(scores + k));
    float lanes[kWidth];
    store(lanes, largest);
    float newLargest = row.largest;
    for (const float lane : lanes) newLargest = lane > newLargest ? lane : newLargest;
    if (newLargest == kMinusInfinity) {  // nothing visible yet
        for (int k = 0; k < padded; k += kWidth) store(scores + k, zero());
        return;
    }
    Floats total = zero();
    for (int k = 0; k < padded; k += kWidth) {
        const Floats weight = exponentialOrZero(sub(load(scores + k), set(newLargest)));
        store(scores + k, weight);
        total = add(total, weight);
    }
    if (newLargest != row.largest) {
        store(lanes, exponentialOrZero(set(row.largest - newLargest)));
        for (std::int64_t i = 0; i < headDim; i += kWidth) store(row.out + i, mul(load(row.out + i), set(lanes[0])));
        row.total *= lanes[0];
        row.largest = newLargest;
    }
    row.total += sum(total);
}

// out[r] += weights[r][key] · value[key] for kR rows and kVectors vectors of columns from `column` on.
template <class Keys, int kR, int kVectors>
void gatherGroup(const Row* rows, const float (*weights)[kKeys], const std::byte* values, int count, std::int64_t headDim,
                 std::int64_t column) {
    Floats total[kR][kVectors];
    for (int r = 0; r < kR; ++r) {
        for (int v = 0; v < kVectors; ++v) total[r][v] = load(rows[r].out + column + v * kWidth);
    }
    for (int k = 0; k < count; ++k) {
        Floats value[kVectors];
        for (int v = 0; v < kVectors; ++v) value[v] = Keys::at(values, k * headDim + column + v * kWidth);
        for (int r = 0; r < kR; ++r) {
            const Floats weight = set(weights[r][k]);
            for (int v = 0; v < kVectors; ++v) total[r][v] = fma(weight, value[v], total[r][v]);
        }
    }
    for (int r = 0; r < kR; ++r) {
        for (int v = 0; v < kVectors; ++v) store(rows[r].out + column + v * kWidth, total[r][v]);
    }
}

template <class Keys, int kVectors>
void gatherColumns(Tile& tile, const std::byte* values, int count, std::int64_t headDim, std::int64_t column) {
    int row = 0;
    for (; row + kRowGroup <= tile.count; row += kRowGroup) {
        gatherGroup<Keys, kRowGroup, kVectors>(tile.rows + row, tile.scores + row, values, count, headDim, column);
    }
    for (; row < tile.count; ++row)
        gatherGroup<Keys, 1, kVectors>(tile.rows + row, tile.scores + row, values, count, headDim, column);
}

template <class Keys>
void gatherBlock(Tile& tile, const std::byte* values, int count, std::int64_t headDim) {
    std::int64_t column = 0;
    for (; column + 4 * kWidth <= headDim; column += 4 * kWidth) gatherColumns<Keys, 4>(tile, values, count, headDim, column);
    for (; column < headDim; column += kWidth) gatherColumns<Keys, 1>(tile, values, count, headDim, column);
}

bool seesAny(const IntervalAttention& work, std::int64_t query) {
    return work.begin[query] < work.end[query] ||
           (work.prefixBegin != nullptr && work.prefixBegin[query] < work.prefixEnd[query]);
}

// use(position, slot, count) for every block of keys that some row of the tile sees, interval by interval.
template <class Use>
void eachBlock(const IntervalAttention& work, Tile& tile, const Use& use) {
    for (int interval = work.prefixBegin != nullptr ? 0 : 1; interval < 2; ++interval) {
        const std::int32_t* begins = interval == 0 ? work.prefixBegin : work.begin;
        const std::int32_t* ends = interval == 0 ? work.prefixEnd : work.end;
        std::int64_t begin = INT64_MAX;
        std::int64_t end = 0;
        for (int r = 0; r < tile.count; ++r) {
            Row& row = tile.rows[r];
            row.begin = begins[row.query];
            row.end = ends[row.query];
            if (row.begin >= row.end) continue;
            begin = row.begin < begin ? row.begin : begin;
            end = row.end > end ? row.end : end;
        }
        for (std::int64_t position = begin; position < end;) {
            const std::int64_t slot = position % work.capacity;
            std::int64_t count = end - position < kKeys ? end - position : kKeys;
            if (count > work.capacity - slot) count = work.capacity - slot;  // up to where the ring wraps
            use(position, slot, static_cast<int>(count));
            position += count;
        }
    }
}

template <class Keys>
void attendTile(const IntervalAttention& work, Tile& tile, std::int64_t kvHead) {
    for (int r = 0; r < tile.count; ++r) {
        for (std::int64_t i = 0; i < work.headDim; i += kWidth) store(tile.rows[r].out + i, zero());
    }
    const std::int64_t rowBytesOfKey = work.headDim * Keys::kBytes;
    const std::int64_t headOffset = kvHead * work.capacity * rowBytesOfKey;
    eachBlock(work, tile, [&](std::int64_t position, std::int64_t slot, int count) {
        const std::int64_t offset = headOffset + slot * rowBytesOfKey;
        scoreBlock<Keys>(tile, static_cast<const std::byte*>(work.k) + offset, count, work.headDim, work.scale);
        for (int r = 0; r < tile.count; ++r) softmaxBlock(tile.rows[r], tile.scores[r], position, count, work.headDim);
        gatherBlock<Keys>(tile, static_cast<const std::byte*>(work.v) + offset, count, work.headDim);
    });
    for (int r = 0; r < tile.count; ++r) {
        const Row& row = tile.rows[r];
        if (!seesAny(work, row.query)) continue;
        for (std::int64_t i = 0; i < work.headDim; i += kWidth) store(row.out + i, div(load(row.out + i), set(row.total)));
    }
}

void attend(const IntervalAttention& work, Tile& tile, std::int64_t kvHead) {
    if (tile.count == 0) return;
    if (work.keyFormat == BlockFormat::BF16) {
        attendTile<BfloatKeys>(work, tile, kvHead);
    } else {
        attendTile<FloatKeys>(work, tile, kvHead);
    }
    tile.count = 0;
}

}  // namespace

void intervalAttention(const IntervalAttention& work, std::int64_t headBegin, std::int64_t headEnd, std::int64_t queryBegin,
                       std::int64_t queryEnd) {
    if (work.headDim % kWidth != 0) {  // test models only: every Gemma has 256 or 128
        reference::intervalAttention(work, headBegin, headEnd, queryBegin, queryEnd);
        return;
    }
    const std::int64_t group = work.heads / work.kvHeads;
    Tile tile;
    tile.count = 0;
    for (std::int64_t first = headBegin; first < headEnd;) {
        const std::int64_t kvHead = first / group;
        const std::int64_t last = (kvHead + 1) * group < headEnd ? (kvHead + 1) * group : headEnd;
        for (std::int64_t query = queryBegin; query < queryEnd; ++query) {
            for (std::int64_t head = first; head < last; ++head) {
                const std::int64_t at = (query * work.heads + head) * work.headDim;
                tile.rows[tile.count++] = {work.q + at, work.out + at, query, 0, 0, kMinusInfinity, 0.0F};
                if (tile.count == kRows) attend(work, tile, kvHead);
            }
        }
        attend(work, tile, kvHead);
        first = last;
    }
}

}  // namespace lapidary::kernels::LAPIDARY_ISA
