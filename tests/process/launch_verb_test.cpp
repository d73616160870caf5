// `lapidary launch`: several ranks of one program, seen from outside (fault 47).
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/process/verbs_fixture.h"

namespace lapidary::test {
namespace {

namespace fs = std::filesystem;

using nlohmann::json;

std::string contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// RANK → process, of the children of `parent`.
std::map<std::string, pid_t> ranksOf(pid_t parent) {
    std::map<std::string, pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string status = contents(entry.path() / "status");
        if (status.find("PPid:\t" + std::to_string(parent) + "\n") == std::string::npos) continue;
        const std::string environment = contents(entry.path() / "environ");
        const std::size_t at = environment.find(std::string("\0RANK=", 6));
        if (at != std::string::npos) found[environment.c_str() + at + 6] = std::stoi(entry.path().filename());
    }
    return found;
}

struct Launch : Verbs {
    // Two ranks that train for a very long time.
    [[nodiscard]] std::vector<std::string> longTraining(const std::string& iterations) const {
        std::string rows;
        for (int i = 0; i < 8; ++i) {
            rows +=
                json{{"prompt", "Number " + std::to_string(i) + "?"}, {"answer", "It is " + std::to_string(i)}}.dump() + "\n";
        }
        return {"launch",
                "--nproc-per-node",
                "2",
                "--",
                "finetune",
                "--json",
                "--recipe",
                "270m",
                "--peft",
                "none",
                "--model",
                text(),
                "--data-path",
                file("train.jsonl", rows),
                "--save-dir",
                path("runs"),
                "--seq-length",
                "64",
                "--max-steps",
                iterations,
                "train.global_batch_size=2",
                "train.micro_batch_size=1",
                "validation.eval_iters=0"};
    }
    // Until a step has been told.
    static void waitForStep(ChildProcess& child) {
        for (auto line = child.readLine(); line; line = child.readLine()) {
            if (line->find("\"step\"") != std::string::npos && line->find("\"loss\"") != std::string::npos) return;
        }
        FAIL() << "no step: " << child.wait().err;
    }
    static bool endsWithin(pid_t pid, std::chrono::seconds time) {
        const auto deadline = std::chrono::steady_clock::now() + time;
        while (::kill(pid, 0) == 0 &&
               contents("/proc/" + std::to_string(pid) + "/status").find("State:\tZ") == std::string::npos) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return true;
    }
};

TEST_F(Launch, RankZeroKeepsStandardOutputAndLinesNameTheirRank) {
    const Finished both = runLapidary({"launch", "--nproc_per_node=2", "--", "inspect", "--json", "--model", text()});
    ASSERT_EQ(both.code, 0) << both.err;
    EXPECT_TRUE(json::accept(both.out)) << both.out;
    EXPECT_NE(both.err.find("[rank 1] "), std::string::npos);
    EXPECT_EQ(both.err.find("[rank 0] {"), std::string::npos);
    const Finished missing = runLapidary({"launch", "--nproc-per-node", "2", "--", "inspect", "--model", path("nowhere")});
    EXPECT_EQ(missing.code, 3) << missing.err;
    EXPECT_NE(missing.err.find("[rank 0] lapidary: error"), std::string::npos) << missing.err;
    EXPECT_NE(missing.err.find("ended with code 3"), std::string::npos) << missing.err;
}

TEST_F(Launch, RefusesWhatCannotBeMeant) {
    EXPECT_EQ(runLapidary({"launch", "--nproc-per-node", "2"}).code, 2);
    EXPECT_EQ(runLapidary({"launch", "--nproc-per-node", "0", "--", "inspect"}).code, 2);
    EXPECT_EQ(runLapidary({"launch", "--nproc-per-node", "1000000000", "--nnodes", "1000000000", "--", "inspect"}).code, 2);
    EXPECT_EQ(runLapidary({"launch", "--nnodes", "2", "--", "inspect"}).code, 2);
    EXPECT_EQ(
        runLapidary({"launch", "--nnodes", "2", "--node-rank", "2", "--master-addr", "a", "--master-port", "1", "--", "x"})
            .code,
        2);
    EXPECT_EQ(runLapidary({"launch", "--", "launch", "--", "inspect"}).code, 2);
    const Finished hostile =
        runLapidary({"finetune", "--recipe", "270m", "--dry-run"}, "", {{"RANK", "7"}, {"WORLD_SIZE", "2"}});
    EXPECT_EQ(hostile.code, 2) << hostile.err;
    EXPECT_NE(hostile.err.find("RANK must be a whole number from 0 to 1"), std::string::npos) << hostile.err;
}

TEST_F(Launch, TwoRanksTrainOneRun) {
    ChildProcess child(longTraining("4"));
    child.closeInput();
    const Finished ended = child.wait();
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_NE(ended.out.find("\"world_size\":2"), std::string::npos) << ended.out;
    std::size_t finished = 0;
    for (std::size_t at = 0; (at = ended.out.find("run_finished", at)) != std::string::npos; ++at) ++finished;
    EXPECT_EQ(finished, 1U) << "rank 1 tells nothing";
}

using Fault47 = Launch;
TEST_F(Fault47, AKilledRankEndsTheOthersAndIsNamed) {
    ChildProcess child(longTraining("100000"));
    waitForStep(child);
    const auto ranks = ranksOf(child.pid());
    ASSERT_EQ(ranks.size(), 2U);
    ::kill(ranks.at("1"), SIGKILL);
    const Finished ended = child.wait(std::chrono::seconds(60));
    EXPECT_EQ(ended.code, 6) << ended.err;
    EXPECT_NE(ended.err.find("lapidary: error: rank 1 was killed by signal 9"), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find("[rank 0] lapidary: error"), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find("rank 1 ended in "), std::string::npos) << ended.err;
    for (const auto& [rank, pid] : ranks) EXPECT_TRUE(endsWithin(pid, std::chrono::seconds(5))) << rank;
}

TEST_F(Fault47, AKilledFirstRankIsNamedThoughItHeldTheStore) {
    ChildProcess child(longTraining("100000"));
    waitForStep(child);
    ::kill(ranksOf(child.pid()).at("0"), SIGKILL);
    const Finished ended = child.wait(std::chrono::seconds(60));
    EXPECT_EQ(ended.code, 6) << ended.err;
    EXPECT_NE(ended.err.find("lapidary: error: rank 0 was killed by signal 9"), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find("rank 0 ended in "), std::string::npos) << ended.err;
}

TEST_F(Launch, ARequestToStopReachesAllRanksAndTheRunIsSaved) {
    ChildProcess child(longTraining("100000"));
    waitForStep(child);
    child.signal(SIGTERM);
    const Finished ended = child.wait(std::chrono::seconds(60));
    EXPECT_EQ(ended.code, 5) << ended.err;
    EXPECT_NE(ended.out.find("\"stopped\""), std::string::npos) << ended.out;
    EXPECT_NE(ended.out.find("\"saved\""), std::string::npos) << ended.out;
}

TEST_F(Fault47, NoRankOutlivesAKilledLauncher) {
    ChildProcess child(longTraining("100000"));
    waitForStep(child);
    const auto ranks = ranksOf(child.pid());
    ASSERT_EQ(ranks.size(), 2U);
    child.signal(SIGKILL);
    for (const auto& [rank, pid] : ranks) EXPECT_TRUE(endsWithin(pid, std::chrono::seconds(10))) << rank;
}

}  // namespace
}  // namespace lapidary::test
