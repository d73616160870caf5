// `lapidary bench` through the real executable: which figures it gives, never how large they are.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/process/child_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

class BenchVerb : public ::testing::Test {
protected:
    [[nodiscard]] std::string textModel() const {
        buildTinyTextModel(m_folder.path() / "text");
        return m_folder.path() / "text";
    }
    [[nodiscard]] std::string visionModel() const {
        buildTinyVisionModel(m_folder.path() / "vision");
        return m_folder.path() / "vision";
    }
    static Finished bench(const std::string& model, std::vector<std::string> more = {}) {
        std::vector<std::string> words{"bench", "--model",  model, "--prompt-tokens", "20", "--max-new-tokens",
                                       "4",     "--rounds", "2"};
        words.insert(words.end(), more.begin(), more.end());
        return runLapidary(words);
    }

    TempDir m_folder;
};

TEST_F(BenchVerb, JsonHasEveryFigureOfATextModel) {
    const Finished run = bench(textModel(), {"--json", "--threads", "1"});
    ASSERT_EQ(run.code, 0) << run.err;
    const json document = json::parse(run.out);
    EXPECT_EQ(document["device"], "cpu");
    EXPECT_EQ(document["dtype"], "float32");
    EXPECT_EQ(document["threads"], 1);
    EXPECT_EQ(document["rounds"], 2);
    for (const char* place :
         {"/roofline/read_bytes_per_second", "/roofline/flops_per_second", "/opening/first_seconds", "/opening/warm_seconds",
          "/prefill/tokens_per_second", "/prefill/of_roofline", "/decode/tokens_per_second", "/decode/of_roofline"}) {
        const json& figure = document.at(json::json_pointer(place));
        ASSERT_TRUE(figure.is_number()) << place << " in " << document;
        EXPECT_GT(figure.get<double>(), 0.0) << place;
        EXPECT_LT(figure.get<double>(), 1e15) << place;
    }
    EXPECT_EQ(document["roofline"]["flops_dtype"], "float32");
    EXPECT_EQ(document["prefill"]["tokens"], 20);
    EXPECT_EQ(document["decode"]["tokens"], 4);
    EXPECT_FALSE(document.contains("image_encode"));
}

// What decoding costs at least is what the parameter table says: every byte of the text model once, two operations a weight of every
// matrix but the head.
TEST_F(BenchVerb, CostsAreThoseOfTheInspectedModel) {
    const std::string model = textModel();
    const json document = json::parse(bench(model, {"--json"}).out);
    const json inspected = json::parse(runLapidary({"inspect", "--model", model, "--json"}).out);
    const json language = inspected.at("parts").at("language");
    EXPECT_EQ(document["decode"]["bytes_per_token"].get<double>(), language["bytes"].get<double>()) << inspected;
    EXPECT_LT(document["prefill"]["flops_per_token"].get<double>(), 2.0 * language["parameters"].get<double>());
    EXPECT_GT(document["prefill"]["flops_per_token"].get<double>(), 0.0);
}

TEST_F(BenchVerb, AVisionModelAlsoLooksAtAView) {
    const std::string model = visionModel();
    const json document = json::parse(bench(model, {"--json"}).out);
    ASSERT_TRUE(document.contains("image_encode"));
    EXPECT_GT(document["image_encode"]["seconds_per_view"].get<double>(), 0.0);
    EXPECT_LT(document["image_encode"]["seconds_per_view"].get<double>(), 600.0);
    const Finished text = bench(model);
    EXPECT_EQ(text.code, 0) << text.err;
    for (const char* line : {"device       cpu, float32, ", "roofline     ", "opening      ", "prefill      ", "decode       ",
                             "image        ", "tokens/s (20 tokens), ", "tokens/s (4 tokens), "}) {
        EXPECT_NE(text.out.find(line), std::string::npos) << line << "\n" << text.out;
    }
}

TEST_F(BenchVerb, MoreTokensThanTheContextIsAWrongOption) {
    const std::string model = textModel();
    const Finished run = bench(model, {"--context", "23"});
    EXPECT_EQ(run.code, 2);
    EXPECT_NE(run.err.find("--prompt-tokens: the model holds 23 tokens"), std::string::npos) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(bench(model, {"--context", "24"}).code, 0);
    EXPECT_EQ(bench(model, {"--rounds", "0"}).code, 2);
    EXPECT_EQ(bench(m_folder.path() / "none").code, 3);
}

}  // namespace
}  // namespace lapidary::test
