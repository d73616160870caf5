// Fault 40: kill -9 at any moment, inside a save too, and the run goes on bit for bit as if nothing had happened.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/process/child_process.h"
#include "tests/process/verbs_fixture.h"

namespace lapidary::test {
namespace {

namespace fs = std::filesystem;

std::string bytesOf(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// Losses and gradient norms by step, the last word on each; lines must all be whole.
std::map<std::int64_t, std::pair<double, double>> stepsOf(const fs::path& run) {
    std::map<std::int64_t, std::pair<double, double>> steps;
    std::ifstream log(run / "events.jsonl");
    for (std::string line; std::getline(log, line);) {
        const nlohmann::json event = nlohmann::json::parse(line);
        if (event.at("type") == "step") steps[event.at("step")] = {event.at("loss"), event.at("grad_norm")};
    }
    return steps;
}

class FinetuneKilled : public Verbs {
protected:
    [[nodiscard]] std::vector<std::string> command(const std::string& name, bool resume) const {
        std::vector<std::string> arguments{
            "finetune", "--recipe", m_recipe, "--threads", "1", "run.name=" + name, "run.dir=" + path("runs")};
        if (resume) arguments.push_back("--resume");
        return arguments;
    }
    // A recipe of four hundred steps that saves after each second one, so that many kills fall into a save.
    void prepare() {
        std::string rows;
        for (int i = 0; i < 9; ++i) {
            rows +=
                nlohmann::json{{"prompt", "Say " + std::to_string(i)}, {"answer", "It is " + std::to_string(i * 3)}}.dump() +
                "\n";
        }
        const nlohmann::json recipe{{"model", {{"hf_path", text()}, {"seq_length", 128}}},
                                    {"train", {{"train_iters", 400}, {"global_batch_size", 2}}},
                                    {"validation", {{"eval_iters", 0}}},
                                    {"optimizer", {{"lr", 1e-3}}},
                                    {"dataset", {{"train_data_path", file("train.jsonl", rows)}}},
                                    {"checkpoint", {{"save_interval", 2}, {"most_recent_k", 2}}}};
        m_recipe = file("recipe.json", recipe.dump());
    }

    std::string m_recipe;
};

TEST_F(FinetuneKilled, TwentyTimesAtRandomMomentsItGoesOnBitForBit) {
    prepare();
    const Finished whole = runLapidary(command("whole", false));
    ASSERT_EQ(whole.code, 0) << whole.err;
    const std::string expected = bytesOf(path("runs/whole/checkpoints/iter_0000400/model/model.safetensors"));
    ASSERT_FALSE(expected.empty());

    std::mt19937 random(40);
    int killed = 0;
    const fs::path run = path("runs/killed");
    for (int round = 0; killed < 20 && round < 200; ++round) {
        ChildProcess child(command("killed", fs::exists(run / "events.jsonl")));
        // After the first line comes anywhere from nothing to several steps and saves.
        if (!child.waitForOutput()) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 120));
        child.signal(SIGKILL);
        const Finished ended = child.wait();
        if (ended.code == 0) break;  // it was faster
        ++killed;
        if (fs::exists(run / "checkpoints/iter_0000400")) break;
    }
    EXPECT_EQ(killed, 20) << "the run ended before it was killed so often";
    for (int attempt = 0; attempt < 2; ++attempt) {
        const Finished last = runLapidary(command("killed", true));
        ASSERT_EQ(last.code, 0) << last.err;
    }
    EXPECT_EQ(bytesOf(run / "checkpoints/iter_0000400/model/model.safetensors"), expected);
    EXPECT_EQ(stepsOf(run), stepsOf(path("runs/whole")));
    RecordProperty("killed", killed);
}

}  // namespace
}  // namespace lapidary::test
