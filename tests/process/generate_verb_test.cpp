// `lapidary generate` on tiny checkpoints: answers, seeds, stop strings, batches, signals.
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/process/verbs_fixture.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

TEST_F(Verbs, GenerateStreamsTheAnswerAloneToStandardOutput) {
    const Finished plain = runLapidary({"generate", "--model", text(), "--prompt", "Hello", "--max-new-tokens", "12"});
    ASSERT_EQ(plain.code, 0) << plain.err;
    const Finished again = runLapidary({"generate", "--model", text(), "--prompt", "-", "--max_new_tokens=12"}, "Hello\n");
    EXPECT_EQ(again.out, plain.out);
    const Finished document =
        runLapidary({"generate", "--model", text(), "--prompt", "Hello", "--max-new-tokens", "12", "--json"});
    const json parsed = json::parse(document.out);
    EXPECT_EQ(parsed["text"].get<std::string>() + "\n", plain.out);
    EXPECT_EQ(parsed["generated_tokens"], parsed["ids"].size());
    EXPECT_TRUE(parsed["finish_reason"] == "length" || parsed["finish_reason"] == "end");
}

TEST_F(Verbs, ASeedRepeatsAnAnswerAndIsReported) {
    const std::vector<std::string> sampling{"generate", "--model",       text(), "--prompt", "Hello", "-n",
                                            "20",       "--temperature", "1.5",  "--top-k",  "0",     "--json"};
    auto withSeed = sampling;
    withSeed.insert(withSeed.end(), {"--seed", "11"});
    const json first = json::parse(runLapidary(withSeed).out);
    const json second = json::parse(runLapidary(withSeed).out);
    EXPECT_EQ(first["ids"], second["ids"]);
    EXPECT_EQ(first["seed"], 11);
    withSeed.back() = "12";
    EXPECT_NE(json::parse(runLapidary(withSeed).out)["ids"], first["ids"]);
    EXPECT_TRUE(json::parse(runLapidary(sampling).out).contains("seed"));
}

TEST_F(Verbs, LogProbabilitiesComeWithAlternatives) {
    const json document = json::parse(
        runLapidary({"generate", "--model", text(), "--prompt", "Hello", "-n", "3", "--logprobs", "4", "--json"}).out);
    ASSERT_EQ(document["tokens"].size(), document["ids"].size());
    for (const json& token : document["tokens"]) {
        ASSERT_EQ(token["alternatives"].size(), 4U);
        EXPECT_EQ(token["alternatives"][0]["id"], token["id"]);  // greedy: the likeliest
        EXPECT_LE(token["logprob"].get<double>(), 0.0);
    }
}

TEST_F(Verbs, StopStringsCutTheAnswer) {
    const json whole = json::parse(runLapidary({"generate", "--model", text(), "--prompt", "Hello", "-n", "20", "--json"}).out);
    const auto text20 = whole["text"].get<std::string>();
    ASSERT_GT(text20.size(), 6U);
    const std::string stop = text20.substr(3, 3);
    const json cut = json::parse(
        runLapidary({"generate", "--model", text(), "--prompt", "Hello", "-n", "20", "--stop", stop, "--json"}).out);
    EXPECT_EQ(cut["text"], text20.substr(0, text20.find(stop)));
    EXPECT_EQ(cut["finish_reason"], "stop");
}

TEST_F(Verbs, ABatchAnswersAsSinglesDo) {
    const std::string batch = file("batch.jsonl",
                                   "{\"prompt\": \"Hello\"}\n\n{\"messages\": [{\"role\": \"user\", \"content\": \"A much "
                                   "longer question, what is it?\"}]}\n"
                                   "{\"prompt\": \"a\"}\n");
    const Finished run = runLapidary({"generate", "--model", text(), "--batch", batch, "-n", "10", "--json"});
    ASSERT_EQ(run.code, 0) << run.err;
    std::istringstream lines(run.out);
    std::string line;
    for (const char* prompt : {"Hello", "A much longer question, what is it?", "a"}) {
        ASSERT_TRUE(std::getline(lines, line));
        const json single =
            json::parse(runLapidary({"generate", "--model", text(), "--prompt", prompt, "-n", "10", "--json"}).out);
        EXPECT_EQ(json::parse(line)["ids"], single["ids"]) << prompt;
    }
    EXPECT_FALSE(std::getline(lines, line));
}

TEST_F(Verbs, AnswersEndWhereTheContextIsFull) {
    const json document = json::parse(runLapidary({"generate", "--model", text(), "--prompt", "a", "--context", "20", "-n",
                                                   "100", "--json", "--temperature", "1.2", "--seed", "5"})
                                          .out);
    if (document["finish_reason"] == "length") {
        EXPECT_EQ(document["prompt_tokens"].get<int>() + document["generated_tokens"].get<int>(), 20);
    } else {
        EXPECT_EQ(document["finish_reason"], "end");
    }
}

TEST_F(Verbs, BaseModelsContinueTextAndSaySo) {
    const Finished run = runLapidary({"generate", "--model", base(), "--prompt", "Hello", "-n", "2", "--json"});
    EXPECT_EQ(run.code, 0);
    EXPECT_NE(run.err.find("base model"), std::string::npos);
    const json ids = json::parse(runLapidary({"tokenize", "--model", base(), "Hello", "--json"}).out);
    EXPECT_EQ(json::parse(run.out)["prompt_tokens"], ids["count"]);
    EXPECT_EQ(runLapidary({"generate", "--model", base(), "--prompt", "Hello", "-n", "2", "--quiet"}).err, "");
    EXPECT_EQ(runLapidary({"generate", "--model", base(), "--prompt", "Hello", "-n", "2", "--log-level", "error"}).err, "");
}

// Drawn evenly from the whole vocabulary, with an end token that is not in it: minutes of ever new text.
TEST_F(Verbs, ASignalEndsAnAnswerWithCode5) {
    (void)text();
    (void)file("text/generation_config.json", R"({"eos_token_id": 100000})");
    for (const int number : {SIGINT, SIGTERM}) {
        ChildProcess child({"generate", "--model", text(), "--prompt", "Hello", "-n", "900000", "--context", "1000000",
                            "--force-context", "-t", "1000", "--top-k", "0", "--seed", "1"});
        ASSERT_TRUE(child.waitForOutput());
        child.signal(number);
        const Finished stopped = child.wait();
        EXPECT_EQ(stopped.code, 5) << stopped.err;
        EXPECT_TRUE(stopped.out.ends_with('\n'));
    }
}

}  // namespace
}  // namespace lapidary::test
