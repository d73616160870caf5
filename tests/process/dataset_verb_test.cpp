// `lapidary dataset`: what scripts rely on: exit codes, JSON, the files of a preview and of a copy.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/data/image/image_reader.h"
#include "tests/process/verbs_fixture.h"
#include "tests/support/arrow_writer.h"

namespace {

using namespace lapidary;
using nlohmann::json;
using test::runLapidary;

class DatasetVerb : public test::Verbs {
protected:
    [[nodiscard]] std::string set(const std::string& name, const std::string& lines) const {
        (void)picture(0);
        (void)picture(1);
        return file(name, lines);
    }
};

const char* const kLines =
    "{\"question\":\"What colour?\",\"answer\":\"Red\",\"image\":\"picture0.png\"}\n{\"question\":\"And "
    "this?\",\"answer\":\"Blue\",\"image\":\"picture1.png\"}\n";

TEST_F(DatasetVerb, CheckCountsRowsTokensAndColumns) {
    const auto outcome = runLapidary({"dataset", "check", set("train.jsonl", kLines), "--model", vision(), "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const json report = json::parse(outcome.out)["train"];
    EXPECT_EQ(report["usable"], true);
    EXPECT_EQ(report["rows"], 2);
    EXPECT_EQ(report["samples"], 2);
    EXPECT_EQ(report["columns"]["question"]["prompt"], 2);
    EXPECT_GT(report["tokens"]["learned"], 2);
    EXPECT_EQ(report["findings"], json::array());
}

TEST_F(DatasetVerb, CheckNamesRowsAndLeavesWithThree) {
    const std::string lines = std::string(kLines) + "{\"question\":\"Q\",\"answer\":\"A\",\"image\":\"gone.png\"}\nnot json\n";
    const auto refused = runLapidary({"dataset", "check", set("train.jsonl", lines)});
    EXPECT_EQ(refused.code, 3);
    EXPECT_NE(refused.out.find("error picture_missing: 1"), std::string::npos) << refused.out;
    EXPECT_NE(refused.out.find("train.jsonl:3: no such file"), std::string::npos) << refused.out;
    EXPECT_NE(refused.out.find("train.jsonl:4: not valid JSON"), std::string::npos) << refused.out;
    EXPECT_NE(refused.err.find("2 rows of 4 cannot be used"), std::string::npos) << refused.err;
    const auto skipped = runLapidary({"dataset", "check", set("train.jsonl", lines), "--bad-rows", "skip", "--json"});
    EXPECT_EQ(skipped.code, 0) << skipped.err;
    EXPECT_EQ(json::parse(skipped.out)["train"]["usable_rows"], 2);
    EXPECT_EQ(json::parse(skipped.out)["train"]["counts"]["bad_row"]["rows"], 1);
    EXPECT_EQ(runLapidary({"dataset", "check", path("none.jsonl")}).code, 3);
    EXPECT_EQ(runLapidary({"dataset", "check", set("train.jsonl", kLines), "--loss-mask", "all"}).code, 2);
    EXPECT_EQ(runLapidary({"dataset"}).code, 2);
}

TEST_F(DatasetVerb, CheckFindsOverlapWithTheEvaluationSet) {
    const std::string train = set("train.jsonl", kLines);
    const std::string eval = set("eval.jsonl", "{\"question\":\"New?\",\"answer\":\"A\",\"image\":\"picture1.png\"}\n");
    const auto outcome = runLapidary({"dataset", "check", train, "--eval", eval, "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(json::parse(outcome.out)["eval"]["counts"]["overlap_picture"]["rows"], 1);
}

TEST_F(DatasetVerb, PreviewShowsTokensLabelsAndViews) {
    const auto outcome = runLapidary({"dataset", "preview", set("train.jsonl", kLines), "--model", vision(), "--index", "1",
                                      "--output", path("views"), "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const json sample = json::parse(outcome.out);
    EXPECT_EQ(sample["id"], "train.jsonl:2");
    EXPECT_EQ(sample["ids"].size(), sample["labels"].size());
    EXPECT_EQ(sample["template_problems"], json::array());
    for (std::size_t t = 0; t + 1 < sample["ids"].size(); ++t) {
        EXPECT_EQ(sample["learned"][t + 1], sample["labels"][t] != -100);
        if (sample["labels"][t] != -100) {
            EXPECT_EQ(sample["labels"][t], sample["ids"][t + 1]);
        }
    }
    ASSERT_EQ(sample["views"].size(), 1U);
    EXPECT_EQ(sample["views"][0]["tokens"][1].get<int>() - sample["views"][0]["tokens"][0].get<int>(), 9);
    const auto png = image::readPicture(sample["views"][0]["file"].get<std::string>());
    ASSERT_TRUE(png) << png.error().toString();
    EXPECT_EQ(png->width, 84);
    const auto text = runLapidary({"dataset", "preview", set("train.jsonl", kLines), "--model", vision()});
    EXPECT_EQ(text.code, 0) << text.err;
    EXPECT_NE(text.out.find("<image_soft_token>  × 9"), std::string::npos) << text.out;
    EXPECT_EQ(runLapidary({"dataset", "preview", set("train.jsonl", kLines), "--model", vision(), "--index", "2"}).code, 3);
    EXPECT_EQ(runLapidary({"dataset", "preview", set("train.jsonl", kLines)}).code, 2);
}

TEST_F(DatasetVerb, MakeCopiesReceipts) {
    const auto png = image::readPicture(picture());
    ASSERT_TRUE(png);
    std::ifstream in(picture(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    const json cell{{"bytes", json::binary(std::vector<std::uint8_t>(bytes.begin(), bytes.end()))}};
    test::writeParquet(path("cord/data/test-0.parquet"),
                       {{{"image", "image"}, {"ground_truth", "string"}},
                        {{{"image", cell}, {"ground_truth", "{\"gt_parse\":{\"nm\":\"x\"}}"}}}});
    const auto made = runLapidary(
        {"dataset", "make", "cord-v2", "--from", path("cord"), "--split", "test", "--output", path("out"), "--json"});
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(json::parse(made.out)["rows"], 1);
    EXPECT_EQ(runLapidary({"dataset", "check", path("out"), "--split", "test"}).code, 0);
    EXPECT_EQ(
        runLapidary({"dataset", "make", "cord-v2", "--from", path("cord"), "--split", "train", "--output", path("out")}).code,
        3);
}

}  // namespace
