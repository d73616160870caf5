#include "core/engine/train/lr_schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace lapidary::train {
namespace {

TEST(LrSchedule, WarmUpStartsAtTheInitialRate) {
    const LrSchedule schedule{.maximum = 1.0, .minimum = 0.1, .initial = 0.2, .warmupSteps = 4, .decaySteps = 20};
    EXPECT_DOUBLE_EQ(schedule.at(0), 0.2);
    EXPECT_DOUBLE_EQ(schedule.at(2), 0.6);
    EXPECT_DOUBLE_EQ(schedule.at(4), 1.0);
}

TEST(LrSchedule, CosineAndLinearReachTheMinimumAndStayThere) {
    for (const Decay decay : {Decay::Cosine, Decay::Linear}) {
        const LrSchedule schedule{.maximum = 1.0, .minimum = 0.1, .decay = decay, .warmupSteps = 10, .decaySteps = 110};
        EXPECT_DOUBLE_EQ(schedule.at(60), 0.55) << "half way both are in the middle";
        EXPECT_NEAR(schedule.at(110), 0.1, 1e-12);
        EXPECT_DOUBLE_EQ(schedule.at(5000), 0.1);
        for (std::int64_t step = 10; step < 110; ++step) EXPECT_GT(schedule.at(step), schedule.at(step + 1));
    }
    const LrSchedule cosine{.maximum = 1.0, .warmupSteps = 0, .decaySteps = 100};
    EXPECT_NEAR(cosine.at(25), 0.5 * (1 + std::cos(std::numbers::pi / 4)), 1e-12);
    const LrSchedule linear{.maximum = 1.0, .decay = Decay::Linear, .decaySteps = 100};
    EXPECT_NEAR(linear.at(25), 0.75, 1e-12);
}

TEST(LrSchedule, ConstantHoldsAfterTheWarmUp) {
    const LrSchedule schedule{.maximum = 2.0, .decay = Decay::Constant, .warmupSteps = 2};
    EXPECT_DOUBLE_EQ(schedule.at(1), 1.0);
    EXPECT_DOUBLE_EQ(schedule.at(1'000'000), 2.0);
    EXPECT_TRUE(schedule.check());
}

TEST(LrSchedule, RefusesWhatCannotBe) {
    EXPECT_FALSE((LrSchedule{.maximum = 1e-6, .minimum = 1e-5, .decaySteps = 10}.check()));
    EXPECT_FALSE((LrSchedule{.warmupSteps = 10, .decaySteps = 10}.check()));
    EXPECT_FALSE((LrSchedule{.warmupSteps = -1, .decaySteps = 10}.check()));
    EXPECT_FALSE((LrSchedule{.maximum = std::nan(""), .decaySteps = 10}.check()));
    EXPECT_TRUE((LrSchedule{.warmupSteps = 9, .decaySteps = 10}.check()));
}

}  // namespace
}  // namespace lapidary::train
