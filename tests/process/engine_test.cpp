// `lapidary engine` as the window sees it: garbage, cancelling, reuse, previews, memory, its end.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <thread>

#include "tests/process/engine_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

class EngineProcess : public ::testing::Test {
protected:
    void loadVision(EngineClient& engine) {
        const auto folder = m_folder.path() / "vision";
        if (!std::filesystem::exists(folder)) buildTinyVisionModel(folder);
        const auto events =
            engine.request({{"id", 1}, {"type", "load"}, {"model", folder}, {"context", 1000000}, {"force_context", true}});
        ASSERT_EQ(events.back()["type"], "done") << events.back();
    }
    [[nodiscard]] std::string textModel() const {
        const auto folder = m_folder.path() / "text";
        if (!std::filesystem::exists(folder)) buildTinyTextModel(folder);
        return folder;
    }
    [[nodiscard]] std::string picture(int variant = 0) const {
        const auto path = m_folder.path() / ("picture" + std::to_string(variant) + ".png");
        writePicture(path, variant);
        return path;
    }
    // A chat that goes on until it is stopped: greedy "Hello" never ends on this model.
    static json endlessChat(int id) {
        return {
            {"id", id}, {"type", "chat"}, {"messages", userTurn("Hello")}, {"max_new_tokens", 900000}, {"temperature", 0.0}};
    }

    TempDir m_folder;
};

