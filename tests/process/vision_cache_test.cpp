// What a training run made of pictures serves chat and the engine, and the other way round; sample answers on the terminal.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/process/engine_client.h"
#include "tests/process/verbs_fixture.h"

namespace lapidary::test {
namespace {

namespace fs = std::filesystem;

using nlohmann::json;

struct VisionCache : Verbs {
    VisionCache() : environment{{"LAPIDARY_HOME", path("home")}} {}

    // Adapters of the language model on one picture, two steps; the tower is frozen.
    [[nodiscard]] Finished train(const std::string& name) const {
        const std::string row = json{{"prompt", "What is it?"}, {"answer", "A flag"}, {"image", picture(5)}}.dump() + "\n";
        return run({"finetune",
                    "--recipe",
                    "270m",
                    "--model",
                    vision(),
                    "--data-path",
                    file("train.jsonl", row),
                    "--save-dir",
                    path("runs"),
                    "--seq-length",
                    "128",
                    "--max-steps",
                    "2",
                    "--threads",
                    "1",
                    "run.name=" + name,
                    "train.global_batch_size=1",
                    "validation.eval_interval=1",
                    "validation.sample_max_new_tokens=4",
                    R"(validation.samples=[{images: [")" + picture(5) + R"("], prompt: "What is it?"}])"});
    }
    [[nodiscard]] Finished generate(int variant, std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments{
            "generate", "--model", vision(), "--image", picture(variant), "--prompt", "What is it?", "--threads",
            "1",        "-n",      "4",      "--json",  "--logprobs",     "5",        "--log-level", "info"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(arguments);
    }
    [[nodiscard]] Finished run(const std::vector<std::string>& arguments) const {
        return runLapidary(arguments, "", environment);
    }
    [[nodiscard]] std::size_t kept() const {
        std::size_t files = 0;
        if (!fs::exists(path("home/cache/vision"))) return 0;
        for (const auto& entry : fs::recursive_directory_iterator(path("home/cache/vision")))
            files += entry.is_regular_file() ? 1 : 0;
        return files;
    }

    std::map<std::string, std::string> environment;
};

TEST_F(VisionCache, ATrainingRunFillsItAndChatReusesItBitForBit) {
    const Finished before = generate(5);
    ASSERT_EQ(before.code, 0) << before.err;
    EXPECT_EQ(json::parse(before.out)["reused_views"], 0);
    EXPECT_EQ(kept(), 0U) << "auto makes no folder";

    const Finished trained = train("first");
    ASSERT_EQ(trained.code, 0) << trained.err;
    EXPECT_EQ(kept(), 1U);
    EXPECT_NE(trained.out.find(" sample at iteration 1 | What is it? -> "), std::string::npos) << trained.out;
    EXPECT_NE(trained.out.find(" sample at iteration 2 | What is it? -> "), std::string::npos) << trained.out;

    const Finished after = generate(5);
    ASSERT_EQ(after.code, 0) << after.err;
    const json reused = json::parse(after.out);
    EXPECT_EQ(reused["views"], 1);
    EXPECT_EQ(reused["reused_views"], 1);
    EXPECT_NE(after.err.find("features reused for 1 of 1 view"), std::string::npos) << after.err;
    EXPECT_EQ(reused["tokens"], json::parse(before.out)["tokens"]) << "bit for bit, log-probabilities included";
    EXPECT_EQ(json::parse(generate(5, {"--vision-cache", "off"}).out)["reused_views"], 0);
}

TEST_F(VisionCache, WhatChatSawTrainingAndTheEngineReuse) {
    ASSERT_EQ(json::parse(generate(5, {"--vision-cache", "on"}).out)["reused_views"], 0);
    EXPECT_EQ(kept(), 1U);
    ASSERT_EQ(train("second").code, 0);
    EXPECT_EQ(kept(), 1U) << "nothing new was looked at";

    EngineClient engine(environment);
    ASSERT_EQ(engine.request({{"id", 1}, {"type", "load"}, {"model", vision()}, {"threads", 1}}).back()["type"], "done");
    const auto ask = [&](int id, int variant) {
        const json content =
            json::array({{{"type", "image"}, {"path", picture(variant)}}, {{"type", "text"}, {"text", "What is it?"}}});
        return engine
            .request({{"id", id},
                      {"type", "chat"},
                      {"messages", json::array({{{"role", "user"}, {"content", content}}})},
                      {"max_new_tokens", 2},
                      {"sequence", std::to_string(id)}})
            .back();
    };
    EXPECT_EQ(ask(2, 5)["reused_views"], 1) << "from disk";
    EXPECT_EQ(ask(3, 9)["reused_views"], 0);
    EXPECT_EQ(ask(4, 9)["reused_views"], 1) << "from memory";
    EXPECT_EQ(kept(), 2U);
    EXPECT_EQ(json::parse(generate(9).out)["reused_views"], 1);
}

}  // namespace
}  // namespace lapidary::test
