// Fault 51: the terminal closes, ssh drops, the reader of a pipe leaves; a run goes on, can be followed by its log and ended by a word.
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/process/child_process.h"
#include "tests/process/verbs_fixture.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

constexpr auto kPatience = std::chrono::seconds(60);

class Fault51 : public Verbs {
protected:
    Fault51() { std::signal(SIGHUP, SIG_DFL); }  // also where the tests themselves run under nohup

    [[nodiscard]] std::vector<std::string> training(const std::string& steps) const {
        std::string rows;
        for (int i = 0; i < 8; ++i) {
            rows += json{{"prompt", "Say " + std::to_string(i)}, {"answer", "It is " + std::to_string(i * 3)}}.dump() + "\n";
        }
        const json recipe{{"run", {{"dir", path("runs")}, {"name", "run"}}},
                          {"model", {{"hf_path", text()}, {"seq_length", 128}}},
                          {"train", {{"train_iters", std::stoll(steps)}, {"global_batch_size", 2}}},
                          {"validation", {{"eval_iters", 0}}},
                          {"logger", {{"log_interval", 1}}},
                          {"dataset", {{"train_data_path", file("train.jsonl", rows)}}},
                          {"checkpoint", {{"save_interval", 1'000'000}}}};
        return {"finetune", "--recipe", file("recipe.json", recipe.dump()), "--threads", "1"};
    }
    // What somebody sees who follows the log.
    [[nodiscard]] std::vector<json> events() const {
        std::vector<json> found;
        std::ifstream log(path("runs/run/events.jsonl"));
        for (std::string line; std::getline(log, line);) {
            if (!log.eof()) found.push_back(json::parse(line));  // the last one may be half-written
        }
        return found;
    }
    [[nodiscard]] std::int64_t stepsDone() const {
        const auto all = events();
        std::int64_t step = 0;
        for (const json& event : all) {
            if (event.at("type") == "step") step = event.at("step");
        }
        return step;
    }
    [[nodiscard]] bool reaches(std::int64_t step) const {
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        while (stepsDone() < step) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return true;
    }
    void say(const std::string& word) const { std::ofstream(path("runs/run/command")) << word << "\n"; }
    void expectStoppedByAWord() const {
        const auto all = events();
        ASSERT_FALSE(all.empty());
        EXPECT_EQ(all.back().at("type"), "run_finished");
        EXPECT_EQ(all.back().at("reason"), "stopped");
        EXPECT_TRUE(std::filesystem::exists(all.back().at("adapter").get<std::string>() + "/MANIFEST.json"));
    }
};

TEST_F(Fault51, AClosedTerminalDoesNotEndTheRun) {
    std::vector<std::string> words = training("1000000");
    words.insert(words.begin(), lapidaryExecutable().string());
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    int terminal = -1;
    const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    char byte = 0;
    EXPECT_EQ(::read(terminal, &byte, 1), 1) << "it speaks";
    const bool began = reaches(3);
    ::close(terminal);  // the kernel sends SIGHUP; whatever is written there fails from now on
    const std::int64_t then = stepsDone();
    EXPECT_TRUE(began && reaches(then + 20)) << "step " << then;
    say("stop");
    int status = 0;
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    pid_t ended = 0;
    while (ended == 0 && std::chrono::steady_clock::now() < deadline) {
        ended = ::waitpid(child, &status, WNOHANG);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (ended == 0) ::kill(child, SIGKILL);
    if (ended == 0) ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 5) << "stopped by a word";
    expectStoppedByAWord();
}

// The reader of a pipe leaves, and standard input ends: the run ends well by itself.
TEST_F(Fault51, NobodyReadsAndNothingIsTyped) {
    ChildProcess child(training("60"));
    child.closeInput();
    ASSERT_TRUE(child.waitForOutput());
    child.closeOutput();
    EXPECT_EQ(child.wait().code, 0);
    EXPECT_EQ(stepsDone(), 60);
    EXPECT_EQ(events().back().at("reason"), "done");
}

TEST_F(Fault51, AHangUpOfTheLauncherEndsNoRank) {
    std::vector<std::string> words = training("1000000");
    words.insert(words.begin(), {"launch", "--nproc-per-node", "2", "--"});
    ChildProcess child(words);
    child.closeInput();
    ASSERT_TRUE(reaches(3));
    child.signal(SIGHUP);
    child.closeOutput();
    const std::int64_t then = stepsDone();
    EXPECT_TRUE(reaches(then + 20)) << "step " << then;
    say("stop");
    EXPECT_EQ(child.wait().code, 5);
    expectStoppedByAWord();
}

}  // namespace
}  // namespace lapidary::test
