// What is done about steps that cannot be trusted or do not fit into memory, by a recipe or by a word (faults 36, 37).
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/core/engine/train/scripted_run.h"

namespace lapidary::train {
namespace {

namespace fs = std::filesystem;

using Fault37Steps = ScriptedRun;
TEST_F(Fault37Steps, AStoppedRunGoesOnBehindTheSamplesThatItRefused) {
    request.recipe.checkpoint.saveInterval = 1;  // what was saved before the bad step must not be what is gone on with
    for (const Play play : {Play::NotANumber, Play::InfiniteGradient, Play::Spike}) {
        request.folder = temp.path() / ("run" + std::to_string(static_cast<int>(play)));
        script = always(kOfStep7, play);
        const auto refused = run();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::InvalidData);
        EXPECT_NE(refused.error().message.find("at step 7: "), std::string::npos) << refused.error().message;
        EXPECT_NE(refused.error().message.find("samples 24, 25, 26, 27"), std::string::npos) << refused.error().message;
        EXPECT_EQ(all<protocol::StepEvent>().back().step, 6);
        EXPECT_EQ(all<protocol::RunFinishedEvent>().back().reason, "failed");
        EXPECT_EQ(all<protocol::RunFinishedEvent>().back().refusedSteps, 1);
        EXPECT_EQ(finish(RunStart::Resume).step, 20);
        Steps steps;
        append(steps, 0, 6);
        append(steps, 7, 21);
        EXPECT_EQ(values, learnt(steps));
    }
}

TEST_F(Fault37Steps, SkippedSamplesLeaveNoTrace) {
    request.recipe.train.onBadStep = plan::BadStepPolicy::Skip;
    script = always(kOfStep7, Play::NotANumber);
    const RunResult result = finish();
    EXPECT_EQ(result.step, 20);
    EXPECT_EQ(result.troubles.refused, 1);
    EXPECT_EQ(result.troubles.skipped, 1);
    EXPECT_EQ(all<protocol::RunFinishedEvent>().back().skippedSteps, 1);
    EXPECT_NE(notices("refused_step").find("at step 7"), std::string::npos);
    EXPECT_NE(notices("remedy").find("passed over"), std::string::npos);
    Steps steps;
    append(steps, 0, 6);
    append(steps, 7, 21);
    EXPECT_EQ(values, learnt(steps));
}

TEST_F(Fault37Steps, ARollbackUndoesWhatCameSinceTheCheckpoint) {
    request.recipe.train.onBadStep = plan::BadStepPolicy::Rollback;
    script = always(kOfStep7, Play::Spike);
    const RunResult result = finish();
    EXPECT_EQ(result.step, 20);
    EXPECT_EQ(result.troubles.rollbacks, 1);
    EXPECT_NE(notices("remedy").find("back at step 5"), std::string::npos) << notices("remedy");
    Steps steps;
    append(steps, 0, 5);
    append(steps, 7, 22);  // behind the bad samples
    EXPECT_EQ(values, learnt(steps));
}

TEST_F(Fault37Steps, ARollbackBeforeTheFirstSaveGoesBackToTheBeginning) {
    request.recipe.train.onBadStep = plan::BadStepPolicy::Rollback;
    script = always(9, Play::NotANumber);
    EXPECT_EQ(finish().step, 20);
    Steps steps;
    append(steps, 3, 23);
    EXPECT_EQ(values, learnt(steps));
}

TEST_F(Fault37Steps, ALowerLearningRateLasts) {
    request.recipe.train.onBadStep = plan::BadStepPolicy::LowerLr;
    script = [](std::int64_t sample, std::size_t) {
        return sample == kOfStep7 || sample == kOfStep13 ? Play::NotANumber : Play::Good;
    };
    EXPECT_EQ(finish().troubles.lowered, 2);
    Steps steps;
    append(steps, 0, 6);
    append(steps, 7, 12, 0.5);
    append(steps, 13, 22, 0.25);
    EXPECT_EQ(values, learnt(steps));
    EXPECT_EQ(all<protocol::StepEvent>().back().learningRate, 0.0025);
}

// Twenty sittings of one step each, over every remedy that a recipe can name.
TEST_F(Fault37Steps, RemediesAreTheSameInAnyNumberOfSittings) {
    script = [](std::int64_t sample, std::size_t) {
        return sample == kOfStep7 || sample == kOfStep13 || sample == 60 ? Play::NotANumber : Play::Good;
    };
    request.recipe.checkpoint.mostRecentK = 2;
    for (const plan::BadStepPolicy policy :
         {plan::BadStepPolicy::Skip, plan::BadStepPolicy::Rollback, plan::BadStepPolicy::LowerLr}) {
        request.recipe.train.onBadStep = policy;
        const std::string name = std::to_string(static_cast<int>(policy));
        request.folder = temp.path() / ("whole" + name);
        request.recipe.train.exitInterval.reset();
        const RunResult whole = finish();
        const std::vector<float> expected = values;
        EXPECT_EQ(whole.troubles.remedies(), 3);
        request.folder = temp.path() / ("parts" + name);
        request.recipe.train.exitInterval = 1;
        RunResult parts = finish();
        for (int sitting = 0; sitting < 60 && parts.step < 20; ++sitting) parts = finish(RunStart::Resume);
        EXPECT_EQ(parts.step, 20);
        EXPECT_EQ(parts.troubles, whole.troubles);
        EXPECT_EQ(values, expected) << "policy " << name;
    }
}

TEST_F(Fault37Steps, ARunHelpsItselfOnlySoOften) {
    request.recipe.train.onBadStep = plan::BadStepPolicy::Skip;
    request.recipe.train.remedyLimit = 3;
    script = [](std::int64_t sample, std::size_t) { return sample >= 24 ? Play::NotANumber : Play::Good; };
    const auto refused = run();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("train.remedy_limit"), std::string::npos) << refused.error().message;
    EXPECT_EQ(all<protocol::RunFinishedEvent>().back().skippedSteps, 3);
    EXPECT_EQ(all<protocol::RunFinishedEvent>().back().refusedSteps, 4);
}

