// The real executable on tiny checkpoints: what it prints where, and how it leaves.
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>

#include "core/data/files/safetensors_file.h"
#include "tests/process/child_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

class Verbs : public ::testing::Test {
protected:
    [[nodiscard]] std::string vision() const { return model("vision", buildTinyVisionModel, ChatTemplate::Present); }
    [[nodiscard]] std::string text() const { return model("text", buildTinyTextModel, ChatTemplate::Present); }
    [[nodiscard]] std::string base() const { return model("base", buildTinyTextModel, ChatTemplate::Absent); }
    [[nodiscard]] std::string picture(int variant = 0) const {
        const auto path = m_folder.path() / ("picture" + std::to_string(variant) + ".png");
        writePicture(path, variant);
        return path;
    }
    [[nodiscard]] std::string file(const std::string& name, const std::string& bytes) const {
        return m_folder.write(name, bytes);
    }
    [[nodiscard]] std::string path(const std::string& name) const { return m_folder.path() / name; }

private:
    template <class Build>
    [[nodiscard]] std::string model(const char* name, Build build, ChatTemplate chatTemplate) const {
        const auto folder = m_folder.path() / name;
        if (!std::filesystem::exists(folder)) build(folder, chatTemplate);
        return folder;
    }

    TempDir m_folder;
};

