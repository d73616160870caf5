// Runs on disk survive what disks and people do: faults 40 to 43, 45, 49.
#include "core/engine/train/run_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "core/shared/base/file.h"
#include "tests/support/temp_dir.h"

namespace lapidary::train {
namespace {

namespace fs = std::filesystem;

RunFolder openOrThrow(const fs::path& root, RunStart start) {
    Result<RunFolder> folder = RunFolder::open(root, start);
    if (!folder) throw std::runtime_error(folder.error().toString());
    return std::move(*folder);
}

void put(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

Result<void> twoFiles(const fs::path& folder, const std::string& text) {
    put(folder / "state.json", text);
    put(folder / "adapter" / "adapter_model.safetensors", text + text);
    return {};
}

struct Runs : testing::Test {
    test::TempDir temp;
    fs::path root = temp.path() / "run";
    RunFolder folder = openOrThrow(root, RunStart::Fresh);

    std::int64_t save(std::int64_t step, const std::string& text = "abc") {
        const auto saved = folder.save(step, [&](const fs::path& path) { return twoFiles(path, text); });
        return saved ? saved->bytes : -1;
    }
    std::vector<std::string> names() const {
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(root / "checkpoints")) found.push_back(entry.path().filename());
        std::sort(found.begin(), found.end());
        return found;
    }
};

TEST_F(Runs, ASavedCheckpointVerifies) {
    EXPECT_EQ(save(10), 9);
    EXPECT_EQ(folder.checkpoints(), std::vector<std::int64_t>{10});
    const auto found = folder.verify(10);
    ASSERT_TRUE(found) << found.error().toString();
    EXPECT_EQ(found->bytes, 9);
    EXPECT_EQ(names(), std::vector<std::string>{"iter_0000010"});
}

TEST_F(Runs, TheSameStepMayBeSavedAgain) {
    save(10, "old");
    EXPECT_EQ(save(10, "newer"), 15);
    EXPECT_TRUE(folder.verify(10));
    EXPECT_EQ(names(), std::vector<std::string>{"iter_0000010"});
}

using Fault41 = Runs;
TEST_F(Fault41, AFailedSaveLeavesTheEarlierOnesUntouched) {
    save(10);
    const auto failed = folder.save(20, [&](const fs::path& path) -> Result<void> {
        put(path / "state.json", "half");
        return Error{ErrorCode::Io, "no space left on device", path.string()};
    });
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::Io);
    EXPECT_EQ(names(), std::vector<std::string>{"iter_0000010"});
    EXPECT_TRUE(folder.verify(10));
    EXPECT_GT(save(20), 0) << "and may be tried again";
}

using Fault43 = Runs;
TEST_F(Fault43, OneFlippedBitInAnyFileIsFoundAndThePreviousCheckpointTaken) {
    save(10);
    save(20, "the newest");
    for (const std::string file : {"state.json", "adapter/adapter_model.safetensors"}) {
        const fs::path path = root / "checkpoints" / "iter_0000020" / file;
        std::string bytes = *readFile(path, 1000);
        bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
        put(path, bytes);
        const auto found = folder.verify(20);
        ASSERT_FALSE(found);
        EXPECT_NE(found.error().toString().find(file), std::string::npos) << found.error().toString();
        std::vector<std::string> skipped;
        const auto newest = folder.newestValid(skipped);
        ASSERT_TRUE(newest && *newest);
        EXPECT_EQ((*newest)->step, 10);
        ASSERT_EQ(skipped.size(), 1U);
        EXPECT_NE(skipped[0].find(file), std::string::npos);
        bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
        put(path, bytes);
        EXPECT_TRUE(folder.verify(20));
    }
    put(root / "checkpoints" / "iter_0000020" / "stranger", "x");
    EXPECT_FALSE(folder.verify(20)) << "a file that nobody wrote";
    fs::remove(root / "checkpoints" / "iter_0000020" / "stranger");
    put(root / "checkpoints" / "iter_0000020" / "MANIFEST.json", "{\"files\": 3}");
    EXPECT_FALSE(folder.verify(20));
    put(root / "checkpoints" / "iter_0000020" / "MANIFEST.json",
        R"({"files":[{"name":"../../lock","bytes":1,"sha256":"00"}]})");
    EXPECT_NE(folder.verify(20).error().toString().find("lock"), std::string::npos);
}

using Fault42 = Runs;
TEST_F(Fault42, RetentionNeverTakesTheOnlyGoodCheckpoint) {
    for (const std::int64_t step : {10, 20, 30, 40}) save(step);
    ASSERT_TRUE(folder.retain(2, {10}));
    EXPECT_EQ(folder.checkpoints(), (std::vector<std::int64_t>{10, 30, 40}));
    put(root / "checkpoints" / "iter_0000040" / "state.json", "xyz");
    const auto refused = folder.retain(1, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(folder.checkpoints(), (std::vector<std::int64_t>{10, 30, 40})) << "the newest one is damaged";
    EXPECT_TRUE(folder.retain(-1, {}));
}

TEST_F(Fault42, ARollbackFindsItsCheckpointAndRemovesOnlyBehindAGoodOne) {
    for (const std::int64_t step : {10, 20, 25, 30}) save(step);
    const auto before = [&](std::int64_t step) { return (*folder.validBefore(step, 10)).value().step; };
    EXPECT_EQ(before(30), 20) << "25 is of no interval";
    EXPECT_EQ(before(29), 20);
    EXPECT_EQ(before(20), 10);
    EXPECT_EQ(before(10), 10) << "better that one than none";
    EXPECT_FALSE(folder.validBefore(9, 10)->has_value());
    put(root / "checkpoints" / "iter_0000020" / "state.json", "xyz");
    EXPECT_EQ(before(30), 10);
    EXPECT_FALSE(folder.removeBehind(20));
    EXPECT_EQ(folder.checkpoints(), (std::vector<std::int64_t>{10, 20, 25, 30})) << "20 is damaged";
    EXPECT_TRUE(folder.removeBehind(10));
    EXPECT_EQ(folder.checkpoints(), std::vector<std::int64_t>{10});
}

TEST_F(Runs, WhatIsBehindAStepIsSetAsideWhole) {
    for (const std::int64_t step : {10, 20, 30}) save(step, "of " + std::to_string(step));
    const auto place = folder.setAsideBehind(10);
    ASSERT_TRUE(place && *place) << place.error().toString();
    EXPECT_EQ(**place, root / "set_aside/1");
    EXPECT_EQ(names(), std::vector<std::string>{"iter_0000010"});
    EXPECT_EQ(*readFile(**place / "iter_0000020/state.json", 100), "of 20");
    EXPECT_TRUE(fs::exists(**place / "iter_0000030/MANIFEST.json"));
    EXPECT_FALSE(*folder.setAsideBehind(10)) << "nothing is left to move";
    save(20, "again");
    EXPECT_EQ(**folder.setAsideBehind(15), root / "set_aside/2");
    EXPECT_EQ(*readFile(**place / "iter_0000020/state.json", 100), "of 20");
}

using Fault45 = Runs;
TEST_F(Fault45, ARunIsNeverContinuedSilently) {
    ASSERT_TRUE(folder.appendEvent("{}"));
    folder = openOrThrow(temp.path() / "other", RunStart::Fresh);  // lets go of the first
    EXPECT_EQ(RunFolder::open(root, RunStart::Fresh).error().code, ErrorCode::Usage);
    EXPECT_EQ(RunFolder::open(temp.path() / "nothing", RunStart::Resume).error().code, ErrorCode::Usage);
    EXPECT_TRUE(RunFolder::open(root, RunStart::Resume));
}

// A start that failed over its model or its data left its folder; there is no run in it to go on with or to lose.
TEST_F(Fault45, AFolderWhereNoRunBeganIsStartedAfresh) {
    ASSERT_TRUE(folder.keepRecipe("{}"));
    for (const RunStart start : {RunStart::Fresh, RunStart::Resume}) {
        folder = openOrThrow(temp.path() / (start == RunStart::Fresh ? "one" : "other"), RunStart::Fresh);  // lets go of it
        folder = openOrThrow(root, start);
        EXPECT_FALSE(folder.wasInterrupted());
    }
    EXPECT_EQ(save(0), 9);
    folder = openOrThrow(temp.path() / "last", RunStart::Fresh);
    EXPECT_EQ(RunFolder::open(root, RunStart::Fresh).error().code, ErrorCode::Usage) << "a checkpoint, though the log is empty";
    // A recipe that somebody put there is theirs.
    put(temp.path() / "mine/recipe.json", "{}");
    EXPECT_EQ(RunFolder::open(temp.path() / "mine", RunStart::Fresh).error().code, ErrorCode::Usage);
}

using Fault49 = Runs;
TEST_F(Fault49, AHalfWrittenLastLineIsCutOff) {
    ASSERT_TRUE(folder.appendEvent("{\"a\":1}"));
    std::ofstream(root / "events.jsonl", std::ios::app) << "{\"b\":";
    folder = openOrThrow(temp.path() / "other", RunStart::Fresh);
    folder = openOrThrow(root, RunStart::Resume);
    ASSERT_TRUE(folder.appendEvent("{\"c\":3}"));
    EXPECT_EQ(*readFile(root / "events.jsonl", 1000), "{\"a\":1}\n{\"c\":3}\n");
}
TEST_F(Fault49, OneWriterAtATime) {
    ASSERT_TRUE(folder.appendEvent("{}"));
    const auto second = RunFolder::open(root, RunStart::Resume);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().toString().find("process " + std::to_string(::getpid())), std::string::npos);
    folder = openOrThrow(temp.path() / "other", RunStart::Fresh);
    put(root / "lock", "host somewhere-else, process 7");
    const auto foreign = RunFolder::open(root, RunStart::Resume);
    ASSERT_FALSE(foreign);
    EXPECT_NE(foreign.error().toString().find("somewhere-else"), std::string::npos);
    put(root / "lock", "");
    EXPECT_TRUE(RunFolder::open(root, RunStart::Resume));
}

TEST_F(Runs, CommandsAreTakenOnce) {
    ASSERT_TRUE(folder.appendEvent("{}"));
    EXPECT_EQ(folder.takeCommand(), RunCommand::None);
    ASSERT_TRUE(leaveCommand(root, RunCommand::Save));
    EXPECT_EQ(folder.takeCommand(), RunCommand::Save);
    EXPECT_EQ(folder.takeCommand(), RunCommand::None);
    put(root / "command", "");  // as a shell opens it, before echo writes
    EXPECT_EQ(folder.takeCommand(), RunCommand::None);
    EXPECT_TRUE(fs::exists(root / "command"));
    put(root / "command", "lower_lr\n");  // as echo writes it
    EXPECT_EQ(folder.takeCommand(), RunCommand::LowerLr);
    put(root / "command", "rm -rf");
    EXPECT_EQ(folder.takeCommand(), RunCommand::None);
    EXPECT_FALSE(fs::exists(root / "command"));
    EXPECT_FALSE(leaveCommand(temp.path() / "nothing", RunCommand::Stop));
}

// Kills a child that saves all the time, at random moments; whatever it was doing, what is there under a final name is whole.
TEST(Fault40, KilledInsideASaveTheNewestCompleteCheckpointIsFound) {
    std::mt19937 random(40);
    for (int round = 0; round < 20; ++round) {
        const test::TempDir temp;
        const fs::path root = temp.path() / "run";
        const pid_t child = ::fork();
        if (child == 0) {
            auto folder = RunFolder::open(root, RunStart::Fresh);
            (void)folder->appendEvent("{}");
            for (std::int64_t step = 1;; ++step) {
                (void)folder->save(step, [&](const fs::path& path) { return twoFiles(path, std::string(5000, 'x')); });
                (void)folder->retain(2, {});
            }
        }
        ::usleep(2000 + random() % 30000);
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        if (!fs::exists(root / "events.jsonl")) continue;  // killed before the run began
        RunFolder folder = openOrThrow(root, RunStart::Resume);
        const std::vector<std::int64_t> steps = folder.checkpoints();
        for (const std::int64_t step : steps) EXPECT_TRUE(folder.verify(step)) << "round " << round << " step " << step;
        for (const auto& entry : fs::directory_iterator(root / "checkpoints")) {
            EXPECT_TRUE(entry.path().filename().string().starts_with("iter_")) << entry.path();
        }
        EXPECT_LE(steps.size(), 3U);
    }
}

}  // namespace
}  // namespace lapidary::train
