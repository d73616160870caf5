// Whole runs whose memory, device, weights, data or disk fail under them (faults 35, 36, 37, 41, 46).
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "core/data/files/safetensors_file.h"
#include "core/shared/base/file.h"
#include "tests/core/engine/train/training_run_fixture.h"
#include "tests/support/failing_allocator.h"

namespace lapidary::train {
namespace {

// Text alone: 24 rows, six steps an epoch.
struct FaultyRun : TrainingRun {
    FaultyRun() {
        test::buildTinyTextModel(temp.path() / "base");
        writeRows(-1);
        plan::Recipe& recipe = request.recipe;
        recipe.model.hfPath = (temp.path() / "base").string();
        recipe.model.seqLength = 1024;
        recipe.train.trainIters = 4;
        recipe.train.globalBatchSize = recipe.train.microBatchSize = 4;
        recipe.optimizer.lr = 1e-3;
        recipe.dataset.dataloaderType = plan::DataloaderType::Single;
        recipe.checkpoint.saveInterval = 1000;
    }

    // Short ones, one of them long where `longRow` says.
    void writeRows(int longRow) const {
        std::ofstream file(temp.path() / "train.jsonl");
        for (int i = 0; i < 24; ++i) {
            std::string answer = "It is " + std::to_string(i * 7);
            for (int more = 0; i == longRow && more < 60; ++more) answer += " and " + std::to_string(more);
            file << nlohmann::json{{"prompt", "What is number " + std::to_string(i) + "?"}, {"answer", answer}}.dump() << "\n";
        }
    }
    static std::string weightsOf(const RunResult& result) {
        return *readFile(result.checkpoint / "model/model.safetensors", std::uint64_t{1} << 26);
    }
};

// Wherever in a step memory runs out (forward, backward, clipping, the update itself): nothing of it is applied, and tried again it is the
// step of a run that never failed, bit for bit.
using Fault36 = FaultyRun;
TEST_F(Fault36, AnAllocationThatFailsAnywhereChangesNothing) {
    test::FailingAllocator memory;
    std::int64_t ofOneStep = 0;
    onStep = [&](std::int64_t step) {
        if (step == 1) memory.failAt(1 << 30);
        if (step == 2) ofOneStep = memory.allocations();
    };
    const std::string whole = weightsOf(run());
    ASSERT_GT(ofOneStep, 200);
    onNotice = [&](const protocol::NoticeEvent& notice) {
        if (notice.kind == "paused") say(RunCommand::Resume);
    };
    std::int64_t at = 0;
    for (int round = 0; at < ofOneStep; ++round) {
        onStep = [&](std::int64_t step) {
            if (step == 1) memory.failAt(at);
        };
        events.clear();
        request.folder = temp.path() / ("run" + std::to_string(round));
        const RunResult result = run();
        EXPECT_EQ(result.troubles.outOfMemory, 1) << "allocation " << at;
        ASSERT_EQ(weightsOf(result), whole) << "allocation " << at << " of " << ofOneStep;
        at += at + 12 < ofOneStep ? 1 + ofOneStep / 24 : 1;  // all over the step, and each of the last dozen
    }
}

// A step that is one byte too large for the device as it stands, with the one long sample of the set.
TEST_F(Fault36, SmallerMicroBatchesGoOnWhereALongSampleDoesNotFit) {
    writeRows(9);
    test::FailingAllocator memory;
    run();
    const auto whole = all<protocol::StepEvent>();
    const std::int64_t needed = memory.peakBytes();
    request.folder = temp.path() / "tight";
    request.recipe.train.onOutOfMemory = plan::MemoryPolicy::Smaller;
    events.clear();
    memory.limitTo(needed - 1);
    const RunResult result = run();
    EXPECT_GE(result.troubles.spared, 1);
    const auto tight = all<protocol::StepEvent>();
    ASSERT_EQ(tight.size(), whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
        EXPECT_EQ(tight[i].targetTokens, whole[i].targetTokens);
        EXPECT_NEAR(tight[i].loss, whole[i].loss, 1e-5) << i;
        EXPECT_NEAR(tight[i].gradNorm / whole[i].gradNorm, 1.0, 2e-5) << i;
    }
}

TEST_F(Fault36, ActivationsAreComputedAgainWhenARunIsToldSo) {
    const std::string whole = weightsOf(run());
    test::FailingAllocator memory;
    onStep = [&](std::int64_t step) {
        if (step == 2) memory.failAt(100);
    };
    onNotice = [&](const protocol::NoticeEvent& notice) {
        if (notice.kind == "paused") say(RunCommand::Checkpointing);
    };
    request.folder = temp.path() / "tight";
    const RunResult result = run();
    EXPECT_EQ(result.troubles.spared, 1);
    EXPECT_EQ(weightsOf(result), whole) << "the same numbers";
}

// With Stop the run ends saved; the setting that helps does not make it another run.
TEST_F(Fault36, AnEndedRunIsResumedWithLessMemoryAndIsTheSame) {
    const std::string whole = weightsOf(run());
    request.folder = temp.path() / "ended";
    request.recipe.train.onOutOfMemory = plan::MemoryPolicy::Stop;
    {
        test::FailingAllocator memory;
        onStep = [&](std::int64_t step) {
            if (step == 2) memory.failAt(100);
        };
        const Error failed = failure();
        EXPECT_EQ(failed.code, ErrorCode::OutOfMemory);
        EXPECT_EQ(all<protocol::SavedEvent>().back().step, 2);
    }
    onStep = [](std::int64_t) {};
    request.resume = true;
    request.recipe.train.activationCheckpointing = true;
    EXPECT_EQ(weightsOf(run()), whole);
}

using Fault46 = FaultyRun;
TEST_F(Fault46, ADeviceThatGoesAwayLeavesAResumableRun) {
    const std::string whole = weightsOf(run());
    request.folder = temp.path() / "lost";
    request.recipe.checkpoint.saveInterval = 1;
    {
        test::FailingAllocator memory;
        onStep = [&](std::int64_t step) {
            if (step == 2) memory.loseDeviceAt(300);
        };
        const Error lost = failure();
        EXPECT_EQ(lost.code, ErrorCode::ChildDied);
        EXPECT_EQ(all<protocol::RunFinishedEvent>().back().reason, "interrupted");
    }
    onStep = [](std::int64_t) {};
    request.resume = true;
    EXPECT_EQ(weightsOf(run()), whole);
}

// Power, kill -9, a reset: nobody could say anything, so the next sitting does.
TEST_F(Fault46, ASittingThatEndedWithoutAWordIsMarked) {
    request.recipe.train.exitInterval = 2;
    run();
    const fs::path log = request.folder / "events.jsonl";
    std::string text = *readFile(log, std::uint64_t{1} << 20);
    text.erase(text.rfind('\n', text.size() - 2) + 1);  // its last line: how it ended
    std::ofstream(log, std::ios::trunc) << text;
    request.resume = true;
    for (const bool marked : {true, false}) {
        events.clear();
        run();
        const std::string told = notices("interrupted");
        EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), marked ? 1 : 0) << told;
        EXPECT_EQ(marked, told.find("step 2") != std::string::npos) << told;
    }
}

