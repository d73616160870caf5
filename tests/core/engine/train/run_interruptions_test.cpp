// Devices that go away and clocks that jump under a run (faults 46, 48).
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <exception>
#include <filesystem>
#include <fstream>
#include <vector>

#include "core/engine/session/to_error.h"
#include "tests/core/engine/train/scripted_run.h"

namespace lapidary::train {
namespace {

namespace fs = std::filesystem;

using Fault46Steps = ScriptedRun;
TEST_F(Fault46Steps, ALostDeviceInterruptsTheRunAndItCanBeResumed) {
    finish();
    const std::vector<float> whole = values;
    request.folder = temp.path() / "lost";
    events.clear();
    script = always(kOfStep13, Play::DeviceLost);
    const auto lost = run();
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, ErrorCode::ChildDied);
    EXPECT_NE(lost.error().message.find("the device was lost"), std::string::npos) << lost.error().message;
    const auto ended = all<protocol::RunFinishedEvent>();
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0].reason, "interrupted");
    EXPECT_EQ(ended[0].step, 12);
    EXPECT_EQ(all<protocol::SavedEvent>().back().step, 10) << "nothing is read from a device that is gone";
    EXPECT_NE(ended[0].adapter.find("iter_0000010"), std::string::npos);
    script = [](std::int64_t, std::size_t) { return Play::Good; };
    EXPECT_EQ(finish(RunStart::Resume).step, 20);
    EXPECT_EQ(values, whole);
}

// What CUDA says, by what follows from it (cudaGetErrorString behind LibTorch's words).
TEST(Fault46Words, ALostDeviceIsToldFromFullMemoryAndFromABug) {
    const auto codeOf = [](const char* words) {
        try {
            TORCH_CHECK(false, "CUDA error: ", words);
        } catch (...) {
            return session::toError(std::current_exception()).code;
        }
        return ErrorCode::Usage;
    };
    for (const char* words : {"unspecified launch failure", "uncorrectable ECC error encountered", "unknown error",
                              "the launch timed out and was terminated", "no CUDA-capable device is detected"}) {
        EXPECT_EQ(codeOf(words), ErrorCode::ChildDied) << words;
    }
    EXPECT_EQ(codeOf("out of memory"), ErrorCode::OutOfMemory);
    EXPECT_EQ(codeOf("device-side assert triggered"), ErrorCode::Internal);
}

using Fault48 = ScriptedRun;
TEST_F(Fault48, DurationsAndTheTimeThatIsLeftKnowNoJumpsAndNoPauses) {
    const auto listener = request.onEvent;
    request.onEvent = [&](const protocol::TrainingEvent& event) {
        listener(event);
        const auto* step = std::get_if<protocol::StepEvent>(&event.body);
        if (step == nullptr) return;
        if (step->step == 4) clock.jump(-86400.0);  // somebody set the clock back
        if (step->step == 6) clock.jump(3600.0);  // daylight saving
        if (step->step == 8) say(RunCommand::Pause);
        if (step->step == 11) fs::rename(request.folder / "checkpoints", request.folder / "away");
        if (step->step == 11) std::ofstream(request.folder / "checkpoints") << "no folder";
    };
    onNotice = [this](const protocol::NoticeEvent& notice) {
        if (notice.kind != "paused") return;
        clock.pass(7200.0);
        say(RunCommand::Resume);
    };
    request.waitForSpace = [this](std::stop_token) {
        clock.pass(7200.0);
        fs::remove(request.folder / "checkpoints");
        fs::rename(request.folder / "away", request.folder / "checkpoints");
        return true;
    };
    finish();
    const auto steps = all<protocol::StepEvent>();
    ASSERT_EQ(steps.size(), 20U);
    for (const protocol::StepEvent& step : steps) {
        EXPECT_DOUBLE_EQ(step.seconds, kStepSeconds) << step.step;
        EXPECT_DOUBLE_EQ(step.tokensPerSecond, 2.0) << step.step;
        ASSERT_TRUE(step.remainingSeconds);
        EXPECT_NEAR(*step.remainingSeconds, kStepSeconds * static_cast<double>(20 - step.step), 1e-6) << step.step;
    }
    EXPECT_NE(notices("save_failed"), "") << "the second wait was there";
}

TEST_F(Fault48, ATimeLimitIsMeasuredByTheMonotonicClock) {
    request.recipe.train.exitDurationInMins = 0.25;  // 15 s: 8 steps
    const auto listener = request.onEvent;
    request.onEvent = [&](const protocol::TrainingEvent& event) {
        listener(event);
        if (std::holds_alternative<protocol::StepEvent>(event.body)) clock.jump(86400.0);
    };
    const RunResult result = finish();
    EXPECT_EQ(result.reason, "stopped");
    EXPECT_EQ(result.step, 8);
}

TEST_F(Fault48, ATimeLimitEndsAPauseToo) {
    request.recipe.train.exitDurationInMins = 60.0;
    request.recipe.train.onBadStep = plan::BadStepPolicy::Pause;
    script = always(kOfStep7, Play::NotANumber);
    onNotice = [this](const protocol::NoticeEvent& notice) {
        if (notice.kind == "paused") clock.pass(3600.0);
    };
    const RunResult result = finish();
    EXPECT_EQ(result.reason, "stopped");
    EXPECT_EQ(result.step, 6);
}

}  // namespace
}  // namespace lapidary::train
