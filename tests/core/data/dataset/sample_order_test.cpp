// Megatron's samplers: the reference's permutations, no sample twice in an epoch, resumption at any point (specification 6.1).
#include "core/data/dataset/sample_order.h"

#include <gtest/gtest.h>

#include <set>

namespace lapidary::dataset {
namespace {

using Indices = std::vector<std::int64_t>;

SampleOrder makeOrder(const SampleOrder::Shape& shape) {
    auto made = SampleOrder::create(shape);
    if (!made) throw std::runtime_error(made.error().toString());
    return *made;
}

// torch 2.11.0: torch.randperm(n, generator=torch.Generator().manual_seed(seed)).
TEST(SampleOrder, PermutationsOfTorch) {
    EXPECT_EQ(torchRandomPermutation(1, 0), (Indices{0}));
    EXPECT_EQ(torchRandomPermutation(2, 0), (Indices{0, 1}));
    EXPECT_EQ(torchRandomPermutation(10, 0), (Indices{4, 1, 7, 5, 3, 9, 0, 8, 6, 2}));
    EXPECT_EQ(torchRandomPermutation(10, 1), (Indices{5, 6, 1, 2, 0, 8, 9, 3, 7, 4}));
    EXPECT_EQ(torchRandomPermutation(10, 7), (Indices{5, 0, 3, 4, 1, 7, 9, 6, 8, 2}));
    const Indices long1000 = torchRandomPermutation(1000, 2);
    EXPECT_EQ(Indices(long1000.begin(), long1000.begin() + 5), (Indices{848, 205, 453, 475, 414}));
}

TEST(SampleOrder, SingleGoesThroughTheSetRankByRank) {
    const SampleOrder order = makeOrder({11, 2, 2, SampleOrderKind::Single});
    EXPECT_EQ(order.samplesPerEpoch(), 8);  // the incomplete tail of 3 is dropped
    EXPECT_EQ(order.microBatch(0, 0), (Indices{0, 1}));
    EXPECT_EQ(order.microBatch(0, 1), (Indices{2, 3}));
    EXPECT_EQ(order.microBatch(4, 1), (Indices{6, 7}));
    EXPECT_EQ(order.microBatch(8, 0), (Indices{0, 1}));
    EXPECT_EQ(order.epochOf(8), 1);
}

TEST(SampleOrder, CyclicIsMegatronsShuffle) {
    const SampleOrder order = makeOrder({21, 5, 2, SampleOrderKind::Cyclic});
    // Each rank has a share of 10; rank 1's begins at 10.
    EXPECT_EQ(order.microBatch(0, 0), (Indices{4, 1, 7, 5, 3}));
    EXPECT_EQ(order.microBatch(10, 1), (Indices{19, 10, 18, 16, 12}));
    EXPECT_EQ(order.microBatch(20, 0), (Indices{5, 6, 1, 2, 0}));  // the second epoch: seed 1
}

// MegatronPretrainingRandomSampler with data_sharding=False: one permutation of 10 places, dealt by turns.
TEST(SampleOrder, WithoutShardingOneOrderIsDealtToTheRanks) {
    const SampleOrder order = makeOrder({11, 2, 2, SampleOrderKind::CyclicTogether});
    EXPECT_EQ(order.samplesPerEpoch(), 8);
    // randperm(10), seed 0: 4 1 7 5 3 9 0 8 6 2; seed 1: 5 6 1 2 0 8 9 3 7 4.
    EXPECT_EQ(order.microBatch(0, 0), (Indices{4, 7}));
    EXPECT_EQ(order.microBatch(0, 1), (Indices{1, 5}));
    EXPECT_EQ(order.microBatch(4, 0), (Indices{3, 0}));
    EXPECT_EQ(order.microBatch(4, 1), (Indices{9, 8}));
    EXPECT_EQ(order.microBatch(8, 1), (Indices{6, 2}));
}

// train_iters 4, global_batch_size 4, a set of 5 samples: 16 places that repeat it.
TEST(SampleOrder, BridgesPlacesRepeatTheSet) {
    const SampleOrder single = makeOrder({16, 2, 2, SampleOrderKind::Single, 5});
    EXPECT_EQ(single.microBatch(4, 0), (Indices{4, 0}));
    EXPECT_EQ(single.microBatch(4, 1), (Indices{1, 2}));
    const SampleOrder cyclic = makeOrder({16, 2, 1, SampleOrderKind::Cyclic, 5});
    const Indices order = torchRandomPermutation(16, 0);
    EXPECT_EQ(cyclic.microBatch(6, 0), (Indices{order[6] % 5, order[7] % 5}));
    EXPECT_EQ(cyclic.microBatch(14, 0), (Indices{order[14] % 5, order[15] % 5}));
    EXPECT_EQ(cyclic.samplesPerPass(), 5) << "a pass is once through the set, not through the places";
    // Fewer samples than one micro-batch takes: the set comes more than once in it.
    EXPECT_EQ(makeOrder({8, 4, 1, SampleOrderKind::Single, 3}).microBatch(4, 0), (Indices{1, 2, 0, 1}));
}

// The order of an epoch is kept; asking back and forth over its end must not mix two of them.
TEST(SampleOrder, EpochsMayBeAskedForInAnyOrder) {
    const SampleOrder order = makeOrder({10, 5, 1, SampleOrderKind::Cyclic});
    const Indices first{4, 1, 7, 5, 3};
    const Indices second{5, 6, 1, 2, 0};
    EXPECT_EQ(order.microBatch(0, 0), first);
    EXPECT_EQ(order.microBatch(10, 0), second);
    EXPECT_EQ(order.microBatch(0, 0), first);
}

TEST(SampleOrder, EveryEpochTakesEachSampleOnce) {
    for (const std::int64_t ranks : {1, 2, 3}) {
        const SampleOrder order = makeOrder({25, 4, ranks, SampleOrderKind::Cyclic});
        for (const std::int64_t epoch : {0, 1, 5}) {
            std::set<std::int64_t> seen;
            for (std::int64_t done = 0; done < order.samplesPerEpoch(); done += 4 * ranks) {
                for (std::int64_t rank = 0; rank < ranks; ++rank) {
                    for (const std::int64_t index : order.microBatch(epoch * order.samplesPerEpoch() + done, rank)) {
                        EXPECT_TRUE(seen.insert(index).second);
                        EXPECT_LT(index, 25);
                    }
                }
            }
            EXPECT_EQ(std::ssize(seen), order.samplesPerEpoch());
        }
    }
}

TEST(SampleOrder, RefusesSetsThatFillNoMicroBatch) {
    EXPECT_FALSE(SampleOrder::create({7, 4, 2, SampleOrderKind::Single}));
    EXPECT_FALSE(SampleOrder::create({0, 1, 1, SampleOrderKind::Cyclic}));
    EXPECT_FALSE(SampleOrder::create({7, 0, 1, SampleOrderKind::Single}));
    EXPECT_EQ(SampleOrder::create({std::int64_t{1} << 40, 1, 1, SampleOrderKind::Cyclic}).error().code, ErrorCode::Unsupported);
    EXPECT_TRUE(SampleOrder::create({std::int64_t{1} << 40, 1, 1, SampleOrderKind::Single}));
    EXPECT_FALSE(sampleOrderKind("random"));
    EXPECT_EQ(*sampleOrderKind("cyclic"), SampleOrderKind::Cyclic);
}

}  // namespace
}  // namespace lapidary::dataset