TEST_F(EngineProcess, HelloComesFirstWithAPrivateFolderThatIsGoneAfterwards) {
    std::filesystem::path folder;
    {
        EngineClient engine;
        EXPECT_EQ(engine.hello()["type"], "hello");
        EXPECT_EQ(engine.hello()["protocol"], 1);
        EXPECT_EQ(engine.hello()["pid"], engine.child().pid());
        folder = engine.hello()["runtime_folder"].get<std::string>();
        struct stat status {};
        ASSERT_EQ(::stat(folder.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777U, 0700U);
        EXPECT_EQ(engine.request({{"id", 4}, {"type", "hello"}, {"protocol", 1}}).back()["type"], "done");
        EXPECT_EQ(engine.request({{"id", 5}, {"type", "hello"}, {"protocol", 99}}).back()["code"], "unsupported");
        engine.child().closeInput();
        EXPECT_EQ(engine.child().wait().code, 0);
    }
    EXPECT_FALSE(std::filesystem::exists(folder));
}

// Its terminal was closed, or it was killed: nothing may stay behind for good.
TEST_F(EngineProcess, ItsFolderGoesWithTheTerminalAndAfterAKillWithTheNextEngine) {
    const TempDir runtime;
    const std::map<std::string, std::string> environment{{"XDG_RUNTIME_DIR", runtime.path()}};
    const auto folders = [&] {
        return std::distance(std::filesystem::directory_iterator(runtime.path()), std::filesystem::directory_iterator());
    };
    EngineClient hungUp(environment);
    EXPECT_EQ(folders(), 1);
    hungUp.child().signal(SIGHUP);
    EXPECT_EQ(hungUp.child().wait().code, 5);
    EXPECT_EQ(folders(), 0);
    {
        EngineClient killed(environment);
        killed.child().signal(SIGKILL);
        EXPECT_EQ(killed.child().wait().code, 128 + SIGKILL);
    }
    EXPECT_EQ(folders(), 1);
    EngineClient next(environment);
    EXPECT_EQ(folders(), 1);
    next.child().closeInput();
    EXPECT_EQ(next.child().wait().code, 0);
    EXPECT_EQ(folders(), 0);
}

TEST_F(EngineProcess, GarbageIsAnsweredAndTheEngineLives) {
    EngineClient engine;
    const std::vector<std::string> garbage = {"not json",
                                              "[]",
                                              "{}",
                                              "{\"id\":\"x\",\"type\":\"load\"}",
                                              "{\"type\":\"load\"}",
                                              "{\"id\":-3,\"type\":\"unload\"}",
                                              std::string("\x00\xff\xfe{}", 5),
                                              std::string(200, '[')};
    for (const std::string& line : garbage) {
        engine.sendLine(line);
        const auto event = engine.next();
        ASSERT_TRUE(event.has_value()) << line;
        EXPECT_EQ((*event)["type"], "error") << line;
    }
    const auto unknown = engine.request({{"id", 7}, {"type", "fly"}});
    EXPECT_EQ(unknown.back()["code"], "unsupported");
    EXPECT_EQ(unknown.size(), 1U);
    EXPECT_EQ(engine.request({{"id", 8}, {"type", "unload"}, {"a field", "of the future"}}).back()["type"], "done");
}

// Whatever is wrong with a request, whoever sent it can tell which one it was, and where in it.
TEST_F(EngineProcess, ANumberThatCannotBeUsedIsAnsweredWithIdAndKeyPath) {
    EngineClient engine;
    for (const char* line : {R"({"id":9,"type":"chat","messages":[],"temperature":1e309})",
                             R"({"type":"chat","messages":[],"temperature":-1e309,"id":9})",
                             R"({"id":9,"type":"chat","messages":[],"temperature":"warm"})",
                             R"({"id":9,"type":"load","model":"m","temperature":1,"temperature":2})"}) {
        engine.sendLine(line);
        const auto event = engine.next();
        ASSERT_TRUE(event.has_value()) << line;
        EXPECT_EQ((*event)["type"], "error") << line;
        EXPECT_EQ((*event)["code"], "invalid_data") << line;
        EXPECT_EQ(event->value("id", -1), 9) << *event;
        EXPECT_NE((*event)["message"].get<std::string>().find("'temperature'"), std::string::npos) << *event;
    }
}

TEST_F(EngineProcess, Fault61ANumberInGenerationConfigNamesFileAndKey) {
    EngineClient engine;
    const std::string folder = textModel();
    std::ofstream(folder + "/generation_config.json") << R"({"eos_token_id":[1,106],"top_p":1e309})";
    const json answer = engine.request({{"id", 1}, {"type", "load"}, {"model", folder}}).back();
    EXPECT_EQ(answer["type"], "error");
    EXPECT_NE(answer["message"].get<std::string>().find("generation_config.json: 'top_p': expected"), std::string::npos)
        << answer;
}

TEST_F(EngineProcess, ALineOverOneMebibyteIsRefusedAndReadingGoesOn) {
    EngineClient engine;
    engine.sendLine("{\"id\":1,\"type\":\"chat\",\"pad\":\"" + std::string(1'100'000, 'x') + "\"}");
    const auto refused = engine.next();
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ((*refused)["type"], "error");
    EXPECT_FALSE(refused->contains("id"));
    EXPECT_EQ(engine.request({{"id", 2}, {"type", "unload"}}).back()["type"], "done");
}

TEST_F(EngineProcess, WhatNeedsAModelSaysSoWithoutOne) {
    EngineClient engine;
    EXPECT_EQ(engine.request({{"id", 1}, {"type", "chat"}, {"messages", userTurn("Hi")}}).back()["code"], "usage");
    EXPECT_EQ(engine.request({{"id", 2}, {"type", "count"}, {"messages", userTurn("Hi")}}).back()["code"], "usage");
    EXPECT_EQ(engine.request({{"id", 3}, {"type", "forecast"}}).back()["code"], "usage");
    EXPECT_EQ(engine.request({{"id", 4}, {"type", "load"}, {"model", "/no/such/model"}}).back()["code"], "not_found");
}

TEST_F(EngineProcess, PreviewAndThumbnailNeedNoModel) {
    EngineClient engine;
    const auto preview = engine.request(
        {{"id", 1}, {"type", "preview"}, {"path", picture()}, {"pan_and_scan", true}, {"pan_and_scan_min_crop_size", 10}});
    ASSERT_EQ(preview.size(), 2U) << preview.back();
    EXPECT_EQ(preview[0]["width"], 60);
    EXPECT_EQ(preview[0]["size"], 896);
    ASSERT_EQ(preview[0]["views"].size(), 3U);
    EXPECT_EQ(preview[0]["tokens"], 3 * 256);
    EXPECT_EQ(preview[0]["views"][1]["box"], (json{0, 0, 30, 40}));
    std::ifstream png(preview[0]["views"][0]["path"].get<std::string>(), std::ios::binary);
    std::string magic(4, ' ');
    png.read(magic.data(), 4);
    EXPECT_EQ(magic, "\x89PNG");
    const auto thumbnail = engine.request({{"id", 2}, {"type", "thumbnail"}, {"path", picture()}, {"max_side", 30}});
    EXPECT_EQ(thumbnail[0]["width"], 30);
    EXPECT_EQ(thumbnail[0]["height"], 20);
    EXPECT_TRUE(std::filesystem::exists(thumbnail[0]["path"].get<std::string>()));
    EXPECT_EQ(engine.request({{"id", 3}, {"type", "preview"}, {"path", m_folder.write("bad.png", "no")}}).back()["type"],
              "error");
}

TEST_F(EngineProcess, ChatStreamsAndEndsOnce) {
    EngineClient engine;
    loadVision(engine);
    const auto events =
        engine.request({{"id", 2}, {"type", "chat"}, {"messages", userTurn("Hello")}, {"max_new_tokens", 6}, {"logprobs", 2}});
    int tokens = 0;
    for (const json& event : events) {
        if (event["type"] != "token") continue;
        ++tokens;
        EXPECT_EQ(event["alternatives"].size(), 2U);
    }
    EXPECT_EQ(events.back()["generated_tokens"], tokens);
    EXPECT_EQ(events.back()["reused_tokens"], 0);
    EXPECT_GT(events.back()["prompt_tokens"], 0);
    // The next event is that of the next request: nothing follows a done.
    const auto after = engine.request({{"id", 3}, {"type", "count"}, {"messages", userTurn("Hello")}});
    EXPECT_EQ(after[0]["tokens"], events.back()["prompt_tokens"]);
}

TEST_F(EngineProcess, ASecondTurnReusesThePrefixAndAnswersTheSame) {
    EngineClient engine;
    loadVision(engine);
    json messages = userTurn("Hello there, how are you today?");
    const auto first =
        engine.request({{"id", 2}, {"type", "chat"}, {"messages", messages}, {"max_new_tokens", 5}, {"sequence", "a"}});
    messages.push_back({{"role", "assistant"}, {"content", textOf(first)}});
    messages.push_back({{"role", "user"}, {"content", "And now?"}});
    const json chat = {{"id", 3}, {"type", "chat"}, {"messages", messages}, {"max_new_tokens", 8}, {"sequence", "a"}};
    const auto second = engine.request(chat);
    EXPECT_GE(second.back()["reused_tokens"], first.back()["prompt_tokens"]);
    // Another conversation has nothing to reuse and must say the same.
    json fresh = chat;
    fresh["sequence"] = "b";
    const auto third = engine.request(fresh);
    EXPECT_EQ(third.back()["reused_tokens"], 0);
    EXPECT_EQ(textOf(third), textOf(second));
    // A conversation that begins otherwise is not continued.
    const auto other = engine.request({{"id", 4},
                                       {"type", "chat"},
                                       {"messages", userTurn("Quite another beginning")},
                                       {"max_new_tokens", 5},
                                       {"sequence", "a"}});
    EXPECT_LT(other.back()["reused_tokens"], other.back()["prompt_tokens"]);
    EngineClient clean;
    loadVision(clean);
    EXPECT_EQ(textOf(clean.request(
                  {{"id", 4}, {"type", "chat"}, {"messages", userTurn("Quite another beginning")}, {"max_new_tokens", 5}})),
              textOf(other));
}

// What an answer began with, given back to be continued, goes on as the answer did.
TEST_F(EngineProcess, TheLastMessageIsContinued) {
    EngineClient engine;
    loadVision(engine);
    json messages = userTurn("Hello there");
    const auto whole =
        engine.request({{"id", 2}, {"type", "chat"}, {"messages", messages}, {"max_new_tokens", 8}, {"sequence", "a"}});
    std::string begun;
    for (const json& event : whole) {
        if (event["type"] == "token" && begun.size() < textOf(whole).size() / 2) begun += event["text"].get<std::string>();
    }
    ASSERT_FALSE(begun.empty());
    messages.push_back({{"role", "assistant"}, {"content", begun}});
    const auto rest = engine.request({{"id", 3},
                                      {"type", "chat"},
                                      {"messages", messages},
                                      {"max_new_tokens", 8},
                                      {"continue_last", true},
                                      {"sequence", "b"}});
    EXPECT_EQ(rest.back()["type"], "done");
    EXPECT_GT(rest.back()["prompt_tokens"], whole.back()["prompt_tokens"]);
    const auto refused = engine.request(
        {{"id", 4}, {"type", "chat"}, {"messages", userTurn("")}, {"max_new_tokens", 1}, {"continue_last", true}});
    EXPECT_EQ(refused.back()["code"], "invalid_data");
}

// Two pictures have the same token ids: only their pixels tell that the cache is of another one.
TEST_F(EngineProcess, AnotherPictureIsNotTakenForTheSame) {
    EngineClient engine;
    loadVision(engine);
    const auto ask = [&](int id, const std::string& path, const std::string& sequence) {
        const json content = json::array({{{"type", "image"}, {"path", path}}, {{"type", "text"}, {"text", "What is it?"}}});
        return engine.request({{"id", id},
                               {"type", "chat"},
                               {"messages", json::array({{{"role", "user"}, {"content", content}}})},
                               {"max_new_tokens", 1},
                               {"logprobs", 3},
                               {"sequence", sequence}});
    };
    const auto logprobs = [](const std::vector<json>& events) {
        for (const json& event : events) {
            if (event["type"] == "token") return event["alternatives"];
        }
        return json();
    };
    const auto first = ask(2, picture(0), "a");
    const auto same = ask(3, picture(0), "a");
    EXPECT_GT(same.back()["reused_tokens"], 9);
    const auto other = ask(4, picture(255), "a");
    EXPECT_LT(other.back()["reused_tokens"], 9);
    EXPECT_EQ(logprobs(ask(5, picture(255), "b")), logprobs(other));
    EXPECT_NE(logprobs(first), logprobs(other));
}

TEST_F(EngineProcess, CancelStopsAnAnswerWithinATokenAndCountsAreAnsweredBeside) {
    EngineClient engine;
    loadVision(engine);
    engine.send(endlessChat(10));
    ASSERT_TRUE(engine.nextOf("token").has_value());
    // Beside the running answer: counted, and previewed.
    engine.send({{"id", 11}, {"type", "count"}, {"messages", userTurn("Hi")}});
    engine.send({{"id", 12}, {"type", "cancel"}, {"target", 10}});
    std::set<int> ended;
    int tokensAfterCancel = 0;
    while (ended.size() < 3) {
        const auto event = engine.next();
        ASSERT_TRUE(event.has_value());
        const int id = (*event)["id"];
        if ((*event)["type"] == "token" && ended.contains(12)) ++tokensAfterCancel;
        if ((*event)["type"] != "done") continue;
        EXPECT_TRUE(ended.insert(id).second);
        if (id == 10) {
            EXPECT_EQ((*event)["finish_reason"], "cancelled");
        }
    }
    EXPECT_LE(tokensAfterCancel, 2);
    EXPECT_EQ(engine.request({{"id", 13}, {"type", "cancel"}, {"target", 10}}).back()["type"], "done");
    EXPECT_EQ(
        engine.request({{"id", 14}, {"type", "chat"}, {"messages", userTurn("Hello")}, {"max_new_tokens", 2}}).back()["type"],
        "done");
}

TEST_F(EngineProcess, ARequestThatStillWaitsCanBeCancelled) {
    EngineClient engine;
    loadVision(engine);
    engine.send(endlessChat(10));
    engine.send(endlessChat(11));
    ASSERT_TRUE(engine.nextOf("token").has_value());
    engine.send({{"id", 12}, {"type", "cancel"}, {"target", 11}});
    engine.send({{"id", 13}, {"type", "cancel"}, {"target", 10}});
    int done = 0;
    while (done < 4) {
        const auto event = engine.next();
        ASSERT_TRUE(event.has_value());
        if ((*event)["id"] == 11) {
            EXPECT_EQ((*event)["type"], "done");
            EXPECT_EQ((*event)["finish_reason"], "cancelled");
        }
        if ((*event)["type"] == "done") ++done;
    }
}

TEST_F(EngineProcess, AnIdThatIsStillOpenCannotBeUsedAgain) {
    EngineClient engine;
    loadVision(engine);
    engine.send(endlessChat(10));
    ASSERT_TRUE(engine.nextOf("token").has_value());
    engine.send(endlessChat(10));
    const auto refused = engine.nextOf("error");
    ASSERT_TRUE(refused.has_value());
    // Under "id" it would end the request that is open.
    EXPECT_FALSE(refused->contains("id"));
    EXPECT_EQ(refused->value("refused_id", -1), 10) << *refused;
    // So it is with a line that cannot be used.
    engine.sendLine(R"({"id":10,"type":"chat","temperature":1e309})");
    const auto unusable = engine.nextOf("error");
    ASSERT_TRUE(unusable.has_value());
    EXPECT_FALSE(unusable->contains("id"));
    EXPECT_EQ(unusable->value("refused_id", -1), 10) << *unusable;
    engine.send({{"id", 11}, {"type", "cancel"}, {"target", 10}});
    EXPECT_EQ(engine.finish(10).back()["finish_reason"], "cancelled");
}

TEST_F(EngineProcess, CountWaitsForTheLoadBeforeIt) {
    EngineClient engine;
    engine.send({{"id", 1}, {"type", "load"}, {"model", textModel()}});
    engine.send({{"id", 2}, {"type", "count"}, {"messages", userTurn("Hi")}});
    EXPECT_EQ(engine.finish(2).back()["type"], "done");
}

TEST_F(EngineProcess, LoadTellsWhatWasOpenedAndUnloadFreesIt) {
    EngineClient engine;
    const auto events = engine.request({{"id", 1}, {"type", "load"}, {"model", textModel()}, {"context", 64}});
    const json* loaded = nullptr;
    for (const json& event : events) {
        if (event["type"] == "loaded") loaded = &event;
    }
    ASSERT_NE(loaded, nullptr);
    EXPECT_EQ((*loaded)["context"], 64);
    EXPECT_EQ((*loaded)["vision"], false);
    EXPECT_EQ((*loaded)["chat_template"], true);
    EXPECT_EQ(engine.request({{"id", 2}, {"type", "forecast"}}).front()["type"], "forecast");
    // Row 15 in the engine's words.
    const json content = json::array({{{"type", "image"}, {"path", picture()}}});
    EXPECT_EQ(
        engine.request({{"id", 3}, {"type", "chat"}, {"messages", json::array({{{"role", "user"}, {"content", content}}})}})
            .back()["code"],
        "unsupported");
    EXPECT_EQ(engine.request({{"id", 4}, {"type", "unload"}}).back()["type"], "done");
    EXPECT_EQ(engine.request({{"id", 5}, {"type", "chat"}, {"messages", userTurn("Hi")}}).back()["code"], "usage");
}

TEST_F(EngineProcess, TheForecastOfTheOpenModelIsOfItAsItWasLoaded) {
    EngineClient engine;
    const auto loaded =
        engine.request({{"id", 1}, {"type", "load"}, {"model", textModel()}, {"quantize", "int8"}, {"context", 64}});
    ASSERT_EQ(loaded.back()["type"], "done") << loaded.back();
    const json forecast = engine.request({{"id", 2}, {"type", "forecast"}}).front();
    EXPECT_EQ(forecast["context"], 64);
    EXPECT_EQ(forecast["parts"][0]["name"], "language weights");
    EXPECT_EQ(forecast["parts"][0]["bytes"], loaded.at(loaded.size() - 2)["weight_bytes"]);
}

#ifndef __SANITIZE_ADDRESS__  // which ends a process at the first failed allocation, whoever would have caught it
TEST_F(EngineProcess, AFailedAllocationIsAnsweredAndTheEngineLivesOn) {
    EngineClient engine;
    loadVision(engine);
    const json chat = {{"id", 2}, {"type", "chat"}, {"messages", userTurn("Hello")}, {"max_new_tokens", 4}};
    const auto before = engine.request(chat);
    // Hardly more address space than it has now: a megabyte of text cannot be encoded.
    std::ifstream statm("/proc/" + std::to_string(engine.child().pid()) + "/statm");
    rlim_t pages = 0;
    statm >> pages;
    const rlim_t now = pages * 4096;
    const rlimit narrow{now + (rlim_t{16} << 20), RLIM_INFINITY};
    rlimit wide{};
    ASSERT_EQ(::prlimit(engine.child().pid(), RLIMIT_AS, &narrow, &wide), 0);
    std::string longText;
    for (int i = 0; i < 200'000; ++i) longText += "word ";
    const auto starved = engine.request({{"id", 3}, {"type", "count"}, {"messages", userTurn(longText)}});
    EXPECT_EQ(starved.back()["type"], "error");
    EXPECT_EQ(starved.back()["code"], "out_of_memory") << starved.back();
    ASSERT_EQ(::prlimit(engine.child().pid(), RLIMIT_AS, &wide, nullptr), 0);
    EXPECT_EQ(textOf(engine.request(chat)), textOf(before));
}

#endif

TEST_F(EngineProcess, TheEndOfItsInputEndsItEvenInAnAnswer) {
    EngineClient engine;
    loadVision(engine);
    engine.send(endlessChat(10));
    ASSERT_TRUE(engine.nextOf("token").has_value());
    engine.child().closeInput();
    EXPECT_EQ(engine.finish(10).back()["finish_reason"], "cancelled");
    EXPECT_EQ(engine.child().wait().code, 0);
}

TEST_F(EngineProcess, SigtermEndsItWithCode5AndEveryRequestIsAnswered) {
    EngineClient engine;
    loadVision(engine);
    engine.send(endlessChat(10));
    ASSERT_TRUE(engine.nextOf("token").has_value());
    engine.child().signal(SIGTERM);
    EXPECT_EQ(engine.finish(10).back()["finish_reason"], "cancelled");
    EXPECT_EQ(engine.child().wait().code, 5);
}

// A client that hangs does not read; its pipe fills up in the middle of an answer.
TEST_F(EngineProcess, ItEndsEvenWhenNobodyReads) {
    EngineClient engine;
    loadVision(engine);
    json chat = endlessChat(10);
    chat["logprobs"] = 20;
    engine.send(chat);
    ASSERT_TRUE(engine.nextOf("token").has_value());
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    engine.child().signal(SIGTERM);
    // Only now, after the engine has given up, is anything read again.
    EXPECT_TRUE(engine.child().waitForExit(std::chrono::seconds(20)));
    EXPECT_EQ(engine.child().wait().code, 5);
}

// Row 9: weights cut short while they are mapped.  The engine names the file and leaves with code 3.
TEST_F(EngineProcess, Fault9ATruncatedFileEndsTheEngineWithItsName) {
    EngineClient engine;
    const std::string folder = textModel();
    ASSERT_EQ(engine.request({{"id", 1}, {"type", "load"}, {"model", folder}}).back()["type"], "done");
    std::filesystem::resize_file(folder + "/model.safetensors", 4096);
    engine.send({{"id", 2}, {"type", "chat"}, {"messages", userTurn("Hello")}});
    const Finished finished = engine.child().wait();
    EXPECT_EQ(finished.code, 3);
    EXPECT_NE(finished.err.find("model.safetensors"), std::string::npos) << finished.err;
}

}  // namespace
}  // namespace lapidary::test
