// What `lapidary generate` makes of prompts, messages and pictures, and what it refuses.
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/process/verbs_fixture.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

TEST_F(Verbs, PicturesChangeTheAnswerAndCountTheirTokens) {
    const auto ask = [&](std::vector<std::string> more) {
        std::vector<std::string> arguments{"generate", "--model", vision(), "--prompt", "What is it?", "-n", "8", "--json"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Finished run = runLapidary(arguments);
        EXPECT_EQ(run.code, 0) << run.err;
        return json::parse(run.out);
    };
    const json without = ask({});
    const json with = ask({"--image", picture()});
    const json alias = ask({"--image_path", picture()});
    EXPECT_EQ(with["ids"], alias["ids"]);
    // Nine soft tokens, two markers, and newlines that fuse with the turn's.
    EXPECT_GE(with["prompt_tokens"].get<int>(), without["prompt_tokens"].get<int>() + 11);
    const json crops = ask({"--image", picture(), "--crops", file("crops.json", "[[0, 0, 30, 40], [30, 0, 60, 40]]")});
    EXPECT_GE(crops["prompt_tokens"].get<int>(), with["prompt_tokens"].get<int>() + 22);
    const json scanned = ask({"--image", picture(), "--pan-and-scan", "--pan_and_scan_min_crop_size", "10"});
    EXPECT_EQ(scanned["prompt_tokens"], crops["prompt_tokens"]);
}

// In a batch, lists of crops go on over the lines.
TEST_F(Verbs, OwnCropsOfABatchAreThoseOfItsPictures) {
    const auto line = [](const std::string& name) {
        return R"({"messages":[{"role":"user","content":[{"type":"image","path":")" + name +
               R"("},{"type":"text","text":"What is it?"}]}]})" + "\n";
    };
    const std::string first = picture();
    const std::string second = picture(1);
    const std::string batch = file("batch.jsonl", line(first) + R"({"prompt":"Hello"})" + "\n" + line(second));
    const std::string none = file("none.json", "[]");
    const std::string two = file("two.json", "[[0, 0, 30, 40], [30, 0, 60, 40]]");
    const Finished run =
        runLapidary({"generate", "--model", vision(), "--batch", batch, "--crops", none, "--crops", two, "-n", "2", "--json"});
    ASSERT_EQ(run.code, 0) << run.err;
    std::vector<int> tokens;
    std::istringstream lines(run.out);
    for (std::string answer; std::getline(lines, answer);) tokens.push_back(json::parse(answer)["prompt_tokens"]);
    ASSERT_EQ(tokens.size(), 3U);
    EXPECT_GE(tokens[2], tokens[0] + 22) << "two crops of nine soft tokens and two markers";
}

// Row 15: a text-only model that is given a picture.
TEST_F(Verbs, Fault15TextOnlyModelRefusesPictures) {
    const Finished run = runLapidary({"generate", "--model", text(), "--prompt", "What?", "--image", picture()});
    EXPECT_EQ(run.code, 3);
    EXPECT_NE(run.err.find("text-only"), std::string::npos) << run.err;
    EXPECT_EQ(run.out, "");
    // What it would make of one is not shown either: it makes nothing of it.
    const Finished shown = runLapidary({"processor", "--model", text(), picture()});
    EXPECT_EQ(shown.code, 3);
    EXPECT_NE(shown.err.find(text() + ": this model is text-only"), std::string::npos) << shown.err;
    EXPECT_EQ(shown.out, "");
}

// Row 22: addresses inside files need consent, which is asked before anything is fetched.
TEST_F(Verbs, Fault22AddressesInFilesNeedAllowUrls) {
    const std::string messages =
        file("messages.json",
             R"([{"role":"user","content":[{"type":"image","url":"https://127.0.0.1/cat.png"},{"type":"text","text":"?"}]}])");
    const Finished refused = runLapidary({"generate", "--model", vision(), "--messages", messages});
    EXPECT_EQ(refused.code, 3);
    EXPECT_NE(refused.err.find("--allow-urls"), std::string::npos) << refused.err;
    // With consent it is the address itself that is refused.
    const Finished local = runLapidary({"generate", "--model", vision(), "--messages", messages, "--allow-urls"});
    EXPECT_EQ(local.code, 3);
    EXPECT_EQ(local.err.find("--allow-urls"), std::string::npos) << local.err;
    // Refused alike when a person typed them: no other scheme, no private address, no user name.
    for (const char* address : {"http://example.com/a.png", "https://127.0.0.1/a.png", "https://user@example.com/a.png"}) {
        const Finished typed = runLapidary({"generate", "--model", vision(), "--prompt", "a", "--image", address});
        EXPECT_EQ(typed.code, 3) << address << typed.err;
        EXPECT_EQ(runLapidary({"processor", address}).code, 3) << address;
    }
}

TEST_F(Verbs, ATypedPlaceIsThePicturesPlace) {
    const auto ids = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"generate", "--model", vision(), "--json", "-n", "4", "--image", picture()});
        const Finished run = runLapidary(arguments);
        EXPECT_EQ(run.code, 0) << run.err;
        return json::parse(run.out);
    };
    // In --raw the picture stands before a text that names no place.
    const json named = ids({"--raw", "--prompt", "<start_of_image>a b"});
    EXPECT_EQ(named["prompt_tokens"], ids({"--raw", "--prompt", "a b"})["prompt_tokens"]);
    EXPECT_EQ(named["ids"], ids({"--raw", "--prompt", "a b"})["ids"]);
    EXPECT_GT(ids({"--raw", "--prompt", "a <start_of_image> b"})["prompt_tokens"], 11);
    EXPECT_GT(ids({"--parse-special", "--prompt", "a <start_of_image> b"})["prompt_tokens"], 11);
    const Finished two = runLapidary(
        {"generate", "--model", vision(), "--raw", "--prompt", "a <start_of_image> b", "-i", picture(), "-i", picture(1)});
    EXPECT_EQ(two.code, 3);
    EXPECT_NE(two.err.find("1 typed <start_of_image> but 2 pictures"), std::string::npos) << two.err;
}

