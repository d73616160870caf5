// `lapidary chat` through pipes.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/process/verbs_fixture.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

TEST_F(Verbs, ChatReadsAPipeAndObeysCommands) {
    const std::string saved = path("saved.json");
    const Finished run =
        runLapidary({"chat", "--model", vision(), "-n", "4"}, "Hello\n/image " + picture() +
                                                                  "\nWhat is it?\n/undo\n/pan-and-scan on\n/nonsense\n/save " +
                                                                  saved + "\n/quit\nnever read\n");
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_NE(run.err.find("/nonsense"), std::string::npos);
    const json messages = json::parse(std::ifstream(saved));
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0]["content"][0]["text"], "Hello");
    EXPECT_EQ(messages[1]["role"], "assistant");
    // Standard output holds the two answers and nothing else.
    EXPECT_EQ(run.out.find("picture"), std::string::npos);
    EXPECT_TRUE(run.out.starts_with(messages[1]["content"].get<std::string>() + "\n"));
}

TEST_F(Verbs, ChatCommandsSayWhatTheyMiss) {
    const Finished run =
        runLapidary({"chat", "--model", text(), "-n", "2"}, "/save\n/save \n/pan-and-scan\n/pan-and-scan maybe\n");
    EXPECT_EQ(run.code, 0);
    EXPECT_NE(run.err.find("/save needs the name of a file"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("/pan-and-scan takes on or off"), std::string::npos) << run.err;
    EXPECT_EQ(run.err.find("is not a command"), std::string::npos) << run.err;
}

// Row 15.
TEST_F(Verbs, Fault15AChatWithATextOnlyModelRefusesWhatConcernsPictures) {
    const Finished run =
        runLapidary({"chat", "--model", text(), "-n", "2"}, "/pan-and-scan on\n/image " + picture() + "\n/pan-and-scan off\n");
    EXPECT_EQ(run.code, 0);
    const std::size_t first = run.err.find("text-only");
    ASSERT_NE(first, std::string::npos) << run.err;
    EXPECT_NE(run.err.find("text-only", first + 1), std::string::npos) << run.err;
    EXPECT_EQ(run.err.find("Pan & scan is on"), std::string::npos) << run.err;
}

TEST_F(Verbs, ChatTakesPathsAsAShellDoes) {
    const std::string saved = path("my talk.json");
    (void)picture();
    const Finished run = runLapidary({"chat", "--model", vision(), "-n", "2"},
                                     "/image ~/picture0.png\n/image '" + picture(1) + "' \nWhat?\n/save \"~/my talk.json\"\n",
                                     {{"HOME", path("")}});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_NE(run.err.find("has 1 picture."), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("has 2 pictures."), std::string::npos) << run.err;
    ASSERT_TRUE(std::filesystem::exists(saved)) << run.err;
    EXPECT_EQ(json::parse(std::ifstream(saved))[0]["content"].size(), 3U);
}

TEST_F(Verbs, ALineOfBlanksIsNoQuestion) {
    const Finished run = runLapidary({"chat", "--model", text(), "-n", "2"}, "   \n\t\n \r\n/undo\n");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_NE(run.err.find("There is nothing to undo."), std::string::npos) << run.err;
}

TEST_F(Verbs, ChatSurvivesABadPicture) {
    const Finished run =
        runLapidary({"chat", "--model", vision(), "-n", "2"}, "/image " + file("bad.png", "not a picture") + "\nLook\nHello\n");
    EXPECT_EQ(run.code, 0);
    EXPECT_NE(run.err.find("error"), std::string::npos);
    EXPECT_NE(run.out, "");
}

TEST_F(Verbs, InAChatCtrlCEndsTheAnswerNotTheConversation) {
    (void)text();
    (void)file("text/generation_config.json", R"({"eos_token_id": 100000})");
    ChildProcess child({"chat", "--model", text(), "-n", "900000", "--context", "1000000", "--force-context", "-t", "1000",
                        "--top-k", "0", "--seed", "1"});
    ASSERT_TRUE(child.write("Hello\n"));
    ASSERT_TRUE(child.waitForOutput());
    child.signal(SIGINT);
    ASSERT_TRUE(child.write("/save " + path("saved.json") + "\n/quit\n"));
    const Finished finished = child.wait();
    EXPECT_EQ(finished.code, 0) << finished.err;
    // What was said until then stays in the conversation.
    EXPECT_EQ(json::parse(std::ifstream(path("saved.json"))).size(), 2U);
}

TEST_F(Verbs, ASignalEndsTheWaitForALine) {
    ChildProcess child({"chat", "--model", vision(), "-n", "2", "--json"});
    ASSERT_TRUE(child.write("Hello\n"));
    ASSERT_TRUE(child.readLine().has_value());
    child.signal(SIGTERM);
    EXPECT_EQ(child.wait().code, 5);
}

}  // namespace
}  // namespace lapidary::test
