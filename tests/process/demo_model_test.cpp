// `--model demo`: the model that comes with the program, as a user opens it; its scores; and how it is taught a word.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/process/engine_client.h"
#include "tests/process/verbs_fixture.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

class ShippedDemo : public Verbs {
protected:
    static json parsed(const std::vector<std::string>& arguments) {
        const Finished run = runLapidary(arguments);
        EXPECT_EQ(run.code, 0) << run.err;
        return run.code == 0 ? json::parse(run.out) : json();
    }

    // Questions and pictures in a folder; gives the lines of its list.
    [[nodiscard]] std::vector<json> makeScenes(const std::vector<std::string>& more, const std::string& list) const {
        std::vector<std::string> arguments{"dataset", "make", "scenes", "--output", path("scenes"), "--quiet"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Finished made = runLapidary(arguments);
        EXPECT_EQ(made.code, 0) << made.err;
        std::vector<json> lines;
        std::ifstream file(path("scenes/" + list));
        for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line));
        return lines;
    }

    // A picture of three or four squares, and what is asked about it.
    [[nodiscard]] json longScene() const {
        const auto lines =
            makeScenes({"--split", "test", "--seed", "3", "--count", "1", "--kinds", "small-print"}, "test.jsonl");
        return lines.empty() ? json() : lines.front()["messages"][0]["content"];
    }
    [[nodiscard]] std::string picturePath(const json& content) const {
        return path("scenes/" + content.at(0).at("path").get<std::string>());
    }
};

TEST_F(ShippedDemo, IsASmallGemmaWithAllThatAGemmaHas) {
    const json report = parsed({"inspect", "--model", "demo", "--json"});
    const std::string text = report.dump();
    EXPECT_NE(text.find("bfloat16"), std::string::npos) << text;
    const json listed = parsed({"model", "list", "--json"});
    ASSERT_FALSE(listed.empty());
    EXPECT_EQ(listed[0]["id"], "demo");
    EXPECT_GT(listed[0]["bytes"], 8'000'000);
    EXPECT_LT(listed[0]["bytes"], 16'000'000) << "small enough for a repository";
    EXPECT_TRUE(std::filesystem::exists(listed[0]["path"].get<std::string>() + "/tokenizer.model"));
    EXPECT_EQ(runLapidary({"model", "list"}).out.substr(0, 6), "demo  ");
    const Finished remove = runLapidary({"model", "remove", "demo"});
    EXPECT_EQ(remove.code, 2);
    EXPECT_NE(remove.err.find("comes with Lapidary"), std::string::npos) << remove.err;
}

TEST_F(ShippedDemo, SeesCropsUnlessTheyAreSwitchedOff) {
    const json content = longScene();
    const std::string picture = picturePath(content);
    std::vector<std::string> arguments{"generate", "--model",          "demo", "--image", picture,
                                       "--prompt", content[1]["text"], "-n",   "8",       "--json"};
    const json own = parsed(arguments);
    arguments.emplace_back("--pan-and-scan");
    const json on = parsed(arguments);
    arguments.back() = "--no-pan-and-scan";
    const json off = parsed(arguments);
    EXPECT_EQ(own["ids"], on["ids"]) << "its processor makes crops by itself";
    EXPECT_EQ(own["prompt_tokens"], on["prompt_tokens"]);
    EXPECT_GE(on["prompt_tokens"].get<int>() - off["prompt_tokens"].get<int>(), 3 * 16);
    const json views = parsed({"processor", picture, "--model", "demo", "--json"});
    EXPECT_EQ(views["size"], 112);
    EXPECT_GE(views["pictures"][0]["num_crops"], 3);
    EXPECT_EQ(parsed({"processor", picture, "--model", "demo", "--no-pan-and-scan", "--json"})["pictures"][0]["num_crops"], 0);
}

TEST_F(ShippedDemo, TheEngineOpensItAndAnswersAsGenerateDoes) {
    const json content = longScene();
    const std::string picture = picturePath(content);
    EngineClient engine;
    const auto opened = engine.request({{"id", 1}, {"type", "load"}, {"model", "demo"}});
    ASSERT_EQ(opened.back()["type"], "done") << opened.back();
    const json turn = json::array(
        {{{"role", "user"},
          {"content", {{{"type", "image"}, {"path", picture}}, {{"type", "text"}, {"text", content[1]["text"]}}}}}});
    for (const bool crops : {true, false}) {
        json request{{"id", 2}, {"type", "chat"}, {"messages", turn}, {"max_new_tokens", 8}};
        if (!crops) request["pan_and_scan"] = false;
        const auto events = engine.request(request);
        ASSERT_EQ(events.back()["type"], "done") << events.back();
        std::vector<std::string> arguments{"generate", "--model",          "demo", "--image", picture,
                                           "--prompt", content[1]["text"], "-n",   "8",       "--json"};
        if (!crops) arguments.emplace_back("--no-pan-and-scan");
        const json alone = parsed(arguments);
        EXPECT_EQ(textOf(events), alone["text"].get<std::string>());
        EXPECT_EQ(events.back()["prompt_tokens"], alone["prompt_tokens"]) << "the model's own crops, where nothing is said";
    }
}

