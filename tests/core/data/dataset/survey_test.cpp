// The check before a run and the set that the trainer gets (faults 29-31, 34, 35).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/core/data/dataset/dataset_fixture.h"

namespace lapidary::dataset {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

using Fault26Sets = DatasetTest;
using Fault28Sets = DatasetTest;
using Fault29Sets = DatasetTest;
using Fault30Sets = DatasetTest;
using Fault31Sets = DatasetTest;
using Fault33Sets = DatasetTest;
using Fault34Sets = DatasetTest;
using Fault35Sets = DatasetTest;
using Conversations = DatasetTest;

TEST_F(Conversations, SamplesWithViewsByNumber) {
    const auto set =
        open(line("What colour?", "Red", {"1.png"}) + line("Hello", "You") + line("Compare", "Same", {"0.png", "2.png"}));
    ASSERT_TRUE(set) << set.error().toString();
    EXPECT_EQ((*set)->size(), 3);
    const auto sample = (*set)->sample(2);
    ASSERT_TRUE(sample) << sample.error().toString();
    EXPECT_EQ(sample->id, "train.jsonl:3");
    ASSERT_EQ(sample->views.size(), 2U);
    EXPECT_NE(sample->views[0].sha256, sample->views[1].sha256);
    EXPECT_EQ(sample->imageSpans.size(), 2U);
    EXPECT_EQ(sample->images[1].width, 60);
    EXPECT_EQ(std::count(sample->ids.begin(), sample->ids.end(), 459), 8);
    EXPECT_EQ((*set)->sample(1)->views.size(), 0U);
    const auto again = (*set)->sample(2);
    EXPECT_EQ(again->ids, sample->ids);
    EXPECT_EQ(again->labels, sample->labels);
    EXPECT_FALSE((*set)->sample(3));
    EXPECT_FALSE((*set)->sample(-1));
}

TEST_F(Conversations, PanAndScanOpensPicturesToCrops) {
    OpenSetOptions options;
    options.settings.views.mode = image::CropMode::PanAndScan;
    options.settings.views.panAndScan = {10, 4, 1.2};
    const auto set = open(line("What colour?", "Red", {"1.png"}), options);
    ASSERT_TRUE(set) << set.error().toString();
    const auto sample = (*set)->sample(0);
    ASSERT_TRUE(sample);
    EXPECT_EQ(sample->images[0].boxes.size(), 3U);  // 60 x 40: the whole and two crops
    EXPECT_EQ(sample->views.size(), 3U);
    EXPECT_EQ((*set)->report().maxTokens, std::ssize(sample->ids));
}

TEST_F(Fault26Sets, BadRowsStopOrAreSkippedAndCounted) {
    const std::string lines = line("Q", "A") + "{\"prompt\": \n" + line("Q", "B");
    const auto stopped = open(lines);
    ASSERT_FALSE(stopped);
    EXPECT_NE(stopped.error().message.find("1 row of 3 cannot be used; the first is train.jsonl:2: not valid JSON"),
              std::string::npos)
        << stopped.error().message;
    OpenSetOptions skip;
    skip.badRows = BadRows::Skip;
    const auto skipped = open(lines, skip);
    ASSERT_TRUE(skipped) << skipped.error().toString();
    EXPECT_EQ((*skipped)->size(), 2);
    EXPECT_EQ((*skipped)->report().errorRows, 1);
    EXPECT_EQ((*skipped)->report().findings.count(Rule::BadRow), 1);
    EXPECT_EQ((*skipped)->sample(1)->id, "train.jsonl:3");
    EXPECT_FALSE(open("not json\n", skip));
    EXPECT_FALSE(badRows("ignore"));
}

TEST_F(Fault26Sets, DuplicateIdsAndRows) {
    const SurveyReport report = survey(
        "{\"id\":\"a\",\"prompt\":\"Q\",\"answer\":\"A\"}\n{\"id\":\"b\",\"prompt\":\"Q\",\"answer\":\"A\"}\n{\"id\":\"a\","
        "\"prompt\":\"R\",\"answer\":\"B\"}\n");
    EXPECT_EQ(placesOf(report, Rule::DuplicateId), "train.jsonl:3");
    EXPECT_EQ(placesOf(report, Rule::DuplicateRow), "train.jsonl:2");
    EXPECT_EQ(report.usableRows, 3);  // odd, but used
}

TEST_F(Fault28Sets, ColumnUseIsReportedForTheWholeSet) {
    const SurveyReport report = survey(
        "{\"question\":\"Q\",\"answer\":\"A\",\"image\":\"0.png\"}\n{\"question\":\"Q\",\"answer\":\"B\",\"images\":[\"0.png\"]"
        ",\"note\":1}\n");
    EXPECT_EQ(report.columns.at("question").at("prompt"), 2);
    EXPECT_EQ(report.columns.at("image").at("image"), 1);
    EXPECT_EQ(report.columns.at("images").at("image"), 1);
    EXPECT_EQ(report.columns.at("note").at("unused"), 1);
    EXPECT_EQ(report.pictures, 2);
}

TEST_F(Fault29Sets, MissingPictureIsFoundBeforeTheRun) {
    std::string lines;
    for (int i = 1; i <= 1500; ++i) lines += line("Q" + std::to_string(i), "A", {i == 1284 ? "gone.png" : "0.png"});
    const auto set = open(lines);
    ASSERT_FALSE(set);
    EXPECT_NE(set.error().message.find("train.jsonl:1284: no such file: "), std::string::npos) << set.error().message;
    EXPECT_NE(set.error().message.find("gone.png"), std::string::npos);
}

TEST_F(Fault29Sets, PicturesThatCannotBeDecodedOrFetched) {
    folder().write("broken.png", "\x89PNG\r\n\x1a\n and nothing more");
    folder().write("drawing.png", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    fs::create_directory(folder().path() / "folder.png");
    const std::string lines = line("Q", "A", {"broken.png"}) + line("Q", "B", {"drawing.png"}) +
                              line("Q", "C", {"folder.png"}) + line("Q", "D", {"https://example.org/a.png"}) +
                              line("Q", "E", {"data:image/png;base64,!!"}) + line("Q", "F", {"0.png"});
    const SurveyReport report = survey(lines);
    EXPECT_EQ(placesOf(report, Rule::PictureUnreadable), "train.jsonl:1 train.jsonl:2 train.jsonl:5");
    EXPECT_EQ(placesOf(report, Rule::PictureMissing), "train.jsonl:3");
    EXPECT_EQ(placesOf(report, Rule::UrlRefused), "train.jsonl:4");
    EXPECT_EQ(report.usableRows, 1);
    EXPECT_EQ(report.errorRows, 5);
    EXPECT_EQ(report.findings.kept()[1].message.find("SVG") != std::string::npos, true) << report.findings.kept()[1].message;
}

TEST_F(Fault30Sets, TurnsAreCountedByRule) {
    const auto turns = [](const std::vector<std::pair<std::string, std::string>>& list) {
        json messages = json::array();
        for (const auto& [role, content] : list) messages.push_back({{"role", role}, {"content", content}});
        return json{{"messages", messages}}.dump() + "\n";
    };
    const SurveyReport report = survey(
        turns({{"user", "Q"}, {"assistant", "A"}}) + turns({{"assistant", "A"}, {"user", "Q"}}) +
        turns({{"user", "Q"}, {"assistant", " "}}) + turns({{"user", "Q"}, {"system", "S"}, {"assistant", "A"}}) +
        turns({{"user", "Q"}, {"tool", "T"}, {"assistant", "A"}}) + turns({{"user", "Q"}, {"assistant", "A"}, {"user", "R"}}));
    EXPECT_EQ(placesOf(report, Rule::RoleOrder), "train.jsonl:2");
    EXPECT_EQ(placesOf(report, Rule::EmptyAnswer), "train.jsonl:3");
    EXPECT_EQ(placesOf(report, Rule::SystemAfterUser), "train.jsonl:4");
    EXPECT_EQ(placesOf(report, Rule::ToolRole), "train.jsonl:5");
    EXPECT_EQ(placesOf(report, Rule::EndsWithQuestion), "train.jsonl:2 train.jsonl:6");
    EXPECT_EQ(report.usableRows, 2);
}

TEST_F(Fault31Sets, SamplesWithoutLabels) {
    OpenSetOptions options;
    options.settings.mask = LossMaskMode::Search;
    // The texts around a picture are one text to the search, but not in the ids: it is not found.
    const std::string masked = json{{"messages",
                                     {{{"role", "user"}, {"content", "Q"}},
                                      {{"role", "assistant"},
                                       {"content",
                                        {{{"type", "text"}, {"text", "ab"}},
                                         {{"type", "image"}, {"path", "0.png"}},
                                         {{"type", "text"}, {"text", "cd"}}}}}}}}
                                   .dump() +
                               "\n";
    const auto some = open(line("Q", "7") + masked, options);
    ASSERT_TRUE(some) << some.error().toString();
    EXPECT_EQ((*some)->size(), 1);
    EXPECT_EQ(placesOf((*some)->report(), Rule::NoLabels), "train.jsonl:2");
    EXPECT_EQ(placesOf((*some)->report(), Rule::AnswerNotFound), "train.jsonl:2");
    const auto none = open(masked, options);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().message, "every label of every sample is masked: nothing would be learned");
    EXPECT_EQ(none.error().code, ErrorCode::InvalidData);
    EXPECT_TRUE(open(masked)) << "the other rule learns it";
}

TEST_F(Fault33Sets, RenderedTextsAreNamed) {
    const SurveyReport report = survey(line("Q", "A") + line("<bos><start_of_turn>user\nQ<end_of_turn>\n", "A"));
    EXPECT_EQ(placesOf(report, Rule::MarkersInText), "train.jsonl:2");
    EXPECT_TRUE(report.templateProblems.empty());
}

TEST_F(Fault34Sets, OverlapByPixelsAndByText) {
    // The same picture under another name and in another file format counts.
    fs::copy_file(folder().path() / "1.png", folder().path() / "copy.png");
    const SurveyReport training = survey(line("Q", "A", {"0.png"}) + line("R", "B", {"1.png"}) + line("Plain", "C"));
    const SurveyReport eval =
        survey(line("Other", "A", {"copy.png"}) + line("R", "B", {"2.png"}) + line("Plain", "C") + line("R", "B", {"1.png"}),
               {}, SurveyDepth::Decoded, &training);
    EXPECT_EQ(placesOf(eval, Rule::OverlapPicture), "train.jsonl:1 train.jsonl:4");
    EXPECT_EQ(placesOf(eval, Rule::OverlapText), "train.jsonl:3 train.jsonl:4");
    EXPECT_EQ(eval.usableRows, 4);
}

TEST_F(Fault35Sets, EditedFilesAreNamed) {
    const auto set = open(line("Q", "A", {"0.png"}) + line("R", "B", {"1.png"}));
    ASSERT_TRUE(set);
    EXPECT_TRUE((*set)->changedFiles().empty());
    test::writePicture(folder().path() / "2.png", 9);  // no sample's
    EXPECT_TRUE((*set)->changedFiles().empty());
    fs::remove(folder().path() / "1.png");
    test::writePicture(folder().path() / "1.png", 9);  // replaced by one of the same size
    fs::last_write_time(folder().path() / "1.png", fs::file_time_type::clock::now() + std::chrono::seconds(2));
    EXPECT_EQ((*set)->changedFiles(), (std::vector<std::string>{(folder().path() / "1.png").string()}));
    std::ofstream(folder().path() / "train.jsonl", std::ios::app) << line("S", "C");
    fs::remove(folder().path() / "0.png");
    EXPECT_EQ((*set)->changedFiles().size(), 3U);
}

TEST_F(Fault35Sets, FilesThatWereTouchedOrPutBackAreTheSame) {
    const auto set = open(line("Q", "A", {"0.png"}) + line("R", "B"));
    ASSERT_TRUE(set) << set.error().toString();
    const fs::path rows = folder().path() / "train.jsonl";
    const auto write = [&](const std::string& answer) {
        folder().write("train.jsonl", line("Q", answer, {"0.png"}) + line("R", "B"));
        fs::last_write_time(rows, fs::file_time_type::clock::now() + std::chrono::seconds(2));  // however coarse its times are
    };
    write("A");
    EXPECT_TRUE((*set)->changedFiles().empty()) << "touched";
    write("C");
    EXPECT_EQ((*set)->changedFiles(), (std::vector<std::string>{rows.string()}));
    write("A");
    fs::remove(folder().path() / "0.png");
    EXPECT_EQ((*set)->changedFiles().size(), 2U);
    test::writePicture(folder().path() / "0.png", 0);
    EXPECT_TRUE((*set)->changedFiles().empty()) << "put back";
}

TEST_F(Fault35Sets, FingerprintIsOfContentNotOfPlace) {
    const std::string lines = line("Q", "A", {"0.png"}) + line("R", "B", {"1.png"});
    const auto print = [](const Result<std::shared_ptr<const ConversationDataset>>& set) { return (*set)->fingerprint(); };
    const std::string first = print(open(lines));
    EXPECT_EQ(first.size(), 64U);
    const test::TempDir elsewhere;
    for (const char* name : {"0.png", "1.png"}) fs::copy_file(folder().path() / name, elsewhere.path() / name);
    RecordRequest request;
    request.path = elsewhere.write("train.jsonl", lines).string();
    EXPECT_EQ(print(ConversationDataset::open(*RecordSet::open(request), tinyProcessor(), {})), first);
    test::writePicture(elsewhere.path() / "1.png", 9);
    EXPECT_NE(print(ConversationDataset::open(*RecordSet::open(request), tinyProcessor(), {})), first);
    EXPECT_NE(print(open(line("Q", "A", {"0.png"}) + line("R", "C", {"1.png"}))), first);
    OpenSetOptions search;
    search.settings.mask = LossMaskMode::Search;
    EXPECT_NE(print(open(lines, search)), first);
}

TEST_F(Conversations, SurveyCanBeCancelledAndTellsItsProgress) {
    const RecordSet set = records("train.jsonl", line("Q", "A") + line("R", "B"));
    std::stop_source stop;
    std::int64_t last = -1;
    const auto survey = surveyRecords({&set,
                                       nullptr,
                                       {},
                                       SurveyDepth::Files,
                                       nullptr,
                                       [&](std::int64_t row, std::int64_t rows) {
                                           EXPECT_EQ(rows, 2);
                                           last = row;
                                           stop.request_stop();
                                       }},
                                      stop.get_token());
    ASSERT_FALSE(survey);
    EXPECT_EQ(survey.error().code, ErrorCode::Cancelled);
    EXPECT_EQ(last, 0);
}

}  // namespace
}  // namespace lapidary::dataset