// Another encoding must not become replacement characters without a word: Latin-1's e with an acute accent is byte 4.
TEST_F(Verbs, TextsThatAreNotUtf8AreRefusedWithTheirPlace) {
    const std::string latin = "caf\xE9 au lait";
    const std::string latinFile = file("latin.txt", latin);
    const std::string messages = file("latin.json", R"([{"role":"user","content":")" + latin + "\"}]");
    const std::string batch = file("latin.jsonl", "{\"prompt\":\"a\"}\n{\"prompt\":\"" + latin + "\"}\n");
    struct Case {
        std::vector<std::string> arguments;
        std::string input;
        std::string place;
    };
    for (const Case& wrong : std::vector<Case>{
             {{"tokenize", latin}, "", "TEXT: expected a text in UTF-8, found 0xE9 at byte 4"},
             {{"tokenize"}, latin, "standard input: expected a text in UTF-8, found 0xE9 at byte 4"},
             {{"tokenize", "--messages", messages}, "", "latin.json"},
             {{"generate", "--prompt", latin}, "", "--prompt: expected a text in UTF-8, found 0xE9 at byte 4"},
             {{"generate"}, latin, "standard input: expected a text in UTF-8, found 0xE9 at byte 4"},
             {{"generate", "--prompt", "a", "--system", latin}, "", "--system: expected"},
             {{"generate", "--messages", messages}, "", "latin.json"},
             {{"generate", "--batch", batch}, "", "line 2"},
             {{"forward", "--prompt", latin, "--output", path("out.safetensors")}, "", "--prompt: expected"},
             {{"score", "--text-file", latinFile}, "", "latin.txt: expected a text in UTF-8, found 0xE9 at byte 4"},
             {{"chat", "--system", latin}, "", "--system: expected"},
             {{"chat"}, "/help\n" + latin + "\n", "standard input, line 2: expected a text in UTF-8, found 0xE9 at byte 4"}}) {
        auto arguments = wrong.arguments;
        arguments.insert(arguments.begin() + 1, {"--model", text()});
        const Finished run = runLapidary(arguments, wrong.input);
        EXPECT_EQ(run.code, 3) << wrong.place << "\n" << run.err;
        EXPECT_EQ(run.out, "") << wrong.place;
        EXPECT_NE(run.err.find(wrong.place), std::string::npos) << wrong.place << "\n" << run.err;
        EXPECT_TRUE(run.err.find("byte") != std::string::npos) << run.err;
    }
}

// Row 24: the message with the wrong number of pictures is named.
TEST_F(Verbs, Fault24PictureCountIsTold) {
    const Finished run = runLapidary(
        {"generate", "--model", vision(), "--raw", "--prompt", "<start_of_image> and <start_of_image>", "--image", picture()});
    EXPECT_EQ(run.code, 3) << run.err;
    EXPECT_NE(run.err.find("picture"), std::string::npos) << run.err;
}

// Row 25: a prompt that does not fit is refused before it is computed.
TEST_F(Verbs, Fault25APromptBeyondTheContextIsRefused) {
    const Finished run = runLapidary(
        {"generate", "--model", text(), "--prompt", "word word word word word word word word word", "--context", "8"});
    EXPECT_NE(run.code, 0);
    EXPECT_NE(run.err.find('8'), std::string::npos) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(runLapidary({"generate", "--model", text(), "--prompt", "a", "--context", "5000"}).code, 2);
    EXPECT_EQ(
        runLapidary({"generate", "--model", text(), "--prompt", "a", "--context", "5000", "--force-context", "-n", "2"}).code,
        0);
}

// Row 61: unknown keys and impossible numbers name their place.
TEST_F(Verbs, Fault61MessagesFilesAreChecked) {
    const auto run = [&](const std::string& bytes) {
        return runLapidary({"generate", "--model", text(), "--messages", file("m.json", bytes), "-n", "1"});
    };
    const Finished unknown = run(R"([{"role":"user","contnt":"hi"}])");
    EXPECT_EQ(unknown.code, 3);
    EXPECT_NE(unknown.err.find("content"), std::string::npos) << unknown.err;
    EXPECT_EQ(run("[{\"role\":").code, 3);
    EXPECT_EQ(run(R"([{"role":"user","content":null}])").code, 3);
    EXPECT_EQ(run(R"([{"role":"assistant","content":"hi"}])").code, 3);
    EXPECT_EQ(run("[]").code, 3);
    const Finished crops = runLapidary(
        {"generate", "--model", vision(), "--prompt", "a", "--image", picture(), "--crops", file("c.json", "[[0,0,1e309,4]]")});
    EXPECT_EQ(crops.code, 3) << crops.err;
}

}  // namespace
}  // namespace lapidary::test
