// `lapidary tokenize`: ids, pieces and back.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/process/verbs_fixture.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

// Row 23: special tokens that a person typed are text, unless --parse-special or --raw.
TEST_F(Verbs, Fault23TypedSpecialTokensAreText) {
    const auto ids = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"tokenize", "--model", text(), "--json"});
        return json::parse(runLapidary(arguments).out)["ids"].get<std::vector<int>>();
    };
    EXPECT_GT(ids({"a<end_of_turn>b"}).size(), ids({"a<end_of_turn>b", "--parse-special"}).size());
    EXPECT_EQ(ids({"<end_of_turn>", "--parse-special", "--no-bos"}).size(), 1U);
    const json typed =
        json::parse(runLapidary({"generate", "--model", text(), "--prompt", "a<end_of_turn>b", "-n", "1", "--json"}).out);
    const json parsed = json::parse(
        runLapidary({"generate", "--model", text(), "--prompt", "a<end_of_turn>b", "-n", "1", "--json", "--parse-special"})
            .out);
    EXPECT_GT(typed["prompt_tokens"].get<int>(), parsed["prompt_tokens"].get<int>());
}

TEST_F(Verbs, TokenizeAndDecodeAreInverse) {
    const json encoded = json::parse(runLapidary({"tokenize", "--model", text(), "--json", "Hello,\n  world! é"}).out);
    std::string list;
    for (const int id : encoded["ids"]) list += std::to_string(id) + " ";
    EXPECT_EQ(runLapidary({"tokenize", "--model", text(), "--decode", "--skip-special", list}).out, "Hello,\n  world! é\n");
    EXPECT_EQ(encoded["ids"][0], 2);
    EXPECT_EQ(encoded["pieces"].size(), encoded["ids"].size());
    EXPECT_EQ(runLapidary({"tokenize", "--model", text(), "--decode", "12 x"}).code, 3);
    // A tokenizer alone is enough.
    EXPECT_EQ(json::parse(
                  runLapidary({"tokenize", "--model", text() + "/tokenizer.json", "--json", "Hello,\n  world! é"}).out)["ids"],
              encoded["ids"]);
}

TEST_F(Verbs, DecodeRefusesWhatIsNoIdOfTheVocabulary) {
    for (const char* id : {"460", "-1", "99999999999999999999", "1.5"}) {
        const Finished run = runLapidary({"tokenize", "--model", text(), "--decode"}, std::string("2, ") + id + ", 3");
        EXPECT_EQ(run.code, 3) << id;
        EXPECT_EQ(run.out, "") << id;
        for (const std::string& word : {std::string("460 entries"), std::string("position 2"), "'" + std::string(id) + "'"})
            EXPECT_NE(run.err.find(word), std::string::npos) << run.err;
    }
    EXPECT_EQ(runLapidary({"tokenize", "--model", text(), "--decode", "[2, 459]"}).code, 0);
}

TEST_F(Verbs, TokenizeShowsWhatTheTemplateMakes) {
    const std::string messages = file("m.json", R"([{"role":"user","content":"Hi"}])");
    const json document = json::parse(runLapidary({"tokenize", "--model", text(), "--messages", messages, "--json"}).out);
    const auto pieces = document["pieces"].get<std::vector<std::string>>();
    EXPECT_EQ(pieces.front(), "<bos>");
    EXPECT_EQ(pieces[1], "<start_of_turn>");
    EXPECT_EQ(pieces.back(), "\n");
}

}  // namespace
}  // namespace lapidary::test
