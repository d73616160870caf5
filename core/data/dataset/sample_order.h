// In which order samples are taken: Megatron's two samplers (specification 6.1), as a function of the samples consumed so far, so
// that a resumed run goes on where it stopped.  torch.randperm is reproduced exactly, without LibTorch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::dataset {

// torch.randperm(n, generator=torch.Generator().manual_seed(seed)) on the CPU (ATen, TensorFactories.cpp, randperm_cpu): a shuffle from
// the front by one 32-bit draw of the Mersenne twister each.  n < 214 748 364, above which ATen draws 64 bits.
std::vector<std::int64_t> torchRandomPermutation(std::int64_t n, std::uint64_t seed);

enum class SampleOrderKind : std::uint8_t {
    Single,  // in the order of the set, no shuffling; after its end from its begin again
    Cyclic,  // epoch e: each rank its own share of the set, in the order of randperm with seed e
    CyclicTogether,  // the same without shares (data_sharding false): one order of the set, whose places ranks take by turns
};
// "single" or "cyclic".  Errors: Usage, naming both.
Result<SampleOrderKind> sampleOrderKind(const std::string& name);

// Which samples a rank takes.  A function of its arguments; belongs to one thread, for it keeps the order of the last epoch asked for.
class SampleOrder {
public:
    struct Shape {
        std::int64_t samples = 0;  // of the set
        std::int64_t microBatchSize = 1;  // samples a rank takes at once
        std::int64_t dataParallelSize = 1;
        SampleOrderKind kind = SampleOrderKind::Single;
        // Megatron-Bridge trains on a set of `samples` = train_iters * global_batch_size places, of which place i is sample i modulo
        // the real number of samples; that number, or 0 where each place is a sample of its own.
        std::int64_t repeated = 0;
    };
    // Errors: InvalidData where the set has fewer samples than one micro-batch of all ranks, or a size is below one; Unsupported where
    // an epoch is too long to be shuffled.
    static Result<SampleOrder> create(const Shape& shape);

    // Samples taken by all ranks in one epoch: an incomplete last micro-batch is dropped.
    [[nodiscard]] std::int64_t samplesPerEpoch() const;
    [[nodiscard]] std::int64_t epochOf(std::int64_t consumed) const { return consumed / samplesPerEpoch(); }
    // Samples of one pass over the set: those of an epoch, or where places repeat the set, all of the set.
    [[nodiscard]] std::int64_t samplesPerPass() const { return m_shape.repeated > 0 ? m_shape.repeated : samplesPerEpoch(); }

    // The micro-batch of `rank`, [microBatchSize] indices, when all ranks together have consumed `consumed` samples before it (a
    // multiple of microBatchSize * dataParallelSize).
    [[nodiscard]] std::vector<std::int64_t> microBatch(std::int64_t consumed, std::int64_t rank) const;

private:
    explicit SampleOrder(const Shape& shape) : m_shape(shape) {}
    [[nodiscard]] std::int64_t sampleOf(std::int64_t place) const;
    // A rank's share, or the whole set, in the order of an epoch.
    [[nodiscard]] const std::vector<std::int64_t>& orderOf(std::int64_t epoch) const;

    Shape m_shape;
    mutable std::int64_t m_orderedEpoch = -1;
    mutable std::vector<std::int64_t> m_order;
};

}  // namespace lapidary::dataset