std::vector<float> floats(const std::string& file, const std::string& name, std::vector<std::int64_t>* shape = nullptr) {
    const auto opened = files::SafetensorsFile::open(file);
    if (!opened) throw std::runtime_error(opened.error().toString());
    const auto* tensor = (*opened)->find(name);
    if (tensor == nullptr) throw std::runtime_error("no tensor " + name);
    if (shape != nullptr) *shape = tensor->shape;
    const auto bytes = (*opened)->bytes(*tensor);
    std::vector<float> values(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

TEST_F(Verbs, VersionNamesEverything) {
    const Finished run = runLapidary({"--version"});
    EXPECT_EQ(run.code, 0);
    for (const char* word : {"lapidary 0.", "commit ", "LibTorch 2.", "CUDA", "CPU features"})
        EXPECT_NE(run.out.find(word), std::string::npos) << word;
}

TEST_F(Verbs, EveryVerbHelpsWithAnExample) {
    for (const char* verb : {"chat", "generate", "forward", "score", "tokenize", "inspect", "engine", "bench"}) {
        const Finished run = runLapidary({verb, "--help"});
        EXPECT_EQ(run.code, 0) << verb;
        EXPECT_NE(run.out.find(std::string("Example:\n  lapidary ") + verb), std::string::npos) << verb;
        EXPECT_EQ(run.err, "") << verb;
    }
}

TEST_F(Verbs, WrongUsageIsCode2AndSaysWhatWouldBeRight) {
    EXPECT_EQ(runLapidary({}).code, 2);
    const Finished verb = runLapidary({"genrate"});
    EXPECT_EQ(verb.code, 2);
    EXPECT_NE(verb.err.find("did you mean 'generate'"), std::string::npos) << verb.err;
    EXPECT_EQ(verb.out, "");
    EXPECT_EQ(runLapidary({"generate", "--no-such-option"}).code, 2);
    EXPECT_EQ(runLapidary({"generate", "--model", text(), "--prompt", "a", "--temperature", "-1"}).code, 2);
    EXPECT_EQ(runLapidary({"generate", "--model", text(), "--prompt", "a", "--top-p", "0"}).code, 2);
    EXPECT_EQ(runLapidary({"generate", "--prompt", "a"}).code, 2);
    EXPECT_EQ(runLapidary({"generate", "--model", text(), "--prompt", "a", "--logprobs", "2"}).code, 2);
}

TEST_F(Verbs, MissingModelIsCode3) {
    const Finished missing = runLapidary({"generate", "--model", "/no/such/folder", "--prompt", "a"});
    EXPECT_EQ(missing.code, 3);
    EXPECT_NE(missing.err.find("/no/such/folder"), std::string::npos);
    const Finished demo = runLapidary({"generate", "--model", "demo", "--prompt", "a"});
    EXPECT_EQ(demo.code, 3);
    EXPECT_NE(demo.err.find("demo model"), std::string::npos);
    EXPECT_EQ(runLapidary({"generate", "--model", text(), "--adapter", text(), "--prompt", "a"}).code, 3);
}

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

TEST_F(Verbs, MegatronBridgesSpellingsAreTaken) {
    const Finished own = runLapidary(
        {"generate", "--model", vision(), "--image", picture(), "--prompt", "What?", "--max-new-tokens", "3", "--json"});
    const Finished bridge = runLapidary({"generate", "--hf_model_path", vision(), "--image_path", picture(), "--prompt",
                                         "What?", "--max_new_tokens", "3", "--json"});
    ASSERT_EQ(bridge.code, 0) << bridge.err;
    EXPECT_EQ(json::parse(bridge.out)["ids"], json::parse(own.out)["ids"]);
    EXPECT_EQ(runLapidary({"generate", "--megatron_model_path", "/no/such", "--hf_model_path", vision(), "--prompt", "a"}).code,
              3);
}

TEST_F(Verbs, EveryPrecisionAndQuantisationAnswers) {
    for (const char* format : {"int8", "int4", "q8_0", "q4_0"}) {
        const Finished run =
            runLapidary({"generate", "--model", vision(), "--prompt", "Hello", "-n", "2", "--quantize", format});
        EXPECT_EQ(run.code, 0) << format << run.err;
    }
    EXPECT_EQ(runLapidary({"generate", "--model", vision(), "--prompt", "Hello", "-n", "2", "--dtype", "bfloat16"}).code, 0);
    EXPECT_EQ(runLapidary({"generate", "--model", vision(), "--prompt", "Hello", "--dtype", "float16"}).code, 2);
    EXPECT_EQ(runLapidary({"generate", "--model", vision(), "--prompt", "Hello", "--quantize", "q5_0"}).code, 2);
}

TEST_F(Verbs, AnIdInTheLocalCacheIsAModel) {
    const std::string snapshot = path("hf/hub/models--someone--tiny/snapshots/0123abcd");
    buildTinyTextModel(snapshot);
    (void)file("hf/hub/models--someone--tiny/refs/main", "0123abcd");
    const std::map<std::string, std::string> environment{{"HF_HOME", path("hf")}, {"HF_HUB_CACHE", ""}};
    const Finished run = runLapidary({"generate", "--model", "someone/tiny", "--prompt", "Hello", "-n", "2"}, "", environment);
    EXPECT_EQ(run.code, 0) << run.err;
    const Finished missing = runLapidary({"generate", "--model", "someone/else", "--prompt", "Hello"}, "", environment);
    EXPECT_EQ(missing.code, 3);
    EXPECT_NE(missing.err.find("lapidary model pull"), std::string::npos) << missing.err;
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

// Row 15: a text-only model that is given a picture.
TEST_F(Verbs, Fault15TextOnlyModelRefusesPictures) {
    const Finished run = runLapidary({"generate", "--model", text(), "--prompt", "What?", "--image", picture()});
    EXPECT_EQ(run.code, 3);
    EXPECT_NE(run.err.find("text-only"), std::string::npos) << run.err;
    EXPECT_EQ(run.out, "");
}

// Row 22: addresses inside files need consent, which is asked before anything is fetched.
TEST_F(Verbs, Fault22AddressesInFilesNeedAllowUrls) {
    const std::string messages =
        file("messages.json",
             R"([{"role":"user","content":[{"type":"image","url":"https://127.0.0.1/cat.png"},{"type":"text","text":"?"}]}])");
    const Finished refused = runLapidary({"generate", "--model", vision(), "--messages", messages});
    EXPECT_NE(refused.code, 0);
    EXPECT_NE(refused.err.find("--allow-urls"), std::string::npos) << refused.err;
    // With consent it is the address itself that is refused.
    const Finished local = runLapidary({"generate", "--model", vision(), "--messages", messages, "--allow-urls"});
    EXPECT_NE(local.code, 0);
    EXPECT_EQ(local.err.find("--allow-urls"), std::string::npos) << local.err;
    EXPECT_NE(runLapidary({"generate", "--model", vision(), "--prompt", "a", "--image", "http://example.com/a.png"}).code, 0);
}

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

// Row 59: names that scripts trip over.
TEST_F(Verbs, Fault59OddPathsWork) {
    for (const char* name : {"with spaces", "emoji 😀", "rtl אבג", "trailing."}) {
        const std::string folder = path(name);
        buildTinyTextModel(folder);
        const Finished run = runLapidary({"generate", "--model", folder, "--prompt", "a", "-n", "1"});
        EXPECT_EQ(run.code, 0) << name << run.err;
    }
    const Finished longName = runLapidary({"generate", "--model", std::string(5000, 'x'), "--prompt", "a"});
    EXPECT_NE(longName.code, 0);
    EXPECT_LT(longName.err.size(), 20000U);
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

// Row 62: a device that is not there is refused with what would work.
TEST_F(Verbs, Fault62AMissingGpuIsToldClearly) {
    const Finished run = runLapidary({"generate", "--model", text(), "--prompt", "a", "--device", "cuda:63"});
    EXPECT_NE(run.code, 0);
    EXPECT_NE(run.err.find("cuda"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("cpu"), std::string::npos) << run.err;
    EXPECT_EQ(runLapidary({"generate", "--model", text(), "--prompt", "a", "-n", "1", "--device", "cpu"}).code, 0);
}

TEST_F(Verbs, BaseModelsContinueTextAndSaySo) {
    const Finished run = runLapidary({"generate", "--model", base(), "--prompt", "Hello", "-n", "2", "--json"});
    EXPECT_EQ(run.code, 0);
    EXPECT_NE(run.err.find("base model"), std::string::npos);
    const json ids = json::parse(runLapidary({"tokenize", "--model", base(), "Hello", "--json"}).out);
    EXPECT_EQ(json::parse(run.out)["prompt_tokens"], ids["count"]);
    EXPECT_EQ(runLapidary({"generate", "--model", base(), "--prompt", "Hello", "-n", "2", "--quiet"}).err, "");
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

TEST_F(Verbs, TokenizeShowsWhatTheTemplateMakes) {
    const std::string messages = file("m.json", R"([{"role":"user","content":"Hi"}])");
    const json document = json::parse(runLapidary({"tokenize", "--model", text(), "--messages", messages, "--json"}).out);
    const auto pieces = document["pieces"].get<std::vector<std::string>>();
    EXPECT_EQ(pieces.front(), "<bos>");
    EXPECT_EQ(pieces[1], "<start_of_turn>");
    EXPECT_EQ(pieces.back(), "\n");
}

TEST_F(Verbs, InspectForecastsMoreForALongerContext) {
    const auto inspect = [&](const char* context) {
        const Finished run =
            runLapidary({"inspect", "--model", vision(), "--context", context, "--json", "--tensors", "--check-weights"});
        EXPECT_EQ(run.code, 0) << run.err;
        return json::parse(run.out);
    };
    const json small = inspect("128");
    const json large = inspect("4096");
    EXPECT_LT(small["forecast"]["bytes"]["kv cache"], large["forecast"]["bytes"]["kv cache"]);
    EXPECT_EQ(small["parts"]["total"]["tensors"], small["tensors"].size());
    EXPECT_EQ(small["config"]["mm_tokens_per_image"], 9);
    EXPECT_TRUE(small["parts"].contains("vision"));
    const Finished text = runLapidary({"inspect", "--model", vision()});
    EXPECT_NE(text.out.find("memory for a context of"), std::string::npos);
}

// The golden model of tests/golden/models has no tokenizer; ids are enough.
TEST_F(Verbs, ForwardEqualsTheReference) {
    const json golden = json::parse(goldenText("models/golden.json"));
    const json& example = golden["cases"]["text_a"];
    const json ids = example["input_ids"][0];
    const std::string output = path("out.safetensors");
    const Finished run = runLapidary({"forward", "--model", goldenPath("models/text_a"), "--input-ids",
                                      file("ids.json", ids.dump()), "--output", output, "--hidden-states", "--attentions"});
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(run.out, "");
    std::vector<std::int64_t> shape;
    const std::vector<float> logits = floats(output, "logits", &shape);
    EXPECT_EQ(shape.front(), static_cast<std::int64_t>(ids.size()));
    const json& expected = example["logits"].is_object() ? example["logits"]["data"] : example["logits"];
    ASSERT_EQ(logits.size(), expected.size());
    for (std::size_t i = 0; i < logits.size(); ++i) ASSERT_NEAR(logits[i], expected[i].get<float>(), 2e-5) << i;
    (void)floats(output, "hidden_states.0", &shape);
    EXPECT_EQ(shape.size(), 2U);
    (void)floats(output, "attentions.0", &shape);
    EXPECT_EQ(shape.size(), 3U);
    const Finished last = runLapidary({"forward", "--model", goldenPath("models/text_a"), "--input-ids", path("ids.json"),
                                       "--output", output, "--last", "2"});
    ASSERT_EQ(last.code, 0);
    const std::vector<float> two = floats(output, "logits", &shape);
    EXPECT_EQ(shape.front(), 2);
    for (std::size_t i = 0; i < two.size(); ++i) ASSERT_NEAR(two[i], logits[logits.size() - two.size() + i], 2e-5);
}

TEST_F(Verbs, ForwardWithPicturesHasPixelsAndFeatures) {
    const std::string output = path("out.safetensors");
    const Finished run = runLapidary(
        {"forward", "--model", vision(), "--prompt", "What?", "--image", picture(), "--output", output, "--image-features"});
    ASSERT_EQ(run.code, 0) << run.err;
    std::vector<std::int64_t> shape;
    const std::vector<float> pixels = floats(output, "pixel_values", &shape);
    EXPECT_EQ(shape, (std::vector<std::int64_t>{1, 3, 84, 84}));
    EXPECT_EQ(pixels[83], -1.0F);  // the right half has no red
    (void)floats(output, "image_features", &shape);
    EXPECT_EQ(shape, (std::vector<std::int64_t>{1, 9, 48}));
    // The same from ids and pixels.
    const auto opened = *files::SafetensorsFile::open(output);
    const auto bytes = opened->bytes(*opened->find("input_ids"));
    json ids = json::array();
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
        std::int64_t id = 0;
        std::memcpy(&id, bytes.data() + i, 8);
        ids.push_back(id);
    }
    const std::string again = path("again.safetensors");
    const Finished second = runLapidary({"forward", "--model", vision(), "--input-ids", file("ids.json", ids.dump()),
                                         "--pixel-values", output, "--output", again});
    ASSERT_EQ(second.code, 0) << second.err;
    EXPECT_EQ(floats(again, "logits"), floats(output, "logits"));
}

TEST_F(Verbs, ScoreIsTheMeanOfForwardsLogProbabilities) {
    const std::string ids = file("ids.json", "[2, 30, 41, 52, 63, 74, 85, 96]");
    const json score = json::parse(runLapidary({"score", "--model", text(), "--input-ids", ids, "--json"}).out);
    const std::string output = path("out.safetensors");
    ASSERT_EQ(runLapidary({"forward", "--model", text(), "--input-ids", ids, "--output", output}).code, 0);
    std::vector<std::int64_t> shape;
    const std::vector<float> logits = floats(output, "logits", &shape);
    const std::vector<int> list{2, 30, 41, 52, 63, 74, 85, 96};
    const auto vocab = static_cast<std::size_t>(shape[1]);
    double nll = 0;
    for (std::size_t t = 0; t + 1 < list.size(); ++t) {
        double sum = 0;
        for (std::size_t v = 0; v < vocab; ++v) sum += std::exp(static_cast<double>(logits[t * vocab + v]));
        nll += std::log(sum) - logits[t * vocab + static_cast<std::size_t>(list[t + 1])];
    }
    EXPECT_NEAR(score["mean_nll"].get<double>(), nll / 7, 1e-4);
    EXPECT_EQ(score["scored_tokens"], 7);
    // Windows: every token but the first is scored once.
    const json windows = json::parse(
        runLapidary({"score", "--model", text(), "--input-ids", ids, "--window", "4", "--stride", "2", "--json"}).out);
    EXPECT_EQ(windows["scored_tokens"], 7);
    EXPECT_NE(windows["mean_nll"], score["mean_nll"]);
    EXPECT_EQ(runLapidary({"score", "--model", text(), "--input-ids", file("bad.json", "[2, 99999]")}).code, 3);
}

TEST_F(Verbs, ChatReadsAPipeAndObeysCommands) {
    const std::string saved = path("saved.json");
    const Finished run =
        runLapidary({"chat", "--model", vision(), "-n", "4"}, "Hello\n/image " + picture() +
                                                                  "\nWhat is it?\n/undo\n/pan-and-scan on\n/nonsense\n/save " +
                                                                  saved + "\n/quit\nnever read\n");
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_NE(run.err.find("/nonsense"), std::string::npos);
    const json messages = json::parse(std::ifstream(saved));
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0]["content"][0]["text"], "Hello");
    EXPECT_EQ(messages[1]["role"], "assistant");
    // Standard output holds the two answers and nothing else.
    EXPECT_EQ(run.out.find("picture"), std::string::npos);
    EXPECT_TRUE(run.out.starts_with(messages[1]["content"].get<std::string>() + "\n"));
}

TEST_F(Verbs, ChatSurvivesABadPicture) {
    const Finished run =
        runLapidary({"chat", "--model", vision(), "-n", "2"}, "/image " + file("bad.png", "not a picture") + "\nLook\nHello\n");
    EXPECT_EQ(run.code, 0);
    EXPECT_NE(run.err.find("error"), std::string::npos);
    EXPECT_NE(run.out, "");
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

TEST_F(Verbs, InAChatCtrlCEndsTheAnswerNotTheConversation) {
    (void)text();
    (void)file("text/generation_config.json", R"({"eos_token_id": 100000})");
    ChildProcess child({"chat", "--model", text(), "-n", "900000", "--context", "1000000", "--force-context", "-t", "1000",
                        "--top-k", "0", "--seed", "1"});
    ASSERT_TRUE(child.write("Hello\n"));
    ASSERT_TRUE(child.waitForOutput());
    child.signal(SIGINT);
    ASSERT_TRUE(child.write("/save " + path("saved.json") + "\n/quit\n"));
    const Finished finished = child.wait();
    EXPECT_EQ(finished.code, 0) << finished.err;
    // What was said until then stays in the conversation.
    EXPECT_EQ(json::parse(std::ifstream(path("saved.json"))).size(), 2U);
}

TEST_F(Verbs, ASignalEndsTheWaitForALine) {
    ChildProcess child({"chat", "--model", vision(), "-n", "2", "--json"});
    ASSERT_TRUE(child.write("Hello\n"));
    ASSERT_TRUE(child.readLine().has_value());
    child.signal(SIGTERM);
    EXPECT_EQ(child.wait().code, 5);
}

TEST_F(Verbs, AFullOutputDeviceIsAnError) {
    EXPECT_NE(std::system(
                  (lapidaryExecutable().string() + " tokenize --model " + text() + " hello > /dev/full 2> /dev/null").c_str()),
              0);
}

}  // namespace
}  // namespace lapidary::test
