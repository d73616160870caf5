#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/reference/half.h"
#include "kernels/reference/reference.h"

namespace lapidary::kernels::reference {

namespace {

// Element i of a key or value row in slot `slot` of key head `head`.
float element(const IntervalAttention& work, const void* base, std::int64_t head, std::int64_t slot, std::int64_t i) {
    const std::int64_t index = (head * work.capacity + slot) * work.headDim + i;
    if (work.keyFormat == BlockFormat::F32) return static_cast<const float*>(base)[index];
    return bfloat16ToFloat(loadU16(static_cast<const std::byte*>(base) + 2 * index));
}

std::int64_t kvHeadOf(const IntervalAttention& work, std::int64_t head) { return head / (work.heads / work.kvHeads); }

struct SeenKey {
    std::int64_t slot = 0;
    double weight = 0.0;  // they sum to one
};

// The keys that a query sees, those of its second interval first.
std::vector<SeenKey> seenKeys(const IntervalAttention& work, std::int64_t head, std::int64_t query) {
    const std::int64_t kvHead = kvHeadOf(work, head);
    const std::int64_t row = (query * work.heads + head) * work.headDim;
    std::vector<SeenKey> keys;
    double largest = -std::numeric_limits<double>::infinity();
    const auto see = [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t position = begin; position < end; ++position) {
            const std::int64_t slot = position % work.capacity;
            double score = 0.0;
            for (std::int64_t i = 0; i < work.headDim; ++i) {
                score += static_cast<double>(work.q[row + i]) * element(work, work.k, kvHead, slot, i);
            }
            score *= work.scale;
            keys.push_back({slot, score});
            largest = std::max(largest, score);
        }
    };
    if (work.prefixBegin != nullptr) see(work.prefixBegin[query], work.prefixEnd[query]);
    see(work.begin[query], work.end[query]);
    double total = 0.0;
    for (SeenKey& key : keys) total += key.weight = std::exp(key.weight - largest);
    for (SeenKey& key : keys) key.weight /= total;
    return keys;
}

void oneQuery(const IntervalAttention& work, std::int64_t head, std::int64_t query) {
    const std::int64_t kvHead = kvHeadOf(work, head);
    const std::int64_t row = (query * work.heads + head) * work.headDim;
    const std::vector<SeenKey> keys = seenKeys(work, head, query);
    for (std::int64_t i = 0; i < work.headDim; ++i) {
        double sum = 0.0;
        for (const SeenKey& key : keys) sum += key.weight * element(work, work.v, kvHead, key.slot, i);
        work.out[row + i] = static_cast<float>(sum);
    }
}

// With weights P and dP = dO · vᵀ:  dS = P ∘ (dP − Σ keys of P ∘ dP).
void oneQueryBackward(const IntervalAttentionBackward& work, std::int64_t head, std::int64_t query) {
    const IntervalAttention& forward = work.forward;
    const std::int64_t kvHead = kvHeadOf(forward, head);
    const std::int64_t size = forward.headDim;
    const std::int64_t row = (query * forward.heads + head) * size;
    const std::vector<SeenKey> keys = seenKeys(forward, head, query);
    std::vector<double> slopes;
    slopes.reserve(keys.size());
    double mean = 0.0;
    for (const SeenKey& key : keys) {
        double product = 0.0;
        for (std::int64_t i = 0; i < size; ++i) {
            product += static_cast<double>(work.dOut[row + i]) * element(forward, forward.v, kvHead, key.slot, i);
        }
        slopes.push_back(product);
        mean += product * key.weight;
    }
    std::vector<double> dq(static_cast<std::size_t>(size), 0.0);
    for (std::size_t n = 0; n < keys.size(); ++n) {
        const double dS = keys[n].weight * (slopes[n] - mean) * forward.scale;
        const std::int64_t at = (kvHead * forward.capacity + keys[n].slot) * size;
        for (std::int64_t i = 0; i < size; ++i) {
            dq[static_cast<std::size_t>(i)] += dS * element(forward, forward.k, kvHead, keys[n].slot, i);
            work.dk[at + i] += static_cast<float>(dS * forward.q[row + i]);
            work.dv[at + i] += static_cast<float>(keys[n].weight * work.dOut[row + i]);
        }
    }
    for (std::int64_t i = 0; i < size; ++i) work.dq[row + i] = static_cast<float>(dq[static_cast<std::size_t>(i)]);
}

}  // namespace

void intervalAttention(const IntervalAttention& work, std::int64_t headBegin, std::int64_t headEnd, std::int64_t queryBegin,
                       std::int64_t queryEnd) {
    for (std::int64_t head = headBegin; head < headEnd; ++head) {
        for (std::int64_t query = queryBegin; query < queryEnd; ++query) oneQuery(work, head, query);
    }
}

void intervalAttentionBackward(const IntervalAttentionBackward& work, std::int64_t kvHeadBegin, std::int64_t kvHeadEnd) {
    const std::int64_t group = work.forward.heads / work.forward.kvHeads;
    for (std::int64_t head = kvHeadBegin * group; head < kvHeadEnd * group; ++head) {
        for (std::int64_t query = 0; query < work.forward.queries; ++query) oneQueryBackward(work, head, query);
    }
}

}  // namespace lapidary::kernels::reference
