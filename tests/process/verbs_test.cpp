// What all verbs share: options, exit codes, models and devices; and `inspect`.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/process/verbs_fixture.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

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
    const Finished temperature = runLapidary({"generate", "--model", text(), "--prompt", "a", "--temperature", "-1"});
    EXPECT_EQ(temperature.code, 2);
    EXPECT_NE(temperature.err.find("temperature: expected 0 (greedy) or above, found -1\n"), std::string::npos)
        << temperature.err;
    EXPECT_EQ(runLapidary({"generate", "--model", text(), "--prompt", "a", "-n", "0"}).code, 2);  // as in the engine
    EXPECT_EQ(runLapidary({"generate", "--model", text(), "--prompt", "a", "--top-p", "0"}).code, 2);
    EXPECT_EQ(runLapidary({"generate", "--prompt", "a"}).code, 2);
    EXPECT_EQ(runLapidary({"generate", "--model", text(), "--prompt", "a", "--logprobs", "2"}).code, 2);
}

TEST_F(Verbs, WhatStandsInAVerbsPlaceIsNamed) {
    const auto complains = [](const std::vector<std::string>& arguments, const std::vector<std::string>& words) {
        const Finished run = runLapidary(arguments);
        EXPECT_EQ(run.code, 2);
        for (const std::string& word : words) EXPECT_NE(run.err.find(word), std::string::npos) << word << ": " << run.err;
    };
    complains({}, {"expected one of chat, generate"});
    complains({"--json", "inspect"}, {"'--json' stands before any verb"});
    complains({"model", "fetch"}, {"expected one of list, pull, remove, verify, found 'fetch'"});
    complains({"model"}, {"expected one of list, pull, remove, verify\n"});
    complains({"model", "pull"}, {"id is required"});
}

// Nothing that was typed is passed over: no model exists, so these are refused before one is looked for.
TEST_F(Verbs, OptionsThatCannotBothBeMeantAreRefused) {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"generate", "--model", "/none", "--hf_model_path", "/other", "--prompt", "a"},
             {"generate", "--model", "/none", "--prompt", "a", "--temperature", "-1"},
             {"generate", "--model", "/none", "--prompt", "a", "--stop", ""},
             {"chat", "--model", "/none", "--min-p", "2"},
             {"tokenize", "--model", "/none", "--messages", "m.json", "a text"},
             {"tokenize", "--model", "/none", "--messages", "m.json", "--decode"},
             {"tokenize", "--model", "/none", "--skip-special", "a text"},
             {"generate", "--model", "/none", "--prompt", "a", "--crops", "/none.json"},
             {"generate", "--model", "/none", "--prompt", "a", "-i", "a.png", "-i", "b.png", "--crops", "/none.json"},
             {"generate", "--model", "/none", "--batch", file("batch.jsonl", R"({"prompt":"a"})"), "--crops", "/none.json"},
             {"forward", "--model", "/none", "--prompt", "a", "--crops", "/none.json", "--output", path("o")},
             {"forward", "--model", "/none", "--input-ids", "/none.json", "--crops", "/none.json", "--output", path("o")},
             {"tokenize", "--model", "/none", "a text", "--crops", "/none.json"},
             {"generate", "--model", "/none", "--prompt", "a", "-i", "a.png", "--pan-and-scan-max-num-crops", "2"},
             {"generate", "--model", "/none", "--prompt", "a", "--no-pan-and-scan", "--pan-and-scan-min-crop-size", "9"},
             {"forward", "--model", "/none", "--input-ids", "/none", "--pan-and-scan-max-num-crops", "2", "-o", path("o")},
             {"tokenize", "--model", "/none", "a text", "--pan-and-scan-min-ratio-to-activate", "1.5"},
             {"dataset", "check", "/none.jsonl", "--model", "/none", "--pan-and-scan-max-num-crops", "2"},
             {"generate", "--model", "/none", "--prompt", "a", "--pan-and-scan"},
             {"tokenize", "--model", "/none", "a text", "--pan-and-scan"},
             {"processor", picture(), "--pan-and-scan-max-num-crops", "2"},
             {"processor", picture(), "--pan-and-scan", "--crops", "/none.json"},
             {"processor", picture(), "--pan-and-scan", "--pan-and-scan-max-num-crops", "0"},
             {"processor", picture(), "--pan-and-scan", "--pan-and-scan-min-crop-size", "-3"}}) {
        const Finished run = runLapidary(arguments);
        EXPECT_EQ(run.code, 2) << testing::PrintToString(arguments) << run.err;
    }
    EXPECT_EQ(runLapidary({"generate", "--model", "/none", "--prompt", "a", "--stop", "a\xff"}).code, 3);
}