TEST_F(Fault37Steps, AWaitingRunDoesWhatItIsTold) {
    request.recipe.train.onBadStep = plan::BadStepPolicy::Pause;
    script = [](std::int64_t sample, std::size_t) {
        return sample == kOfStep7 || sample == kOfStep13 ? Play::NotANumber : Play::Good;
    };
    // The first two do not help against this: it goes on waiting.
    answerWith({RunCommand::Smaller, RunCommand::Checkpointing, RunCommand::LowerLr, RunCommand::Rollback});
    const RunResult result = finish();
    EXPECT_EQ(result.step, 20);
    EXPECT_EQ(result.troubles.lowered, 1);
    EXPECT_EQ(result.troubles.rollbacks, 1);
    EXPECT_NE(notices("warning").find("'smaller' is no help against a step that cannot be trusted"), std::string::npos)
        << notices("warning");
    for (const char* word : {"'skip'", "'rollback'", "'lower_lr'", "'resume'", "'stop'"}) {
        EXPECT_NE(notices("paused").find(word), std::string::npos) << word;
    }
    Steps steps;
    append(steps, 0, 6);
    append(steps, 7, 11, 0.5);  // up to the checkpoint of step 10
    append(steps, 13, 23, 0.5);
    EXPECT_EQ(values, learnt(steps));
}

TEST_F(Fault37Steps, AWordWithoutNeedChangesNothing) {
    onNotice = [this](const protocol::NoticeEvent& notice) {
        if (notice.kind == "paused") say(RunCommand::Skip);
        if (notice.kind == "warning") say(RunCommand::Resume);
    };
    const auto listener = request.onEvent;
    request.onEvent = [&](const protocol::TrainingEvent& event) {
        listener(event);
        const auto* step = std::get_if<protocol::StepEvent>(&event.body);
        if (step != nullptr && step->step == 3) say(RunCommand::Pause);
    };
    EXPECT_EQ(finish().troubles, Troubles());
    EXPECT_NE(notices("warning").find("none is in the way"), std::string::npos);
}

