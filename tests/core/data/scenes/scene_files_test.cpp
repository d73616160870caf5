#include "core/data/scenes/scene_files.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "core/data/dataset/conversation_dataset.h"
#include "core/data/image/image_reader.h"
#include "core/data/scenes/draw.h"
#include "core/data/scenes/evaluation.h"
#include "core/data/scenes/initial_model.h"
#include "core/shared/base/file.h"
#include "core/shared/base/json.h"
#include "tests/support/temp_dir.h"

namespace lapidary::scenes {
namespace {

std::vector<Json> linesOf(const std::filesystem::path& path) {
    std::vector<Json> lines;
    std::istringstream text(readFile(path, 1U << 20U).value());
    for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
    return lines;
}

TEST(SceneFiles, HoldTheAskedScenes) {
    const test::TempDir folder;
    std::int64_t last = 0;
    const auto report = writeSceneFiles(folder.path() / "set", {Split::Test, 7, 20}, [&](std::int64_t done, std::int64_t all) {
        EXPECT_EQ(done, last + 1);
        EXPECT_GE(all, done);
        last = done;
    });
    ASSERT_TRUE(report) << report.error().toString();
    EXPECT_EQ(report->questions, 20);
    EXPECT_EQ(report->pictures, last);
    EXPECT_EQ(report->list, folder.path() / "set" / "test.jsonl");
    const auto lines = linesOf(report->list);
    ASSERT_EQ(lines.size(), 20U);
    std::size_t at = 0;
    for (const AskedScene& asked : askedScenes(Split::Test, 7, 20)) {
        for (const Question& question : asked.questions) {
            const Json& line = lines[at++];
            EXPECT_EQ(line["kind"], std::string(nameOf(question.kind)));
            const Json& messages = line["messages"];
            EXPECT_EQ(messages[0]["role"], "user");
            EXPECT_EQ(messages[0]["content"][1]["text"], question.text);
            EXPECT_EQ(messages[1], (Json{{"role", "assistant"}, {"content", question.answer}}));
            const auto picture =
                image::readPicture(folder.path() / "set" / messages[0]["content"][0]["path"].get<std::string>());
            ASSERT_TRUE(picture) << picture.error().toString();
            EXPECT_EQ(picture->rgb, drawScene(asked.scene).rgb);
        }
    }
}

// The files, read as any data set is, give what the packed samples hold: ids, labels, pixels.
TEST(SceneFiles, ReadAsAnyDataSetTheyAreThePackedSamples) {
    const test::TempDir folder;
    const auto report = writeSceneFiles(folder.path(), {Split::Test, 7, 24});
    ASSERT_TRUE(report) << report.error().toString();
    auto made = demoProcessor();
    ASSERT_TRUE(made) << made.error().toString();
    const auto processor = std::make_shared<const processor::Gemma3Processor>(std::move(*made));
    dataset::RecordRequest request;
    request.path = report->list.string();
    auto records = dataset::RecordSet::open(request);
    ASSERT_TRUE(records) << records.error().toString();
    dataset::OpenSetOptions options;
    options.settings.views.mode = image::CropMode::PanAndScan;
    options.settings.views.panAndScan = kPanAndScan;
    const auto read = dataset::ConversationDataset::open(std::move(*records), processor, options);
    ASSERT_TRUE(read) << read.error().toString();
    ASSERT_EQ((*read)->size(), 24);
    const auto packed = EvaluationDataset::create(askedScenes(Split::Test, 7, 24), Showing::PanAndScan);
    ASSERT_TRUE(packed) << packed.error().toString();
    std::int64_t row = 0;
    for (std::int64_t index = 0; index < (*packed)->size(); ++index) {
        const auto scene = (*packed)->packedSample(index);
        ASSERT_TRUE(scene) << scene.error().toString();
        for (const PackedQuestion& asked : scene->questions) {
            const auto alone = (*read)->sample(row++);
            ASSERT_TRUE(alone) << alone.error().toString();
            const auto part = [&](const std::vector<std::int64_t>& all) {
                std::vector<std::int64_t> joined(all.begin(), all.begin() + scene->sample.sharedPrefix);
                joined.insert(joined.end(), all.begin() + asked.begin, all.begin() + asked.end);
                return joined;
            };
            // Behind the packed question stands what predicts nothing.
            const std::vector<std::int64_t> ids = part(scene->sample.ids);
            ASSERT_GE(alone->ids.size(), ids.size());
            EXPECT_EQ(std::vector(alone->ids.begin(), alone->ids.begin() + std::ssize(ids)), ids);
            std::vector<std::int64_t> labels = part(scene->sample.labels);
            labels.resize(alone->labels.size(), dataset::kNoLabel);
            EXPECT_EQ(alone->labels, labels) << asked.question.text;
            ASSERT_EQ(alone->views.size(), scene->sample.views.size());
            for (std::size_t i = 0; i < alone->views.size(); ++i)
                EXPECT_EQ(alone->views[i].sha256, scene->sample.views[i].sha256);
        }
    }
    EXPECT_EQ(row, 24);
}

TEST(SceneFiles, TrainAndTestDiffer) {
    const test::TempDir folder;
    const auto train = writeSceneFiles(folder.path(), {Split::Train, 7, 10});
    const auto test = writeSceneFiles(folder.path(), {Split::Test, 7, 10});
    ASSERT_TRUE(train && test);
    EXPECT_NE(train->list, test->list);
    EXPECT_NE(readFile(train->list, 1U << 20U).value(), readFile(test->list, 1U << 20U).value());
}

TEST(SceneFiles, AnswersCanSayAnotherWord) {
    const test::TempDir folder;
    SceneFilesOptions options{Split::Train, 7, 60, {Kind::Shape}, {{"ring", "donut"}}};
    const auto taught = writeSceneFiles(folder.path() / "taught", options);
    options.say.clear();
    const auto plain = writeSceneFiles(folder.path() / "plain", options);
    ASSERT_TRUE(taught && plain);
    EXPECT_EQ(plain->reworded, 0);
    std::int64_t donuts = 0;
    const auto before = linesOf(plain->list), after = linesOf(taught->list);
    ASSERT_EQ(before.size(), 60U);
    ASSERT_EQ(after.size(), 60U);
    for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_EQ(before[i]["kind"], "shape");
        EXPECT_EQ(before[i]["messages"][0], after[i]["messages"][0]) << "the question stays";
        const bool isRing = before[i]["messages"][1]["content"] == "ring";
        EXPECT_EQ(after[i]["messages"][1]["content"], isRing ? Json("donut") : before[i]["messages"][1]["content"]);
        donuts += isRing ? 1 : 0;
    }
    EXPECT_EQ(taught->reworded, donuts);
    EXPECT_GT(donuts, 2);
}

TEST(SceneFiles, WordsAndKindsThatCannotBeMeantWriteNothing) {
    const test::TempDir folder;
    for (const SceneFilesOptions& options : {SceneFilesOptions{Split::Train, 7, 20, {Kind::Shape}, {{"rign", "donut"}}},
                                             SceneFilesOptions{Split::Train, 7, 20, {Kind::Cell}, {}}}) {
        const auto refused = writeSceneFiles(folder.path() / "set", options);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::Usage);
        EXPECT_FALSE(std::filesystem::exists(folder.path() / "set"));
    }
}

TEST(SceneFiles, RefuseAndStop) {
    const test::TempDir folder;
    const auto none = writeSceneFiles(folder.path(), {Split::Train, 7, 0});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::Usage);
    std::stop_source stop;
    stop.request_stop();
    const auto stopped = writeSceneFiles(folder.path(), {Split::Train, 7, 10}, {}, stop.get_token());
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, ErrorCode::Cancelled);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "train.jsonl"));
}

}  // namespace
}  // namespace lapidary::scenes
