// `lapidary forward` and `lapidary score`: the numbers, by ids and by pictures.
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/data/files/safetensors_file.h"
#include "tests/process/verbs_fixture.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

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

// Ids need no tokenizer: one that cannot be read is only told of.
TEST_F(Verbs, IdsWorkWhereTheTokenizerCannotBeUsed) {
    const std::string ids = file("ids.json", "[2, 30, 41, 52]");
    const auto forward = [&](const std::string& name) {
        const std::string output = path(name);
        const Finished run = runLapidary({"forward", "--model", text(), "--input-ids", ids, "--output", output});
        EXPECT_EQ(run.code, 0) << run.err;
        return std::pair(floats(output, "logits"), run.err);
    };
    const auto before = forward("before.safetensors");
    EXPECT_EQ(before.second.find("tokenizer"), std::string::npos) << before.second;
    json tokenizer = json::parse(std::ifstream(text() + "/tokenizer.json"));
    tokenizer["normalizer"] = nullptr;
    (void)file("text/tokenizer.json", tokenizer.dump());
    const auto after = forward("after.safetensors");
    EXPECT_EQ(after.first, before.first);
    EXPECT_NE(after.second.find("warning: the tokenizer cannot be used"), std::string::npos) << after.second;
    EXPECT_NE(after.second.find("normalizer"), std::string::npos) << after.second;
    EXPECT_EQ(runLapidary({"score", "--model", text(), "--input-ids", ids}).code, 0);
    for (const Finished& refused : {runLapidary({"score", "--model", text(), "--text-file", file("text.txt", "Hello")}),
                                    runLapidary({"forward", "--model", text(), "--prompt", "a", "--output", path("no")})}) {
        EXPECT_EQ(refused.code, 3);
        EXPECT_NE(refused.err.find("normalizer"), std::string::npos) << refused.err;
    }
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
}

TEST_F(Verbs, AnIdOutsideTheVocabularyIsNamedWithItsPlace) {
    const std::string ids = file("bad.json", "[2, 30, 99999, 41]");
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"score", "--model", text(), "--input-ids", ids},
             {"forward", "--model", text(), "--input-ids", ids, "--output", path("out.safetensors")},
             {"forward", "--model", vision(), "--input-ids", ids, "--output", path("out.safetensors")}}) {
        const Finished run = runLapidary(arguments);
        EXPECT_EQ(run.code, 3) << run.err;
        for (const std::string& part : {ids + ": entry 2: ", std::string("(the vocabulary has "), std::string("found 99999")})
            EXPECT_NE(run.err.find(part), std::string::npos) << part << ": " << run.err;
    }
    EXPECT_FALSE(std::filesystem::exists(path("out.safetensors")));
}

}  // namespace
}  // namespace lapidary::test