using Fault36Steps = ScriptedRun;
TEST_F(Fault36Steps, AtTheFirstStepAndAtStep5000TheRunWaitsSavedAndIsToldWhatToDo) {
    request.recipe.train.trainIters = 5003;
    request.recipe.checkpoint.saveInterval = 2000;
    request.recipe.checkpoint.mostRecentK = 2;
    // Four together do not fit at step 1; what step 5,000 takes never does.
    script = [](std::int64_t sample, std::size_t together) {
        const bool tooLarge = (sample == 2 && together > 2) || sample / 4 == 4999;
        return tooLarge ? Play::OutOfMemory : Play::Good;
    };
    std::vector<std::string> saved;
    const auto listener = request.onEvent;
    request.onEvent = [&](const protocol::TrainingEvent& event) {
        listener(event);
        const auto* notice = std::get_if<protocol::NoticeEvent>(&event.body);
        if (notice == nullptr || notice->kind != "paused") return;
        saved.push_back("iter " + std::to_string(all<protocol::SavedEvent>().back().step) + " of " +
                        std::to_string(notice->step));
    };
    answerWith({RunCommand::Smaller, RunCommand::Rollback, RunCommand::Checkpointing, RunCommand::Resume, RunCommand::Skip});
    const RunResult result = finish();
    EXPECT_EQ(result.step, 5003);
    EXPECT_EQ(saved, (std::vector<std::string>{"iter 0 of 0", "iter 4999 of 4999", "iter 4999 of 4999", "iter 4999 of 4999"}));
    EXPECT_EQ(result.troubles.outOfMemory, 4) << "once at step 1, and at 5,000 as it was, recomputing, and once more when told";
    EXPECT_EQ(result.troubles.skipped, 1);
    EXPECT_EQ(result.troubles.spared, 2);
    EXPECT_TRUE(saving);
    EXPECT_NE(notices("out_of_memory").find("step 1: not enough memory"), std::string::npos) << notices("out_of_memory");
    EXPECT_NE(notices("out_of_memory").find("step 5000: not enough memory"), std::string::npos);
    for (const char* word : {"'smaller'", "'checkpointing'", "'skip'", "'resume'", "'stop'", "same sums", "same numbers",
                             "train.on_out_of_memory=smaller"}) {
        EXPECT_NE(notices("paused").find(word), std::string::npos) << word;
    }
    EXPECT_NE(notices("warning").find("'rollback' is no help"), std::string::npos) << notices("warning");
}

TEST_F(Fault36Steps, SmallerMicroBatchesComputeTheSame) {
    finish();
    const std::vector<float> whole = values;
    request.folder = temp.path() / "tight";
    events.clear();
    request.recipe.train.onOutOfMemory = plan::MemoryPolicy::Smaller;
    script = [](std::int64_t sample, std::size_t together) {
        return sample == 50 && together > 1 ? Play::OutOfMemory : Play::Good;
    };
    const RunResult result = finish();
    EXPECT_EQ(result.troubles.spared, 2) << "in two, then in four parts";
    EXPECT_FALSE(saving);
    ASSERT_EQ(all<protocol::StepEvent>().size(), 20U);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(values[i], whole[i], 1e-6) << i;
    // The parts last, also over a resume.
    request.recipe.train.trainIters = 21;
    script = [](std::int64_t, std::size_t together) { return together > 1 ? Play::OutOfMemory : Play::Good; };
    EXPECT_EQ(finish(RunStart::Resume).troubles.outOfMemory, 2);
}

TEST_F(Fault36Steps, WithNothingLeftToSaveTheRunEndsSavedWithItsOwnCode) {
    request.recipe.train.onOutOfMemory = plan::MemoryPolicy::Smaller;
    script = always(kOfStep7, Play::OutOfMemory);
    const auto failed = run();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::OutOfMemory);
    EXPECT_NE(failed.error().message.find("no way is left"), std::string::npos) << failed.error().message;
    EXPECT_NE(failed.error().message.find("train.activation_checkpointing=true"), std::string::npos) << failed.error().message;
    EXPECT_TRUE(saving) << "the last thing that was tried";
    EXPECT_TRUE(fs::exists(request.folder / "checkpoints/iter_0000006/MANIFEST.json"));
    request.recipe.train.onOutOfMemory = plan::MemoryPolicy::Skip;
    EXPECT_EQ(finish(RunStart::Resume).troubles.skipped, 1);
    Steps steps;
    append(steps, 0, 6);
    append(steps, 7, 21);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(values[i], learnt(steps)[i], 1e-6) << i;
}

TEST_F(ScriptedRun, AnErrorOfTheDataSavesWhatWasLearnt) {
    script = always(kOfStep7, Play::Unreadable);
    const auto failed = run();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::NotFound);
    EXPECT_EQ(all<protocol::SavedEvent>().back().step, 6);
    EXPECT_EQ(all<protocol::RunFinishedEvent>().back().step, 6);
}

}  // namespace
}  // namespace lapidary::train
