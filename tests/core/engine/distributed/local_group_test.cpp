#include "core/engine/distributed/local_group.h"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "core/engine/distributed/parallel_context.h"

namespace lapidary::distributed {
namespace {

TEST(LocalGroup, IsOneRankAndChangesNothing) {
    LocalGroup group;
    EXPECT_EQ(group.rank(), 0);
    EXPECT_EQ(group.size(), 1);
    at::Tensor values = at::tensor(std::vector<float>{1.0F, -2.0F});
    const at::Tensor before = values.clone();
    EXPECT_TRUE(group.allReduce(values));
    EXPECT_TRUE(group.broadcast(values, 0));
    EXPECT_TRUE(group.barrier());
    EXPECT_TRUE(values.equal(before));
    const auto gathered = group.allGather(values);
    ASSERT_TRUE(gathered);
    ASSERT_EQ(gathered->size(), 1U);
    EXPECT_TRUE(gathered->front().equal(before));
}

TEST(LocalGroup, HasNoOtherRoot) {
    LocalGroup group;
    at::Tensor values = at::tensor(std::vector<float>{1.0F});
    EXPECT_THROW((void)group.broadcast(values, 1), std::exception);
}

TEST(ParallelContext, IsOneProcessByDefault) {
    const ParallelContext context;
    EXPECT_FALSE(context.isTensorParallel());
    EXPECT_EQ(context.tensor().size(), 1);
}

}  // namespace
}  // namespace lapidary::distributed
