// What a user is told about weights, and what must never happen to them, through the real executable.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/process/child_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::test {
namespace {

std::string contents(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class Weights : public ::testing::Test {
protected:
    void SetUp() override {
        buildTinyTextModel(m_folder.path() / "model", ChatTemplate::Present);
        m_ids = m_folder.write("ids.json", "[2, 30, 41, 52]");
    }
    [[nodiscard]] Finished forward(const std::string& output) const {
        return runLapidary({"forward", "--model", model(), "--input-ids", m_ids, "--output", output});
    }
    [[nodiscard]] std::string model() const { return m_folder.path() / "model"; }
    [[nodiscard]] std::string weights() const { return m_folder.path() / "model" / "model.safetensors"; }

    TempDir m_folder;
    std::string m_ids;
};

TEST_F(Weights, ForwardNeverReplacesWhatItReads) {
    const std::string before = contents(weights());
    ASSERT_FALSE(before.empty());
    const Finished onWeights = forward(weights());
    EXPECT_EQ(onWeights.code, 2);
    EXPECT_NE(onWeights.err.find("would be replaced"), std::string::npos) << onWeights.err;
    EXPECT_EQ(contents(weights()), before);

    EXPECT_EQ(forward(m_ids).code, 2);
    EXPECT_EQ(contents(m_ids), "[2, 30, 41, 52]");
    EXPECT_EQ(forward(m_folder.path()).code, 2);

    // Pictures, typed or in a messages file, and crops are read too.
    const std::string picture = m_folder.path() / "picture.png";
    writePicture(picture);
    const std::string pixels = contents(picture);
    const std::string messages = m_folder.write(
        "m.json", R"([{"role":"user","content":[{"type":"image","path":"picture.png"},{"type":"text","text":"a"}]}])");
    const std::string crops = m_folder.write("crops.json", "[[0, 0, 30, 40]]");
    const auto typed = [&](const std::string& output, const std::vector<std::string>& more) {
        std::vector<std::string> arguments{"forward", "--model", m_folder.path() / "model", "--output", output};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return runLapidary(arguments).code;
    };
    EXPECT_EQ(typed(picture, {"--prompt", "a", "--image", picture}), 2);
    EXPECT_EQ(typed(picture, {"--messages", messages}), 2);
    EXPECT_EQ(typed(messages, {"--messages", messages}), 2);
    EXPECT_EQ(typed(crops, {"--prompt", "a", "--image", picture, "--crops", crops}), 2);
    EXPECT_EQ(contents(picture), pixels);

    // A file of an earlier run is no input and may be replaced.
    const std::string output = m_folder.write("out.safetensors", "old");
    EXPECT_EQ(forward(output).code, 0);
    EXPECT_NE(contents(output), "old");
}

using Fault10 = Weights;

TEST_F(Fault10, EveryLoadNamesTheTensorsThatHoldNaN) {
    {
        std::fstream file(weights(), std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(-4, std::ios::end);
        file.write("\xFF\xFF\xFF\xFF", 4);  // NaN in float32 and, twice, in bfloat16
    }
    const Finished run = forward(m_folder.path() / "out.safetensors");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_NE(run.err.find("weights of 'model."), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("NaN"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace lapidary::test