// Scores count what greedy decoding writes: the same questions, asked one by one, give the same number of right answers.
TEST_F(ShippedDemo, ScoresAreWhatGenerateWrites) {
    const auto lines = makeScenes({"--split", "test", "--seed", "4", "--count", "36"}, "test.jsonl");
    ASSERT_EQ(lines.size(), 36U);
    std::string batch;
    for (const json& line : lines) {
        json asked = line["messages"][0];
        asked["content"][0]["path"] = picturePath(asked["content"]);
        batch += json{{"messages", json::array({asked})}}.dump() + "\n";
    }
    const Finished answered =
        runLapidary({"generate", "--model", "demo", "--batch", file("asked.jsonl", batch), "-n", "16", "--threads", "1"});
    ASSERT_EQ(answered.code, 0) << answered.err;
    std::istringstream answers(answered.out);
    int right = 0;
    for (const json& line : lines) {
        std::string answer;
        ASSERT_TRUE(std::getline(answers, answer));
        right += json::parse(answer)["text"] == line["messages"][1]["content"] ? 1 : 0;
    }
    const json rows =
        parsed({"score", "--model", "demo", "--data-path", path("scenes/test.jsonl"), "--threads", "1", "--json"});
    EXPECT_EQ(rows["rows"], 36);
    EXPECT_EQ(rows["right"], right);
    const json scores =
        parsed({"score", "--model", "demo", "--scenes", "--questions", "36", "--batch-size", "5", "--threads", "1", "--json"});
    EXPECT_EQ(scores["questions"], 36);
    EXPECT_EQ(scores["pan_and_scan"]["asked"], 36);
    EXPECT_NEAR(scores["pan_and_scan"]["accuracy"].get<double>() * 36, right, 1e-9);
    EXPECT_EQ(scores["blank"]["kinds"].size(), 12U);
    EXPECT_TRUE(scores["broken_promises"].is_array());
}

TEST_F(ShippedDemo, TheTableIsForPeopleAndForTheCard) {
    const std::vector<std::string> asked{"score", "--model", "demo", "--scenes", "--questions", "24", "--threads", "1"};
    const auto with = [&](const std::string& option) {
        std::vector<std::string> arguments = asked;
        arguments.push_back(option);
        return runLapidary(arguments);
    };
    const Finished table = runLapidary(asked);
    EXPECT_EQ(table.code, 0) << table.err;
    EXPECT_EQ(table.out.substr(0, 12), "kind        ") << table.out;
    EXPECT_NE(table.out.find("Small print: "), std::string::npos) << table.out;
    EXPECT_EQ(with("--markdown").out.substr(0, 16), "| kind | asked |");
    EXPECT_EQ(runLapidary({"score", "--model", "demo", "--questions", "24"}).code, 2) << "what of?";
    const Finished other = runLapidary({"score", "--model", vision(), "--scenes", "--questions", "24"});
    EXPECT_EQ(other.code, 3) << other.err;
    EXPECT_NE(other.err.find("the demo model's vocabulary"), std::string::npos) << other.err;
}

// The tutorial of the README, with three steps in place of its 150.
TEST_F(ShippedDemo, IsTaughtAWordByTheTutorialsRecipe) {
    for (const char* split : {"train", "test"}) {
        const auto lines = makeScenes({"--split", split, "--count", "24", "--kinds", "shape", "--say", "ring=donut"},
                                      std::string(split) + ".jsonl");
        EXPECT_EQ(lines.size(), 24U);
    }
    const Finished run = runLapidary(
        {"finetune", "--recipe", "demo-tutorial", "--save-dir", path("runs"), "--max-steps", "3", "--threads", "1",
         "dataset.train_data_path=" + path("scenes/train.jsonl"), "dataset.valid_data_path=" + path("scenes/test.jsonl")},
        "", {{"LAPIDARY_HOME", path("home")}});
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_NE(run.out.find("validation loss at iteration 3"), std::string::npos) << run.out;
    const std::string adapter = path("runs/demo-tutorial/checkpoints/iter_0000003/adapter");
    ASSERT_TRUE(std::filesystem::exists(adapter + "/adapter_model.safetensors"));
    const std::vector<std::string> score{"score",     "--model", "demo",  "--data-path", path("scenes/test.jsonl"),
                                         "--threads", "1",       "--json"};
    std::vector<std::string> taught = score;
    taught.insert(taught.end(), {"--adapter", adapter});
    EXPECT_LT(parsed(taught)["mean_nll"], parsed(score)["mean_nll"]) << "it begins to learn";
}

}  // namespace
}  // namespace lapidary::test
