// A run's folder on a disk that fails at every operation in turn, and that goes away (faults 40, 41).
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/engine/train/run_folder.h"
#include "core/engine/train/run_log.h"
#include "core/shared/base/file.h"
#include "tests/support/failing_file.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace lapidary::train {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxLog = 1 << 20;

// What a save writes: a copy, files of our own, a folder below.
Result<void> someFiles(const fs::path& folder, const fs::path& original) {
    std::error_code problem;
    fs::create_directories(folder / "model", problem);
    if (problem) return systemError("cannot make the folder", folder / "model", problem.value());
    fs::copy_file(original, folder / "model/tokenizer.json", problem);
    if (problem) return systemError("cannot copy to", folder / "model/tokenizer.json", problem.value());
    RETURN_IF_ERROR(writeFileAtomically(folder / "model/weights", std::string(100'000, 'w')));
    return writeFileAtomically(folder / "state.json", "{}");
}

struct Disk : testing::Test {
    test::TempDir temp;
    fs::path original = temp.write("tokenizer.json", std::string(5000, 't'));
    fs::path root = temp.path() / "run";

    RunFolder open(const fs::path& where, RunStart start) const {
        auto folder = RunFolder::open(where, start);
        if (!folder) throw std::runtime_error(folder.error().toString());
        return std::move(*folder);
    }
    Result<SavedCheckpoint> save(RunFolder& folder, std::int64_t step) const {
        return folder.save(step, [&](const fs::path& path) { return someFiles(path, original); });
    }
    static void expectOfTheDisk(const Error& error, const std::string& when) {
        EXPECT_EQ(error.code, ErrorCode::Io) << when << ": " << error.toString();
        EXPECT_NE(error.message.find('/'), std::string::npos) << "names the file: " << error.message;
    }
    // Whatever happened: the first checkpoint is there, and each that has a name is whole.
    void expectSound(const RunFolder& folder, const std::string& when) const {
        const auto steps = folder.checkpoints();
        ASSERT_FALSE(steps.empty()) << when;
        EXPECT_EQ(steps.front(), 10) << when;
        for (const std::int64_t step : steps) {
            const auto whole = folder.verify(step);
            EXPECT_TRUE(whole) << when << ": " << whole.error().toString();
        }
    }
};

using Fault41Disk = Disk;
TEST_F(Fault41Disk, EveryOperationOfASaveMayFail) {
    RunFolder folder = open(root, RunStart::Fresh);
    ASSERT_TRUE(save(folder, 10));
    for (const int problem : {ENOSPC, EDQUOT, EROFS, EIO}) {
        int operations = 0;
        for (bool struck = true; struck; ++operations) {
            const std::string when = std::string(std::strerror(problem)) + " at operation " + std::to_string(operations);
            Result<SavedCheckpoint> saved = Error{};
            {
                const test::FailingFile failing(operations, problem);
                saved = save(folder, 20);
                struck = failing.struck();
            }
            ASSERT_EQ(saved.has_value(), !struck) << when;
            if (struck) expectOfTheDisk(saved.error(), when);
            expectSound(folder, when);
            for (const auto& entry : fs::directory_iterator(folder.checkpointsFolder())) {
                EXPECT_TRUE(entry.path().filename().string().starts_with("iter_")) << when << ": " << entry.path();
            }
        }
        EXPECT_GT(operations, 12) << "two folders, a copy, three files";
        EXPECT_EQ(folder.checkpoints(), (std::vector<std::int64_t>{10, 20})) << "and with space it is there";
    }
}

using Fault40Disk = Disk;
TEST_F(Fault40Disk, KilledAtEveryOperationOfASave) {
    bool struck = true;
    int operations = 0;
    for (; struck; ++operations) {
        const fs::path where = temp.path() / ("run" + std::to_string(operations));
        const pid_t child = ::fork();
        if (child == 0) {
            RunFolder folder = open(where, RunStart::Fresh);
            (void)folder.appendEvent("{}");
            const bool first = save(folder, 10).has_value();
            const test::FailingFile failing = test::FailingFile::killAt(operations);
            const bool second = save(folder, 20).has_value();
            ::_exit(first && second ? 0 : 1);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        struck = WIFSIGNALED(status);
        EXPECT_TRUE(struck ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0) << "operation " << operations;
        const RunFolder folder = open(where, RunStart::Resume);
        EXPECT_TRUE(folder.wasInterrupted()) << "nobody told how it ended";
        expectSound(folder, "killed at operation " + std::to_string(operations));
    }
    EXPECT_GT(operations, 12);
}

TEST_F(Fault41Disk, EventsWaitForSpaceAndThenComeInOrder) {
    RunFolder folder = open(root, RunStart::Fresh);
    const test::FakeClock clock;
    std::vector<std::string> told;
    RunLog log(
        &folder,
        [&](const protocol::TrainingEvent& event) {
            if (const auto* notice = std::get_if<protocol::NoticeEvent>(&event.body)) told.push_back(notice->message);
        },
        clock);
    log.notice(1, "warning", "one");
    const std::string before = *readFile(root / "events.jsonl", kMaxLog);
    for (const int problem : {ENOSPC, EROFS}) {
        const test::FailingFile failing(0, problem);
        log.notice(2, "warning", "two");
        log.notice(3, "warning", "three");
        EXPECT_EQ(*readFile(root / "events.jsonl", kMaxLog), before) << "no half line";
    }
    EXPECT_EQ(
        std::count_if(told.begin(), told.end(), [](const auto& text) { return text.find("the log cannot be written") == 0; }),
        1)
        << "told once";
    log.notice(4, "warning", "four");
    std::ifstream lines(root / "events.jsonl");
    std::string order;
    for (std::string line; std::getline(lines, line);) {
        const auto event = protocol::parseTrainingEvent(line);
        ASSERT_TRUE(event) << line;
        order += std::to_string(std::get<protocol::NoticeEvent>(event->body).step);
    }
    EXPECT_EQ(order, "123234");
}

// A disk that is unmounted, a folder that is removed: nothing is written to where it was, and nothing is lost.
TEST_F(Fault41Disk, AFolderThatGoesAwayIsWaitedForAndHeldAgain) {
    RunFolder folder = open(root, RunStart::Fresh);
    ASSERT_TRUE(folder.keepRecipe("{\"recipe\": 1}"));
    ASSERT_TRUE(save(folder, 10));
    ASSERT_TRUE(folder.appendEvent("{\"a\":1}"));
    const fs::path away = temp.path() / "away";
    const auto expectGone = [&] {
        EXPECT_EQ(folder.appendEvent("{\"b\":2}").error().code, ErrorCode::NotFound);
        EXPECT_EQ(save(folder, 20).error().code, ErrorCode::NotFound);
        EXPECT_FALSE(fs::exists(root));
    };
    fs::rename(root, away);
    expectGone();
    fs::rename(away, root);  // the disk is back
    EXPECT_TRUE(folder.appendEvent("{\"c\":3}"));
    EXPECT_TRUE(save(folder, 20));
    EXPECT_EQ(*readFile(root / "events.jsonl", kMaxLog), "{\"a\":1}\n{\"c\":3}\n");

    fs::rename(root, away);
    fs::copy(away, root, fs::copy_options::recursive);  // put back by copying: other files of the same names
    EXPECT_TRUE(folder.appendEvent("{\"d\":4}"));
    EXPECT_TRUE(save(folder, 30));
    expectSound(folder, "copied back");
    EXPECT_EQ(*readFile(root / "events.jsonl", kMaxLog), "{\"a\":1}\n{\"c\":3}\n{\"d\":4}\n");

    fs::remove_all(root);
    expectGone();
    fs::create_directory(root);  // made anew by a person
    EXPECT_TRUE(save(folder, 40));
    EXPECT_TRUE(folder.appendEvent("{\"e\":5}"));
    EXPECT_EQ(folder.checkpoints(), std::vector<std::int64_t>{40});
    EXPECT_EQ(*readFile(root / "recipe.json", kMaxLog), "{\"recipe\": 1}");
    EXPECT_EQ(RunFolder::open(root, RunStart::Resume).error().code, ErrorCode::Usage) << "and it is locked";
}

// What is there by then belongs to somebody else.
TEST_F(Fault41Disk, AFolderThatAnotherRunTookIsLeftAlone) {
    RunFolder folder = open(root, RunStart::Fresh);
    fs::remove_all(root);
    const RunFolder other = open(root, RunStart::Fresh);
    EXPECT_EQ(save(folder, 10).error().code, ErrorCode::Usage);
    EXPECT_EQ(folder.appendEvent("{}").error().code, ErrorCode::Usage);
    EXPECT_TRUE(other.checkpoints().empty());
}

}  // namespace
}  // namespace lapidary::train
