#include "core/data/dataset/sample_order.h"

#include <numeric>
#include <random>
#include <utility>

namespace lapidary::dataset {
namespace {

// torch.randperm draws 64 bits from here on, and a list of so many numbers would fill 1.7 GB.
constexpr std::int64_t kTooManyToShuffle = 214'748'364;

}  // namespace

std::vector<std::int64_t> torchRandomPermutation(std::int64_t n, std::uint64_t seed) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    std::mt19937 twister(static_cast<std::uint32_t>(seed));
    for (std::int64_t i = 0; i + 1 < n; ++i) {
        const std::int64_t ahead = static_cast<std::int64_t>(twister() % static_cast<std::uint64_t>(n - i));
        std::swap(order[i], order[i + ahead]);
    }
    return order;
}

Result<SampleOrderKind> sampleOrderKind(const std::string& name) {
    if (name == "single") return SampleOrderKind::Single;
    if (name == "cyclic") return SampleOrderKind::Cyclic;
    return Error{ErrorCode::Usage, "the order of samples is \"single\" or \"cyclic\", not \"" + name.substr(0, 40) + "\"", ""};
}

Result<SampleOrder> SampleOrder::create(const Shape& shape) {
    if (shape.microBatchSize < 1 || shape.dataParallelSize < 1) {
        return Error{ErrorCode::InvalidData, "a micro-batch and a data-parallel group hold at least one each", ""};
    }
    // Divided, so that no product overflows.
    if (shape.samples / shape.microBatchSize / shape.dataParallelSize < 1) {
        return Error{ErrorCode::InvalidData,
                     "the data set has " + std::to_string(shape.samples) + " samples, but one micro-batch takes " +
                         std::to_string(shape.microBatchSize) + " on each of " + std::to_string(shape.dataParallelSize) +
                         " ranks",
                     ""};
    }
    if (shape.kind != SampleOrderKind::Single && shape.samples / shape.dataParallelSize >= kTooManyToShuffle) {
        return Error{ErrorCode::Unsupported,
                     "an epoch of " + std::to_string(shape.samples) +
                         " samples is too long to be shuffled; add dataset.dataloader_type=single",
                     ""};
    }
    return SampleOrder(shape);
}

std::int64_t SampleOrder::samplesPerEpoch() const {
    const std::int64_t together = m_shape.microBatchSize * m_shape.dataParallelSize;
    return m_shape.samples / together * together;
}

std::int64_t SampleOrder::sampleOf(std::int64_t place) const { return m_shape.repeated > 0 ? place % m_shape.repeated : place; }

const std::vector<std::int64_t>& SampleOrder::orderOf(std::int64_t epoch) const {
    if (m_orderedEpoch != epoch) {
        // Together, Megatron shuffles whole micro-batches of one rank, a few of which no step may need.
        const std::int64_t places = m_shape.kind == SampleOrderKind::CyclicTogether
                                        ? m_shape.samples / m_shape.microBatchSize * m_shape.microBatchSize
                                        : samplesPerEpoch() / m_shape.dataParallelSize;
        m_order = torchRandomPermutation(places, static_cast<std::uint64_t>(epoch));
        m_orderedEpoch = epoch;
    }
    return m_order;
}

std::vector<std::int64_t> SampleOrder::microBatch(std::int64_t consumed, std::int64_t rank) const {
    const std::int64_t epochSamples = samplesPerEpoch();
    const std::int64_t inEpoch = consumed % epochSamples;
    std::vector<std::int64_t> indices;
    indices.reserve(static_cast<std::size_t>(m_shape.microBatchSize));
    if (m_shape.kind == SampleOrderKind::Single) {
        const std::int64_t first = inEpoch + rank * m_shape.microBatchSize;
        for (std::int64_t i = 0; i < m_shape.microBatchSize; ++i) indices.push_back(sampleOf(first + i));
        return indices;
    }
    const std::vector<std::int64_t>& order = orderOf(consumed / epochSamples);
    if (m_shape.kind == SampleOrderKind::CyclicTogether) {
        for (std::int64_t i = 0; i < m_shape.microBatchSize; ++i) {
            indices.push_back(sampleOf(order[inEpoch + rank + i * m_shape.dataParallelSize]));
        }
        return indices;
    }
    const std::int64_t share = epochSamples / m_shape.dataParallelSize;
    const std::int64_t offset = inEpoch / m_shape.dataParallelSize;
    for (std::int64_t i = 0; i < m_shape.microBatchSize; ++i) indices.push_back(sampleOf(rank * share + order[offset + i]));
    return indices;
}

}  // namespace lapidary::dataset