using Fault37 = FaultyRun;
TEST_F(Fault37, TheFirstPlaceThatIsNotFiniteIsNamed) {
    const fs::path weights = temp.path() / "base/model.safetensors";
    std::uint64_t at = 0;
    {
        const auto file = files::SafetensorsFile::open(weights);
        ASSERT_TRUE(file) << file.error().toString();
        for (const auto& tensor : (*file)->tensors()) {
            if (tensor.name.find("layers.3.mlp.down_proj.weight") != std::string::npos)
                at = (*file)->headerBytes() + tensor.begin;
        }
    }
    ASSERT_GT(at, 0U);
    std::fstream(weights, std::ios::in | std::ios::out | std::ios::binary).seekp(static_cast<std::streamoff>(at))
        << "\xFF\xFF\xFF\xFF";  // not a number in any of the types
    const Error refused = failure();
    EXPECT_EQ(refused.code, ErrorCode::InvalidData);
    EXPECT_NE(refused.message.find("at step 1: layers.3, samples "), std::string::npos) << refused.message;
    EXPECT_NE(refused.message.find("train.jsonl:"), std::string::npos) << refused.message;
}

struct Fault35 : FaultyRun {
    // Which the first epoch has used by then; the others keep their places.  The file is another one for those who look at its time.
    void editFirstRow(std::streamoff at, char letter) const {
        const fs::path rows = temp.path() / "train.jsonl";
        std::fstream(rows, std::ios::in | std::ios::out).seekp(at) << letter;
        fs::last_write_time(rows, fs::last_write_time(rows) + std::chrono::seconds(2));
    }
};

