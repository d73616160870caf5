// `--adapter` in the verbs, `convert merge`, `convert cast`, and adapters switched in the engine, as a user runs them.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/process/child_process.h"
#include "tests/process/verbs_fixture.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

class AdapterVerbs : public Verbs {
protected:
    static std::string model() { return goldenPath("finetune/model"); }
    static std::string adapter(const std::string& name) { return goldenPath("finetune/" + name + "/adapter_final"); }

    static json ids(std::vector<std::string> more) {
        std::vector<std::string> arguments{"generate", "--prompt", "What colour?", "-n", "6", "--json"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const auto run = runLapidary(arguments);
        EXPECT_EQ(run.code, 0) << run.err;
        return run.code == 0 ? json::parse(run.out).at("ids") : json();
    }
};

TEST_F(AdapterVerbs, AMergedFolderAnswersAsBaseAndAdapter) {
    const auto run = runLapidary(
        {"convert", "merge", "--model", model(), "--adapter", adapter("dora"), "--output", path("merged"), "--json"});
    ASSERT_EQ(run.code, 0) << run.err;
    const json report = json::parse(run.out);
    EXPECT_EQ(report.at("changed_tensors"), 28);
    EXPECT_LE(report.at("merged_to_adapter").get<double>(), 3e-5);
    EXPECT_GT(report.at("merged_to_base").get<double>(), 0.1);
    const json adapted = ids({"--model", model(), "--adapter", adapter("dora")});
    EXPECT_EQ(ids({"--model", path("merged")}), adapted);
    EXPECT_NE(ids({"--model", model()}), adapted);
    EXPECT_EQ(
        runLapidary({"convert", "merge", "--model", model(), "--adapter", adapter("dora"), "--output", path("merged")}).code, 2)
        << "nothing is overwritten";
}

TEST_F(AdapterVerbs, ACastFolderAnswersAndTakesHalfTheBytes) {
    const std::vector<std::string> cast{"convert",  "cast",     "--model",    model(), "--dtype",
                                        "bfloat16", "--output", path("half"), "--json"};
    const auto run = runLapidary(cast);
    ASSERT_EQ(run.code, 0) << run.err;
    const json report = json::parse(run.out);
    EXPECT_EQ(report.at("tensors"), report.at("cast_tensors"));
    EXPECT_LE(report.at("largest_relative_change").get<double>(), 0x1p-8);
    const auto bytes = [](const std::string& folder) { return std::filesystem::file_size(folder + "/model.safetensors"); };
    EXPECT_NEAR(static_cast<double>(bytes(model())) / static_cast<double>(bytes(path("half"))), 2.0, 0.1);
    EXPECT_FALSE(ids({"--model", path("half")}).empty());
    EXPECT_FALSE(ids({"--model", path("half"), "--adapter", adapter("lora")}).empty());
    EXPECT_EQ(runLapidary(cast).code, 2) << "nothing is overwritten";
    EXPECT_EQ(runLapidary({"convert", "cast", "--model", model(), "--dtype", "int8", "--output", path("other")}).code, 2);
}

TEST_F(AdapterVerbs, AWrongAdapterIsBadInput) {
    const auto missing = runLapidary({"generate", "--model", model(), "--adapter", path("none"), "--prompt", "a"});
    EXPECT_EQ(missing.code, 3);
    EXPECT_NE(missing.err.find("--adapter"), std::string::npos) << missing.err;
    const auto other = runLapidary({"generate", "--model", vision(), "--adapter", adapter("lora"), "--prompt", "a"});
    EXPECT_EQ(other.code, 3) << other.err;
    EXPECT_NE(other.err.find("another base model"), std::string::npos) << other.err;
}

}  // namespace
}  // namespace lapidary::test