TEST_F(Verbs, MissingModelIsCode3) {
    const Finished missing = runLapidary({"generate", "--model", "/no/such/folder", "--prompt", "a"});
    EXPECT_EQ(missing.code, 3);
    EXPECT_NE(missing.err.find("/no/such/folder"), std::string::npos);
    EXPECT_EQ(runLapidary({"generate", "--model", text(), "--adapter", text(), "--prompt", "a"}).code, 3);
    const Finished help = runLapidary({"generate", "--help"});
    EXPECT_NE(help.out.find("or demo: the small model that comes with Lapidary"), std::string::npos) << help.out;
    const std::string weights = file("one.safetensors", "");
    const Finished alone = runLapidary({"generate", "--model", weights, "--prompt", "a"});
    EXPECT_EQ(alone.code, 3);
    EXPECT_NE(alone.err.find("one.safetensors' holds weights alone: config.json is expected beside it"), std::string::npos)
        << alone.err;
    const std::string inFolder = text() + "/model.safetensors";
    EXPECT_EQ(runLapidary({"generate", "--model", inFolder, "--prompt", "a", "-n", "1"}).code, 0);
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

// Row 62: a device that is not there is refused with what would work.
TEST_F(Verbs, Fault62AMissingGpuIsToldClearly) {
    const Finished run = runLapidary({"generate", "--model", text(), "--prompt", "a", "--device", "cuda:63"});
    EXPECT_NE(run.code, 0);
    EXPECT_NE(run.err.find("cuda"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("cpu"), std::string::npos) << run.err;
    EXPECT_EQ(runLapidary({"generate", "--model", text(), "--prompt", "a", "-n", "1", "--device", "cpu"}).code, 0);
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
    EXPECT_NE(text.out.find("memory on cpu for a context of"), std::string::npos);
}

// The tiny model's rows (48 and 80 values) are whole rows for int8, and no whole blocks of 32.
TEST_F(Verbs, WhatQuantizeCannotDoIsSaid) {
    const Finished answer = runLapidary({"generate", "--model", vision(), "--prompt", "a", "-n", "1", "--quantize", "q4_0"});
    EXPECT_EQ(answer.code, 0);
    EXPECT_NE(answer.err.find("matrices stay as stored"), std::string::npos) << answer.err;
    EXPECT_EQ(
        runLapidary({"generate", "--model", vision(), "--prompt", "a", "-n", "1", "--quantize", "int8"}).err.find("warning"),
        std::string::npos);
    const auto weights = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"inspect", "--model", vision(), "--json"});
        return json::parse(runLapidary(more).out);
    };
    const json plain = weights({});
    const json quantised = weights({"--quantize", "int8"});
    for (const char* part : {"language weights", "vision weights"})
        EXPECT_LT(quantised["forecast"]["bytes"][part].get<int>(), plain["forecast"]["bytes"][part].get<int>()) << part;
    EXPECT_EQ(weights({"--quantize", "q4_0"})["warnings"].size(), 1U);
    EXPECT_EQ(runLapidary({"inspect", "--model", vision(), "--context", "0"}).code, 2);
}

TEST_F(Verbs, ProcessorTakesSeveralPictures) {
    const Finished run = runLapidary({"processor", picture(0), picture(1), "--json", "-i", picture(2)});
    ASSERT_EQ(run.code, 0) << run.err;
    const json pictures = json::parse(run.out)["pictures"];
    ASSERT_EQ(pictures.size(), 3U);
    EXPECT_EQ(pictures[0]["source"], picture(0));
    EXPECT_EQ(pictures[1]["source"], picture(1));
    EXPECT_EQ(pictures[2]["source"], picture(2));
    EXPECT_EQ(runLapidary({"processor"}).code, 2);
}

TEST_F(Verbs, AFullOutputDeviceIsAnError) {
    EXPECT_NE(std::system(
                  (lapidaryExecutable().string() + " tokenize --model " + text() + " hello > /dev/full 2> /dev/null").c_str()),
              0);
}

}  // namespace
}  // namespace lapidary::test
