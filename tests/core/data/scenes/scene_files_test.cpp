#include "core/data/scenes/scene_files.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "core/data/image/image_reader.h"
#include "core/data/scenes/draw.h"
#include "core/data/scenes/evaluation.h"
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

TEST(SceneFiles, TrainAndTestDiffer) {
    const test::TempDir folder;
    const auto train = writeSceneFiles(folder.path(), {Split::Train, 7, 10});
    const auto test = writeSceneFiles(folder.path(), {Split::Test, 7, 10});
    ASSERT_TRUE(train && test);
    EXPECT_NE(train->list, test->list);
    EXPECT_NE(readFile(train->list, 1U << 20U).value(), readFile(test->list, 1U << 20U).value());
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
