// The verbs on weights that Google trained, against the oracle of tests/golden/real-270m (its README's tolerances).
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "core/data/files/safetensors_file.h"
#include "tests/process/child_process.h"
#include "tests/support/places.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

class Real270m : public ::testing::TestWithParam<std::size_t> {
protected:
    Real270m() : m_oracle(json::parse(goldenText("real-270m/oracle.json"))["prompts"][GetParam()]) {}

    [[nodiscard]] std::string idsFile() const { return m_folder.write("ids.json", m_oracle["input_ids"].dump()); }

    TempDir m_folder;
    json m_oracle;
    std::string m_model = realModelPath();
};

TEST_P(Real270m, ScoreIsTheOraclesMeanNll) {
    if (m_oracle["input_ids"].size() < 2) {
        // One token has nothing before it: refused, as it must be.
        EXPECT_EQ(runLapidary({"score", "--model", m_model, "--input-ids", idsFile()}).code, 3);
        return;
    }
    const Finished run = runLapidary({"score", "--model", m_model, "--input-ids", idsFile(), "--json"});
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_NEAR(json::parse(run.out)["mean_nll"].get<double>(), m_oracle["prompt_mean_nll"].get<double>(), 1e-3);
}

TEST_P(Real270m, ForwardHasTheOraclesTopTwenty) {
    const std::string output = m_folder.path() / "out.safetensors";
    ASSERT_EQ(runLapidary({"forward", "--model", m_model, "--input-ids", idsFile(), "--output", output, "--last", "1"}).code,
              0);
    const auto file = *files::SafetensorsFile::open(output);
    const auto bytes = file->bytes(*file->find("logits"));
    for (const json& entry : m_oracle["last_top20"]) {
        float logit = 0;
        std::memcpy(&logit, bytes.data() + entry[0].get<std::size_t>() * sizeof logit, sizeof logit);
        EXPECT_NEAR(logit, entry[1].get<float>(), 1e-2) << entry;
    }
}

// Text → ids → greedy ids, as a person gets them.  The oracle was not stopped by end tokens; where two logits are closer than 0.01 the
// paths may part.
TEST_P(Real270m, GenerateContinuesAsTheOracle) {
    std::string list;
    for (const json& id : m_oracle["input_ids"]) list += id.dump() + " ";
    std::string prompt = runLapidary({"tokenize", "--model", m_model, "--decode", list}).out;
    prompt.pop_back();
    const Finished run = runLapidary({"generate", "--model", m_model, "--raw", "--prompt", prompt, "-n", "24", "--json"});
    ASSERT_EQ(run.code, 0) << run.err;
    const json document = json::parse(run.out);
    EXPECT_EQ(document["prompt_tokens"], m_oracle["input_ids"].size());
    for (std::size_t step = 0; step < document["ids"].size(); ++step) {
        if (m_oracle["step_gap"][step].get<double>() < 0.01) break;
        ASSERT_EQ(document["ids"][step], m_oracle["greedy_ids"][step]) << step;
    }
}

INSTANTIATE_TEST_SUITE_P(Prompts, Real270m, ::testing::Values<std::size_t>(0, 1, 2));

}  // namespace
}  // namespace lapidary::test
