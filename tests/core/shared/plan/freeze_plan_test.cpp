#include "core/shared/plan/freeze_plan.h"

#include <gtest/gtest.h>

namespace lapidary::plan {
namespace {

TEST(FreezePlan, FlagsFreezeTheirPartOnly) {
    EXPECT_EQ(FreezePlan::fromFlags(false, false, false), FreezePlan{});
    const FreezePlan plan = FreezePlan::fromFlags(false, true, false);
    EXPECT_EQ(plan.of(Part::Language), Training::Full);
    EXPECT_EQ(plan.of(Part::Vision), Training::Frozen);
    EXPECT_EQ(plan.of(Part::Projection), Training::Full);
    EXPECT_FALSE(FreezePlan::fromFlags(true, false, false).trainsWeights(Part::Language));
    EXPECT_FALSE(FreezePlan::fromFlags(false, false, true).trainsWeights(Part::Projection));
}

TEST(FreezePlan, AnAdapterLeavesTheWeights) {
    FreezePlan plan;
    plan.language = Training::Adapter;
    EXPECT_FALSE(plan.trainsWeights(Part::Language));
    EXPECT_TRUE(plan.trainsWeights(Part::Vision));
}

}  // namespace
}  // namespace lapidary::plan
