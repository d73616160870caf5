// The verbs `processor` and `model`, run as main runs them, their standard output read back.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/lapidary/verb.h"
#include "core/data/image/image_processor.h"
#include "core/data/image/image_reader.h"
#include "tests/support/temp_dir.h"

namespace {

using namespace lapidary;
namespace fs = std::filesystem;
using nlohmann::json;

struct Outcome {
    Result<void> result;
    std::string text;
};

Outcome run(std::unique_ptr<app::Verb> verb, std::vector<std::string> arguments, bool asJson = true) {
    CLI::App command;
    verb->addOptions(command);
    std::reverse(arguments.begin(), arguments.end());
    command.parse(arguments);
    app::Console console;
    console.json = asJson;
    console.quiet = true;
    ::testing::internal::CaptureStdout();
    auto result = verb->run(app::Invocation{console, {}, {}});
    return {std::move(result), ::testing::internal::GetCapturedStdout()};
}

std::string scene() { return test::goldenPath("../../resources/demo/scene.jpg").string(); }

TEST(ProcessorVerb, ShowsWhatTheScenePictureBecomes) {
    const test::TempDir folder;
    const std::string output = (folder.path() / "views").string();
    const Outcome outcome = run(app::makeProcessorVerb(), {scene(), "--pan-and-scan", "--output", output});
    ASSERT_TRUE(outcome.result) << outcome.result.error().toString();
    const json document = json::parse(outcome.text);
    EXPECT_EQ(document.at("size"), 896);
    const json& picture = document.at("pictures").at(0);
    EXPECT_EQ(picture.at("format"), "JPEG");
    EXPECT_EQ(picture.at("exif_orientation"), 6);
    EXPECT_EQ(picture.at("stored_size"), json({900, 1600}));
    EXPECT_EQ(picture.at("size"), json({1600, 900}));
    EXPECT_EQ(picture.at("num_crops"), 2);
    EXPECT_EQ(picture.at("soft_tokens"), 3 * 256);
    const json boxes{{0, 0, 1600, 900}, {0, 0, 800, 900}, {800, 0, 1600, 900}};
    for (std::size_t i = 0; i < 3; ++i) {
        const json& view = picture.at("views").at(i);
        EXPECT_EQ(view.at("box"), boxes.at(i));
        EXPECT_EQ(view.at("whole"), i == 0);
        const auto png = image::readPicture(view.at("file").get<std::string>());
        ASSERT_TRUE(png) << png.error().toString();
        EXPECT_EQ(png->width, 896);
        EXPECT_EQ(image::sha256Hex(png->rgb), view.at("sha256")) << "the PNG holds the bytes that were hashed";
    }
    // Pillow 11.3: exif_transpose, convert("RGB"), resize((896, 896), BILINEAR), and the same of the crops.
    EXPECT_EQ(picture.at("views").at(0).at("sha256"), "73cf38e15ce33007ff941d8be9bc5ba112d4ea1768b357a36385b43ef942ed88");
    EXPECT_EQ(picture.at("views").at(2).at("sha256"), "53aa38470ec549519837c623126caf325abdaa208911b8fdd2582ff1a9cc9b4c");
}

TEST(ProcessorVerb, OwnCropsAndSeveralPictures) {
    const test::TempDir folder;
    const std::string crops = folder.write("crops.json", "[[1, 2, 30, 20]]").string();
    const std::string large = folder.write("large.json", "[[0, 0, 800, 900], [800, 0, 1600, 900]]").string();
    const std::string small = test::goldenPath("images/rgb.png").string();
    const std::string output = (folder.path() / "views").string();
    const Outcome outcome =
        run(app::makeProcessorVerb(), {"--image", small, "--image", scene(), "--crops", crops, "--crops", large, "-o", output});
    ASSERT_TRUE(outcome.result) << outcome.result.error().toString();
    const json document = json::parse(outcome.text);
    ASSERT_EQ(document.at("pictures").size(), 2U);
    EXPECT_EQ(document.at("pictures").at(0).at("num_crops"), 1);
    EXPECT_EQ(document.at("pictures").at(0).at("views").at(1).at("box"), json({1, 2, 30, 20}));
    EXPECT_EQ(document.at("pictures").at(1).at("num_crops"), 2);
    EXPECT_EQ(document.at("pictures").at(1).at("views").at(2).at("box"), json({800, 0, 1600, 900}));
    EXPECT_TRUE(fs::exists(folder.path() / "views" / "picture-1-view-1.png"));
    EXPECT_TRUE(fs::exists(folder.path() / "views" / "picture-2-view-0.png"));
}

TEST(ProcessorVerb, CropsBelongToOnePictureEach) {
    const test::TempDir folder;
    const std::string crops = folder.write("crops.json", "[[1, 2, 30, 20]]").string();
    const std::string none = folder.write("none.json", "[]").string();
    const auto counts = [&](const std::vector<std::string>& lists) {
        std::vector<std::string> arguments{scene(), test::goldenPath("images/rgb.png").string()};
        for (const std::string& list : lists) arguments.insert(arguments.end(), {"--crops", list});
        return run(app::makeProcessorVerb(), arguments);
    };
    for (const auto& [lists, found] : std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{crops}, "one --crops a picture (2), in their order, found 1"},
             {{crops, crops, crops}, "one --crops a picture (2), in their order, found 3"}}) {
        const Outcome outcome = counts(lists);
        ASSERT_FALSE(outcome.result);
        EXPECT_EQ(outcome.result.error().code, ErrorCode::Usage);
        EXPECT_NE(outcome.result.error().message.find(found), std::string::npos) << outcome.result.error().toString();
    }
    const Outcome second = counts({none, crops});
    ASSERT_TRUE(second.result) << second.result.error().toString();
    EXPECT_EQ(json::parse(second.text).at("pictures").at(0).at("num_crops"), 0);
    EXPECT_EQ(json::parse(second.text).at("pictures").at(1).at("num_crops"), 1);
}

