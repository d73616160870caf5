// What several ranks do about a step that only one of them cannot do: the same, together (faults 36, 37, 46).
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/core/engine/train/scripted_run.h"
#include "tests/support/run_ranks.h"

namespace lapidary::train {
namespace {

constexpr auto kGroupTimeout = std::chrono::seconds(40);

struct ScriptedRanks : ScriptedRun {
    ScriptedRanks() { request.recipe.train.microBatchSize = 2; }

    // What each of two ranks got: how its run ended and what was learnt, or its error's name.
    std::vector<std::string> onTwo() {
        const auto ends = test::runRanks(
            2,
            [this](distributed::ProcessGroup& ranks) {
                const auto result = run(RunStart::Fresh, ranks);
                if (!result) return std::string(errorCodeName(result.error().code));
                std::string text = result->reason + " " + std::to_string(result->step) + " " +
                                   std::to_string(result->troubles.remedies()) + (saving ? " saving" : "");
                for (const float value : values) text += " " + std::to_string(value);
                return text;
            },
            kGroupTimeout);
        std::vector<std::string> texts;
        texts.reserve(ends.size());
        for (const test::RankEnd& end : ends) texts.push_back(end.text);
        return texts;
    }
    // Both ended so, with what one rank learns from these steps.
    void expectBoth(const std::string& how, const Steps& steps) {
        const std::vector<std::string> ends = onTwo();  // first: it forks, and must before this process has tensors
        std::string expected = how;
        for (const float value : learnt(steps)) expected += " " + std::to_string(value);
        EXPECT_EQ(ends, (std::vector<std::string>{expected, expected}));
    }
};

using Fault37Ranks = ScriptedRanks;
TEST_F(Fault37Ranks, ARollbackTakesAllRanksToTheSameCheckpoint) {
    request.recipe.train.onBadStep = plan::BadStepPolicy::Rollback;
    script = always(kOfStep7, Play::NotANumber);  // rank 1 alone sees it
    Steps steps;
    append(steps, 0, 5);
    append(steps, 7, 22);
    expectBoth("done 20 1", steps);
}

TEST_F(Fault37Ranks, AWordIsFollowedByAll) {
    request.recipe.train.onBadStep = plan::BadStepPolicy::Pause;
    script = always(kOfStep7, Play::InfiniteGradient);
    answerWith({RunCommand::LowerLr});
    Steps steps;
    append(steps, 0, 6);
    append(steps, 7, 21, 0.5);
    expectBoth("done 20 1", steps);
}

using Fault36Ranks = ScriptedRanks;
TEST_F(Fault36Ranks, AllRanksComputeInSmallerPartsWhereOneRunsOut) {
    request.recipe.train.onOutOfMemory = plan::MemoryPolicy::Smaller;
    script = [](std::int64_t sample, std::size_t together) {
        return sample == kOfStep7 && together > 1 ? Play::OutOfMemory : Play::Good;
    };
    Steps steps;
    append(steps, 0, 20);
    expectBoth("done 20 1", steps);
}

using Fault46Ranks = ScriptedRanks;
TEST_F(Fault46Ranks, ADeviceThatOneRankLosesEndsAll) {
    script = always(kOfStep7, Play::DeviceLost);
    EXPECT_EQ(onTwo(), (std::vector<std::string>{"child_died", "child_died"}));
}

}  // namespace
}  // namespace lapidary::train
