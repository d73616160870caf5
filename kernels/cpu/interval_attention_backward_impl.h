// The way back of attention, tile by tile as the way there: a tile's outputs, maxima and sums are made again, then each block of keys is
// passed once more for the probabilities P, dP = dO · vᵀ and dS = P ∘ (dP − Σ dO ∘ O) (Dao et al., arXiv:2205.14135, B.4).
#pragma once

#include "kernels/cpu/interval_attention_impl.h"

namespace lapidary::kernels::LAPIDARY_ISA {

namespace {

// to[key] += Σ rows of weights[r][key] · rows[r].q, for kK keys and kVectors vectors of columns from `column` on.
template <int kK, int kVectors>
void scatterGroup(const Tile& from, const float (*weights)[kKeys], int key, float* to, std::int64_t headDim,
                  std::int64_t column) {
    Floats total[kK][kVectors];
    for (int k = 0; k < kK; ++k) {
        for (int v = 0; v < kVectors; ++v) total[k][v] = load(to + (key + k) * headDim + column + v * kWidth);
    }
    for (int r = 0; r < from.count; ++r) {
        Floats q[kVectors];
        for (int v = 0; v < kVectors; ++v) q[v] = load(from.rows[r].q + column + v * kWidth);
        for (int k = 0; k < kK; ++k) {
            const Floats weight = set(weights[r][key + k]);
            for (int v = 0; v < kVectors; ++v) total[k][v] = fma(weight, q[v], total[k][v]);
        }
    }
    for (int k = 0; k < kK; ++k) {
        for (int v = 0; v < kVectors; ++v) store(to + (key + k) * headDim + column + v * kWidth, total[k][v]);
    }
}

template <int kK>
void scatterKeys(const Tile& from, const float (*weights)[kKeys], int key, float* to, std::int64_t headDim) {
    std::int64_t column = 0;
    for (; column + 2 * kWidth <= headDim; column += 2 * kWidth) scatterGroup<kK, 2>(from, weights, key, to, headDim, column);
    for (; column < headDim; column += kWidth) scatterGroup<kK, 1>(from, weights, key, to, headDim, column);
}

void scatterBlock(const Tile& from, const float (*weights)[kKeys], int count, float* to, std::int64_t headDim) {
    constexpr int kTogether = kWidth == 16 ? 8 : 4;
    int key = 0;
    for (; key + kTogether <= count; key += kTogether) scatterKeys<kTogether>(from, weights, key, to, headDim);
    for (; key < count; ++key) scatterKeys<1>(from, weights, key, to, headDim);
}

// scores → P, slopes (dP) → dS of one row.
void slopeRow(const Row& row, float mean, float scale, float* scores, float* slopes, std::int64_t position, int count) {
    const float factor = 1.0F / row.total;  // infinite for a row that sees nothing, whose columns are all set to 0 below
    for (int k = 0; k < count; k += kWidth) {
        const Floats weight = mul(exponentialOrZero(sub(load(scores + k), set(row.largest))), set(factor));
        store(scores + k, weight);
        store(slopes + k, mul(mul(weight, sub(load(slopes + k), set(mean))), set(scale)));
    }
    for (int k = 0; k < count; ++k) {
        const std::int64_t at = position + k;
        if (at < row.begin || at >= row.end) scores[k] = slopes[k] = 0.0F;
    }
}

struct BackwardTile {
    Tile there;  // rows: q and the output
    Tile back;  // the same rows: dO and dq
    float means[kRows];  // Σ dO ∘ O
};

void goBack(const IntervalAttentionBackward& work, BackwardTile& tile, std::int64_t kvHead) {
    const IntervalAttention& forward = work.forward;
    if (tile.there.count == 0) return;
    attendTile<FloatKeys>(forward, tile.there, kvHead);
    for (int r = 0; r < tile.there.count; ++r) {
        Floats total = zero();
        for (std::int64_t i = 0; i < forward.headDim; i += kWidth) {
            total = fma(load(tile.back.rows[r].q + i), load(tile.there.rows[r].out + i), total);
            store(tile.back.rows[r].out + i, zero());
        }
        tile.means[r] = sum(total);
    }
    const std::int64_t headOffset = kvHead * forward.capacity;
    eachBlock(forward, tile.there, [&](std::int64_t position, std::int64_t slot, int count) {
        const std::int64_t offset = (headOffset + slot) * forward.headDim;
        const auto* keys = static_cast<const std::byte*>(forward.k) + offset * FloatKeys::kBytes;
        const auto* values = static_cast<const std::byte*>(forward.v) + offset * FloatKeys::kBytes;
        scoreBlock<FloatKeys>(tile.there, keys, count, forward.headDim, forward.scale);
        scoreBlock<FloatKeys>(tile.back, values, count, forward.headDim, 1.0F);
        for (int r = 0; r < tile.there.count; ++r) {
            slopeRow(tile.there.rows[r], tile.means[r], forward.scale, tile.there.scores[r], tile.back.scores[r], position,
                     count);
        }
        gatherBlock<FloatKeys>(tile.back, keys, count, forward.headDim);
        scatterBlock(tile.there, tile.back.scores, count, work.dk + offset, forward.headDim);
        scatterBlock(tile.back, tile.there.scores, count, work.dv + offset, forward.headDim);
    });
    tile.there.count = tile.back.count = 0;
}

}  // namespace

void intervalAttentionBackward(const IntervalAttentionBackward& work, std::int64_t kvHeadBegin, std::int64_t kvHeadEnd) {
    const IntervalAttention& forward = work.forward;
    if (forward.headDim % kWidth != 0) {
        reference::intervalAttentionBackward(work, kvHeadBegin, kvHeadEnd);
        return;
    }
    const std::int64_t group = forward.heads / forward.kvHeads;
    BackwardTile tile;
    tile.there.count = tile.back.count = 0;
    for (std::int64_t kvHead = kvHeadBegin; kvHead < kvHeadEnd; ++kvHead) {
        for (std::int64_t query = 0; query < forward.queries; ++query) {
            for (std::int64_t head = kvHead * group; head < (kvHead + 1) * group; ++head) {
                const std::int64_t at = (query * forward.heads + head) * forward.headDim;
                tile.there.rows[tile.there.count++] = {forward.q + at, forward.out + at, query, 0, 0, kMinusInfinity, 0.0F};
                tile.back.rows[tile.back.count++] = {work.dOut + at, work.dq + at, query, 0, 0, 0.0F, 0.0F};
                if (tile.there.count == kRows) goBack(work, tile, kvHead);
            }
        }
        goBack(work, tile, kvHead);
    }
}

}  // namespace lapidary::kernels::LAPIDARY_ISA