// The next epoch's first samples were made ahead, of the edited rows: they are made again.
TEST_F(Fault35, DataThatWereEditedPauseTheRunAtTheNextEpochUntilTheyAreBack) {
    request.recipe.train.trainIters = 14;
    const std::string whole = weightsOf(run());
    request.folder = temp.path() / "edited";
    events.clear();
    onStep = [&](std::int64_t step) {
        if (step == 3) editFirstRow(3, 'X');  // no longer an "answer"
    };
    int pauses = 0;
    onNotice = [&](const protocol::NoticeEvent& notice) {
        if (notice.kind != "paused") return;
        EXPECT_EQ(all<protocol::StepEvent>().back().step, 6);
        EXPECT_EQ(all<protocol::SavedEvent>().back().step, 6);
        EXPECT_NE(notice.message.find("train.jsonl"), std::string::npos) << notice.message;
        if (++pauses == 2) editFirstRow(3, 'n');
        say(RunCommand::Resume);  // the first time too early
    };
    EXPECT_EQ(weightsOf(run()), whole);
    EXPECT_EQ(pauses, 2);
}

TEST_F(Fault35, ARunThatIsStoppedOverEditedDataGoesOnWithThemWhenToldSo) {
    request.recipe.train.trainIters = 8;
    onStep = [&](std::int64_t step) {
        if (step == 3) editFirstRow(17, '9');  // another answer
    };
    onNotice = [&](const protocol::NoticeEvent& notice) {
        if (notice.kind == "paused") say(RunCommand::Stop);
    };
    const RunResult stopped = run();
    EXPECT_EQ(stopped.reason, "stopped");
    EXPECT_EQ(stopped.step, 6);
    onStep = [](std::int64_t) {};
    request.resume = true;
    EXPECT_EQ(failure().code, ErrorCode::Different);
    request.acceptChanges = true;
    EXPECT_EQ(run().step, 8);
}

using Fault41 = FaultyRun;
TEST_F(Fault41, ARunWhoseFolderWasRemovedWaitsForItAndLosesNothing) {
    request.recipe.checkpoint.saveInterval = 2;
    onStep = [&](std::int64_t step) {
        if (step == 1) fs::remove_all(request.folder);
    };
    int waits = 0;
    request.waitForSpace = [&](std::stop_token) {
        EXPECT_FALSE(fs::exists(request.folder)) << "nobody else makes it";
        if (++waits == 2) fs::create_directories(request.folder);
        return true;
    };
    EXPECT_EQ(run().step, 4);
    EXPECT_EQ(waits, 2);
    std::ifstream log(request.folder / "events.jsonl");
    std::vector<std::int64_t> steps;
    for (std::string line; std::getline(log, line);) {
        const auto event = protocol::parseTrainingEvent(line);
        ASSERT_TRUE(event) << line;
        if (const auto* step = std::get_if<protocol::StepEvent>(&event->body)) steps.push_back(step->step);
    }
    EXPECT_EQ(steps, (std::vector<std::int64_t>{2, 3, 4})) << "step 1 went with the folder";
    request.resume = true;
    request.recipe.train.trainIters = 5;
    request.acceptChanges = true;
    EXPECT_EQ(run().step, 5) << "and it is a run like any other";
    EXPECT_TRUE(fs::exists(request.folder / "recipe.json"));
}

TEST_F(Fault41, ARunThatIsStoppedWhileItsDiskIsFullSaysWhatIsLost) {
    request.recipe.checkpoint.saveInterval = 2;
    onStep = [&](std::int64_t step) {
        if (step == 3) fs::rename(request.folder / "checkpoints", request.folder / "away");
        if (step == 3) std::ofstream(request.folder / "checkpoints") << "in the way";
    };
    request.waitForSpace = [](std::stop_token) { return false; };
    const Error ended = failure();
    EXPECT_EQ(ended.code, ErrorCode::NotFound) << ended.toString();
    EXPECT_EQ(all<protocol::RunFinishedEvent>().back().reason, "failed");
    EXPECT_TRUE(fs::exists(request.folder / "away/iter_0000002/MANIFEST.json"));
}

}  // namespace
}  // namespace lapidary::train