TEST(ProcessorVerb, SpeaksToPeopleToo) {
    const Outcome outcome = run(app::makeProcessorVerb(), {scene(), "--pan-and-scan"}, false);
    ASSERT_TRUE(outcome.result);
    EXPECT_NE(outcome.text.find("EXIF orientation 6: 1600 x 900 upright"), std::string::npos) << outcome.text;
    EXPECT_NE(outcome.text.find("768 image tokens in 3 views\n"), std::string::npos) << outcome.text;
    const Outcome whole = run(app::makeProcessorVerb(), {scene()}, false);
    EXPECT_NE(whole.text.find("256 image tokens in 1 view\n"), std::string::npos) << whole.text;
}

TEST(ProcessorVerb, RefusesWhatItCannotRead) {
    const test::TempDir folder;
    const auto svg = folder.write("drawing.png", "<svg xmlns='http://www.w3.org/2000/svg'/>");
    const Outcome other = run(app::makeProcessorVerb(), {svg.string()});
    EXPECT_EQ(exitCode(other.result.error().code), 3);
    EXPECT_NE(other.result.error().message.find("an SVG drawing"), std::string::npos);
    EXPECT_EQ(exitCode(run(app::makeProcessorVerb(), {"http://example.com/cat.png"}).result.error().code), 3);
    const auto crops = folder.write("crops.json", "[[0, 0, 5000, 20]]");
    EXPECT_EQ(run(app::makeProcessorVerb(), {scene(), "--crops", crops.string()}).result.error().code, ErrorCode::InvalidData);
}

// Production policy: an address typed by a person is consent, but not for this machine or its network.
TEST(Fault22, TheVerbRefusesPrivateAddresses) {
    for (const std::string address :
         {"https://127.0.0.1/cat.png", "https://[::1]/cat.png", "https://169.254.169.254/latest", "https://10.0.0.1/cat.png"}) {
        const Outcome outcome = run(app::makeProcessorVerb(), {address});
        ASSERT_FALSE(outcome.result);
        EXPECT_NE(outcome.result.error().message.find("not a public address"), std::string::npos)
            << outcome.result.error().toString();
    }
}

class ModelVerb : public ::testing::Test {
protected:
    void SetUp() override {
        ::setenv("HF_HOME", m_home.path().c_str(), 1);
        for (const char* name : {"HF_HUB_CACHE", "HF_ENDPOINT", "HF_TOKEN"}) ::unsetenv(name);
        // sha256("abc"), as a large file's blob is named
        m_home.write("hub/models--org--tiny/blobs/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc");
        m_home.write("hub/models--org--tiny/refs/main", "c0ffee");
        fs::create_directories(m_model / "snapshots" / "c0ffee");
        fs::create_symlink("../../blobs/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                           m_model / "snapshots" / "c0ffee" / "config.json");
    }
    void TearDown() override { ::unsetenv("HF_HOME"); }

    test::TempDir m_home;
    fs::path m_model = m_home.path() / "hub" / "models--org--tiny";
};

TEST_F(ModelVerb, ListsTheCache) {
    const Outcome outcome = run(app::makeModelVerb(), {"list"});
    ASSERT_TRUE(outcome.result) << outcome.result.error().toString();
    const json document = json::parse(outcome.text);
    ASSERT_EQ(document.size(), 1U);
    EXPECT_EQ(document[0].at("id"), "org/tiny");
    EXPECT_EQ(document[0].at("bytes"), 3);
    EXPECT_EQ(document[0].at("complete"), true);
    EXPECT_NE(run(app::makeModelVerb(), {"list"}, false).text.find("org/tiny"), std::string::npos);
}

TEST_F(ModelVerb, VerifyEndsWithCodeSevenOnADifference) {
    EXPECT_TRUE(run(app::makeModelVerb(), {"verify", "org/tiny"}).result);
    m_home.write("hub/models--org--tiny/blobs/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abd");
    const Outcome outcome = run(app::makeModelVerb(), {"verify", "org/tiny"});
    ASSERT_FALSE(outcome.result);
    EXPECT_EQ(exitCode(outcome.result.error().code), 7);
    EXPECT_EQ(json::parse(outcome.text).at("files").at(0).at("matches"), false);
}

TEST_F(ModelVerb, RemovesAndRefusesOddNames) {
    EXPECT_EQ(run(app::makeModelVerb(), {"remove", "../tiny"}).result.error().code, ErrorCode::Usage);
    EXPECT_EQ(run(app::makeModelVerb(), {"remove", "org/none"}).result.error().code, ErrorCode::NotFound);
    const Outcome outcome = run(app::makeModelVerb(), {"remove", "org/tiny"});
    ASSERT_TRUE(outcome.result) << outcome.result.error().toString();
    EXPECT_EQ(json::parse(outcome.text).at("freed_bytes"), 9) << "the blob and the reference; links take no room";
    EXPECT_FALSE(fs::exists(m_model));
}

TEST_F(ModelVerb, PullNeedsAnEncryptedHub) {
    ::setenv("HF_ENDPOINT", "http://hub.example", 1);
    const Outcome outcome = run(app::makeModelVerb(), {"pull", "org/tiny"});
    ::unsetenv("HF_ENDPOINT");
    ASSERT_FALSE(outcome.result);
    EXPECT_EQ(outcome.result.error().code, ErrorCode::Usage);
}

}  // namespace
