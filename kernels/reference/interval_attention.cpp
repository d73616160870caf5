#include <algorithm>
#include <bit>
#include <cmath>
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

void oneQuery(const IntervalAttention& work, std::int64_t head, std::int64_t query) {
    const std::int64_t kvHead = head / (work.heads / work.kvHeads);
    const std::int64_t row = (query * work.heads + head) * work.headDim;
    const std::int64_t begin = work.begin[query];
    const std::int64_t end = work.end[query];
    std::fill_n(work.out + row, work.headDim, 0.0F);
    if (end <= begin) return;
    std::vector<double> weights;
    for (std::int64_t position = begin; position < end; ++position) {
        double score = 0.0;
        for (std::int64_t i = 0; i < work.headDim; ++i) {
            score += static_cast<double>(work.q[row + i]) * element(work, work.k, kvHead, position % work.capacity, i);
        }
        weights.push_back(score * work.scale);
    }
    const double largest = *std::max_element(weights.begin(), weights.end());
    double total = 0.0;
    for (double& weight : weights) total += weight = std::exp(weight - largest);
    for (std::int64_t i = 0; i < work.headDim; ++i) {
        double sum = 0.0;
        for (std::int64_t position = begin; position < end; ++position) {
            sum += weights[static_cast<std::size_t>(position - begin)] *
                   element(work, work.v, kvHead, position % work.capacity, i);
        }
        work.out[row + i] = static_cast<float>(sum / total);
    }
}

}  // namespace

void intervalAttention(const IntervalAttention& work, std::int64_t headBegin, std::int64_t headEnd, std::int64_t queryBegin,
                       std::int64_t queryEnd) {
    for (std::int64_t head = headBegin; head < headEnd; ++head) {
        for (std::int64_t query = queryBegin; query < queryEnd; ++query) oneQuery(work, head, query);
    }
}

}  // namespace lapidary::kernels::reference
