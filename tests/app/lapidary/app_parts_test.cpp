// The small parts of the command line, called directly.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/lapidary/chat_transcript.h"
#include "app/lapidary/common_options.h"
#include "app/lapidary/ids_file.h"
#include "app/lapidary/line_reader.h"
#include "app/lapidary/verb.h"
#include "core/shared/base/file.h"
#include "tests/support/temp_dir.h"

namespace lapidary::app {
namespace {

std::vector<std::string> hyphenated(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "lapidary");
    return app::hyphenated(static_cast<int>(arguments.size()), arguments.data());
}

TEST(Hyphenated, OnlyOptionNamesChange) {
    EXPECT_EQ(
        hyphenated({"generate", "--max_new_tokens", "5", "--hf_model_path=my_model/a_b", "--prompt", "a_b", "_x", "-a_b"}),
        (std::vector<std::string>{"generate", "--max-new-tokens", "5", "--hf-model-path=my_model/a_b", "--prompt", "a_b", "_x",
                                  "-a_b"}));
    EXPECT_EQ(hyphenated({"tokenize", "--no_bos", "--", "--a_b"}),
              (std::vector<std::string>{"tokenize", "--no-bos", "--", "--a_b"}));
}

TEST(Console, ColourFollowsOptionThenNoColorThenTerminal) {
    Console console;
    ::setenv("NO_COLOR", "1", 1);
    EXPECT_FALSE(console.colorWanted());
    console.color = "always";
    EXPECT_TRUE(console.colorWanted());
    ::unsetenv("NO_COLOR");
    console.color = "never";
    EXPECT_FALSE(console.colorWanted());
    console.quiet = true;
    EXPECT_FALSE(console.progressWanted());
}

TEST(ModelOptions, BridgesNamesAreUnderstood) {
    ModelOptions options;
    options.hfModelPath = "hf";
    EXPECT_EQ(options.model(), "hf");
    options.megatronModelPath = "megatron";
    EXPECT_EQ(options.model(), "megatron");
    options.request.model = "own";
    EXPECT_EQ(options.model(), "own");
}

TEST(IdsFile, TakesAListOrAnObjectAndNamesTheBadEntry) {
    const test::TempDir folder;
    EXPECT_EQ(*readIdsFile(folder.write("a.json", "[2, 5]")), (std::vector<std::int64_t>{2, 5}));
    EXPECT_EQ(*readIdsFile(folder.write("b.json", R"({"input_ids": [7]})")), (std::vector<std::int64_t>{7}));
    for (const char* bad : {"[]", "{}", "[1, -2]", "[1, 2.5]", "[1, \"x\"]", "[1", "[18446744073709551615]"}) {
        const auto ids = readIdsFile(folder.write("bad.json", bad));
        ASSERT_FALSE(ids.has_value()) << bad;
        EXPECT_EQ(ids.error().code, ErrorCode::InvalidData) << bad;
    }
    EXPECT_NE(readIdsFile(folder.write("bad.json", "[1, -2]")).error().message.find("entry 1"), std::string::npos);
    EXPECT_EQ(readIdsFile(folder.path() / "none").error().code, ErrorCode::NotFound);
}

TEST(TypedPath, QuotesAndHomeAreUnderstood) {
    const char* before = std::getenv("HOME");
    const std::string kept = before == nullptr ? "" : before;
    ::setenv("HOME", "/home/me", 1);
    for (const auto& [typed, path] :
         std::vector<std::pair<std::string, std::string>>{{"a.png", "a.png"},
                                                          {"  my cat.png \t\r", "my cat.png"},
                                                          {"\"my cat.png\"", "my cat.png"},
                                                          {"'my cat.png' ", "my cat.png"},
                                                          {"' a.png'", " a.png"},
                                                          {"~/x.png", "/home/me/x.png"},
                                                          {"\"~/my cat.png\"", "/home/me/my cat.png"},
                                                          {"~", "/home/me"},
                                                          {"~x.png", "~x.png"},
                                                          {"./~/x.png", "./~/x.png"},
                                                          {"\"a.png", "\"a.png"},
                                                          {"\"a.png'", "\"a.png'"},
                                                          {"\"", "\""},
                                                          {"\"\"", ""},
                                                          {"   ", ""},
                                                          {"", ""}}) {
        EXPECT_EQ(typedPath(typed), path) << typed;
    }
    ::unsetenv("HOME");
    EXPECT_EQ(typedPath("~/x.png"), "~/x.png");
    if (before != nullptr) ::setenv("HOME", kept.c_str(), 1);
}

TEST(ChatTranscript, PicturesGoWithTheNextQuestionAndUndoTakesBoth) {
    const test::TempDir folder;
    ChatTranscript transcript("Be brief.");
    EXPECT_FALSE(transcript.addImage("").has_value());
    EXPECT_EQ(transcript.addImage((folder.path() / "none.png").string()).error().code, ErrorCode::NotFound);
    ASSERT_TRUE(transcript.addImage(folder.write("a.png", "x").string()).has_value());
    EXPECT_EQ(transcript.pendingImages(), 1U);
    transcript.ask("What is it?");
    EXPECT_EQ(transcript.pendingImages(), 0U);
    transcript.answer("A cat.");
    transcript.ask("Sure?");
    const auto conversation = transcript.conversation();
    ASSERT_EQ(conversation.messages.size(), 4U);
    EXPECT_EQ(conversation.messages[0].role, "system");
    EXPECT_EQ(conversation.messages[2].role, "assistant");
    ASSERT_EQ(conversation.images.size(), 1U);
    ASSERT_TRUE(transcript.save(folder.path() / "saved.json").has_value());
    const auto again = processor::readMessagesFile(folder.path() / "saved.json");
    ASSERT_TRUE(again.has_value()) << again.error().toString();
    EXPECT_EQ(again->messages.size(), 4U);
    EXPECT_EQ(again->images.size(), 1U);
    EXPECT_TRUE(transcript.undo());
    EXPECT_TRUE(transcript.undo());
    EXPECT_FALSE(transcript.undo());
    EXPECT_TRUE(transcript.conversation().images.empty());
}

TEST(ChatTranscript, PicturesAreFoundFromAFileInAnotherFolder) {
    namespace fs = std::filesystem;
    const test::TempDir folder;
    folder.write("a.png", "x");
    fs::create_directory(folder.path() / "talks");
    const fs::path before = fs::current_path();
    fs::current_path(folder.path());
    ChatTranscript transcript("");
    const bool added = transcript.addImage("a.png").has_value();
    transcript.ask("What is it?");
    const bool saved = transcript.save("talks/saved.json").has_value() && transcript.save("here.json").has_value();
    fs::current_path(before);
    ASSERT_TRUE(added && saved);
    for (const char* name : {"talks/saved.json", "here.json"}) {
        const auto again = processor::readMessagesFile(folder.path() / name);
        ASSERT_TRUE(again.has_value()) << again.error().toString();
        ASSERT_EQ(again->images.size(), 1U);
        std::error_code missing;
        EXPECT_TRUE(fs::equivalent(again->images.front().value, folder.path() / "a.png", missing))
            << again->images.front().value;
    }
}

TEST(DataFolder, LapidaryHomeOverridesAll) {
    ::setenv("LAPIDARY_HOME", "/here", 1);
    EXPECT_EQ(dataFolder(), "/here");
    ::unsetenv("LAPIDARY_HOME");
    ::setenv("XDG_DATA_HOME", "/data", 1);
    EXPECT_EQ(dataFolder(), "/data/lapidary");
    ::setenv("XDG_DATA_HOME", "relative", 1);  // the XDG specification: relative paths are to be ignored
    EXPECT_NE(dataFolder(), "relative/lapidary");
    ::unsetenv("XDG_DATA_HOME");
}

}  // namespace
}  // namespace lapidary::app
