#include "core/shared/protocol/request.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/core/shared/protocol/random_text.h"

namespace lapidary::protocol {
namespace {

std::string errorOf(const std::string& line) {
    const auto request = parseRequest(line);
    return request ? "no error" : request.error().toString();
}

template <class Body>
Body parsedAs(const std::string& line) {
    const auto request = parseRequest(line);
    EXPECT_TRUE(request) << (request ? "" : request.error().toString());
    if (!request || !std::holds_alternative<Body>(request->body)) {
        ADD_FAILURE() << "another type of request: " << line;
        return {};
    }
    return std::get<Body>(request->body);
}

TEST(Request, ChatAsAClientWritesIt) {
    const auto request = parseRequest(
        R"({"id":7,"type":"chat","max_new_tokens":64,"temperature":0,"top_k":5,"seed":3,"stop":["\n\n"],"logprobs":2,)"
        R"("messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"image","path":"/a/cat.png"},)"
        R"({"type":"image","url":"https://example.org/x.png"},{"type":"text","text":"What?"}]}],"pan_and_scan":true,)"
        R"("crops":[[[0,0,10,20]],[]],"sequence":"left"})");
    ASSERT_TRUE(request) << request.error().toString();
    EXPECT_EQ(request->id, 7);
    const auto& chat = std::get<ChatRequest>(request->body);
    ASSERT_EQ(chat.messages.size(), 2U);
    EXPECT_EQ(chat.messages[0].content, (std::vector<ContentPart>{{ContentPart::Type::Text, "Be brief.", "", "", {}}}));
    EXPECT_EQ(chat.messages[1].content,
              (std::vector<ContentPart>{{ContentPart::Type::Image, "", "/a/cat.png", "", {}},
                                        {ContentPart::Type::Image, "", "", "https://example.org/x.png", {}},
                                        {ContentPart::Type::Text, "What?", "", "", {}}}));
    EXPECT_EQ(chat.maxNewTokens, 64);
    EXPECT_EQ(chat.sampling.temperature, 0.0);
    EXPECT_EQ(chat.sampling.topK, 5);
    EXPECT_EQ(chat.sampling.topP, std::nullopt) << "absent: from generation_config.json";
    EXPECT_EQ(chat.sampling.seed, 3);
    EXPECT_EQ(chat.stop, std::vector<std::string>{"\n\n"});
    EXPECT_EQ(chat.logprobs, 2);
    EXPECT_EQ(chat.views.panAndScan, true);
    EXPECT_EQ(chat.views.panAndScanMinCropSize, std::nullopt) << "absent: the model's own";
    ASSERT_TRUE(chat.views.crops);
    EXPECT_EQ(*chat.views.crops, (std::vector<std::vector<rules::CropBox>>{{{0, 0, 10, 20}}, {}}));
    EXPECT_EQ(chat.sequence, "left");
}

TEST(Request, AdaptersAreNamedAbsentOrNone) {
    const auto chat = [](const std::string& more) {
        return parsedAs<ChatRequest>(R"({"id":1,"type":"chat","messages":[{"role":"user","content":"x"}])" + more + "}")
            .adapters;
    };
    EXPECT_EQ(chat(""), std::nullopt) << "those that came with load";
    EXPECT_EQ(chat(R"(,"adapters":null)"), std::nullopt);
    EXPECT_EQ(chat(R"(,"adapters":[])"), std::vector<std::string>{}) << "the base alone";
    EXPECT_EQ(chat(R"(,"adapters":["a","b"])"), (std::vector<std::string>{"a", "b"}));
    EXPECT_NE(errorOf(R"({"id":1,"type":"chat","messages":[{"role":"user","content":"x"}],"adapters":"a"})").find("adapters"),
              std::string::npos);
    EXPECT_EQ(parsedAs<LoadAdapterRequest>(R"({"id":1,"type":"load_adapter","path":"/a"})"), (LoadAdapterRequest{"/a", ""}));
    EXPECT_EQ(parsedAs<UnloadAdapterRequest>(R"({"id":1,"type":"unload_adapter","name":"x"})"), (UnloadAdapterRequest{"x"}));
    EXPECT_NE(errorOf(R"({"id":1,"type":"load_adapter"})").find("path"), std::string::npos);
    Request request{4, ChatRequest{}};
    std::get<ChatRequest>(request.body).messages = {{"user", {{ContentPart::Type::Text, "x", "", "", {}}}}};
    for (const std::optional<std::vector<std::string>>& names :
         {std::optional<std::vector<std::string>>{}, std::optional(std::vector<std::string>{}),
          std::optional(std::vector<std::string>{"a"})}) {
        std::get<ChatRequest>(request.body).adapters = names;
        EXPECT_EQ(parseRequest(printRequest(request)).value(), request);
    }
}

TEST(Request, ShortestFormsOfAllTypes) {
    EXPECT_EQ(parsedAs<HelloRequest>(R"({"id":0,"type":"hello","protocol":1})"), HelloRequest{});
    EXPECT_EQ(parsedAs<LoadRequest>(R"({"id":0,"type":"load","model":"demo"})").model, "demo");
    EXPECT_EQ(parsedAs<LoadRequest>(R"({"id":0,"type":"load","model":"demo"})").device, "auto");
    EXPECT_EQ(parsedAs<UnloadRequest>(R"({"id":0,"type":"unload"})"), UnloadRequest{});
    EXPECT_EQ(parsedAs<CancelRequest>(R"({"id":2,"type":"cancel","target":1})").target, 1);
    EXPECT_EQ(parsedAs<PreviewRequest>(R"({"id":0,"type":"preview","path":"p"})").path, "p");
    EXPECT_EQ(parsedAs<ThumbnailRequest>(R"({"id":0,"type":"thumbnail","path":"p"})").maxSide, 256);
    EXPECT_TRUE(parsedAs<CountRequest>(R"({"id":0,"type":"count"})").messages.empty());
    EXPECT_EQ(parsedAs<ForecastRequest>(R"({"id":0,"type":"forecast"})"), ForecastRequest{});
}

TEST(Request, UnknownFieldsAreIgnoredUnknownTypesAreErrors) {
    EXPECT_EQ(parsedAs<UnloadRequest>(R"({"id":1,"type":"unload","future":{"x":[1]}})"), UnloadRequest{});
    EXPECT_EQ(parseRequest(R"({"id":1,"type":"unlaod"})").error().code, ErrorCode::Unsupported);
    EXPECT_EQ(errorOf(R"({"id":1,"type":"unlaod"})"), "request: unknown request type 'unlaod'; did you mean 'unload'?");
    EXPECT_EQ(parseRequest(R"({"id":1,"type":"token"})").error().code, ErrorCode::Unsupported) << "an event is no request";
}

TEST(Fault61, RequestsThatCannotBeMeant) {
    for (const char* line : {"",
                             "x",
                             "[]",
                             "null",
                             "{}",
                             R"({"type":"unload"})",
                             R"({"id":1})",
                             R"({"id":-1,"type":"unload"})",
                             R"({"id":"1","type":"unload"})",
                             R"({"id":1,"type":3})",
                             R"({"id":1,"type":"load"})",
                             R"({"id":1,"type":"load","model":3})",
                             R"({"id":1,"type":"load","model":"m","threads":-1})",
                             R"({"id":1,"type":"load","model":"m","adapters":"a"})",
                             R"({"id":1,"type":"load","model":"m","adapters":[1]})",
                             R"({"id":1,"type":"hello"})",
                             R"({"id":1,"type":"cancel"})",
                             R"({"id":1,"type":"preview"})",
                             R"({"id":1,"type":"preview","path":"a","url":"b"})",
                             R"({"id":1,"type":"thumbnail","path":"a","max_side":15})",
                             R"({"id":1,"id":2,"type":"unload"})"}) {
        EXPECT_FALSE(parseRequest(line)) << line;
    }
}

TEST(Fault61, ChatThatCannotBeMeant) {
    const auto chatWith = [](const std::string& extra) { return errorOf(R"({"id":1,"type":"chat",)" + extra + "}"); };
    const std::string message = R"("messages":[{"role":"user","content":"Hi"}])";
    EXPECT_EQ(chatWith(message), "no error");
    for (const char* extra :
         {R"("max_new_tokens":0)", R"("temperature":-1)", R"("temperature":"hot")", R"("top_k":-1)", R"("top_p":1.1)",
          R"("min_p":-0.1)", R"("repetition_penalty":0)", R"("seed":-1)", R"("logprobs":21)", R"("stop":"x")",
          R"("crops":[[[0,0,1]]])", R"("crops":[[[0,0,-1,1]]])", R"("crops":[[[0,0,1.5,1]]])", R"("crops":[1])",
          R"("pan_and_scan_max_num_crops":0)", R"("raw":1)", R"("seed":1e309)"}) {
        EXPECT_NE(chatWith(message + "," + extra), "no error") << extra;
    }
    for (const char* messages : {R"("messages":[])", R"("messages":3)", R"("messages":[1])", R"("messages":[{"role":"user"}])",
                                 R"("messages":[{"content":"x"}])", R"("messages":[{"role":"user","content":3}])",
                                 R"("messages":[{"role":"user","content":[{"text":"x"}]}])",
                                 R"("messages":[{"role":"user","content":[{"type":"text"}]}])",
                                 R"("messages":[{"role":"user","content":[{"type":"video","path":"x"}]}])",
                                 R"("messages":[{"role":"user","content":[{"type":"image"}]}])"}) {
        EXPECT_NE(chatWith(messages), "no error") << messages;
    }
    EXPECT_EQ(chatWith(R"("messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":3}]}])"),
              "request chat.messages[1].content[0]: 'text': expected a string, found the number 3");
}

TEST(Request, IdOfARefusedLine) {
    EXPECT_EQ(requestIdOf(R"({"id":5,"type":"dance"})"), 5);
    EXPECT_EQ(requestIdOf(R"({"id":5,"type":"load"})"), 5);
    EXPECT_EQ(requestIdOf("{\"id\":5"), std::nullopt);
    EXPECT_EQ(requestIdOf("[5]"), std::nullopt);
    EXPECT_EQ(requestIdOf(R"({"id":"5"})"), std::nullopt);
    EXPECT_EQ(requestIdOf(R"({"id":-5})"), std::nullopt);
    EXPECT_EQ(requestIdOf(R"({"id":5,"type":"chat","temperature":1e309})"), 5);
    EXPECT_EQ(requestIdOf(R"({"type":"chat","temperature":1e309,"id":5})"), 5);
    EXPECT_EQ(requestIdOf(R"({"id":5,"type":"load","type":"chat"})"), 5);
    EXPECT_EQ(requestIdOf(R"({"id":5,"id":6,"type":"load"})"), std::nullopt);
}

TEST(Fault61, NumbersThatCannotBeUsedNameTheirPlace) {
    EXPECT_EQ(errorOf(R"({"id":5,"type":"chat","messages":[],"temperature":1e309})"),
              "request: 'temperature': expected a number that a double holds, found 1e309");
    EXPECT_EQ(errorOf(R"({"id":5,"type":"chat","crops":[[],[[0,0,1e400,1]]]})"),
              "request: 'crops[1][0][2]': expected a number that a double holds, found 1e400");
    EXPECT_EQ(errorOf(R"({"id":5,"type":"load","model":"m","threads":99999999999999999999})").substr(0, 34),
              "request load: 'threads': expected ");
}

ViewSettings randomViews(RandomValues& random) {
    ViewSettings views;
    if (random.flag()) views.panAndScan = random.flag();
    if (random.flag()) views.panAndScanMinCropSize = random.integer(1, 5000);
    if (random.flag()) views.panAndScanMaxNumCrops = random.integer(1, 100);
    if (random.flag()) views.panAndScanMinRatioToActivate = random.number(0.1, 9.0);
    if (random.flag()) {
        views.crops.emplace(static_cast<std::size_t>(random.integer(0, 3)));
        for (auto& picture : *views.crops) {
            if (random.flag())
                picture.push_back({random.integer(0, 9), random.integer(0, 9), random.integer(9, 99), random.integer(9, 99)});
        }
    }
    return views;
}

PictureViewSettings randomViewsOfPicture(RandomValues& random) {
    const ViewSettings all = randomViews(random);
    PictureViewSettings views{
        all.panAndScan, all.panAndScanMinCropSize, all.panAndScanMaxNumCrops, all.panAndScanMinRatioToActivate, {}};
    if (all.crops && !all.crops->empty()) views.crops = all.crops->front();
    return views;
}

std::vector<ChatMessage> randomMessages(RandomValues& random) {
    std::vector<ChatMessage> messages(static_cast<std::size_t>(random.integer(1, 4)));
    for (ChatMessage& message : messages) {
        message.role = random.text();
        for (std::int64_t i = random.integer(0, 3); i > 0; --i) {
            ContentPart part;
            part.type = random.flag() ? ContentPart::Type::Text : ContentPart::Type::Image;
            if (part.type == ContentPart::Type::Text)
                part.text = random.text();
            else
                (random.flag() ? part.path : part.url) = random.filled();
            if (part.type == ContentPart::Type::Image && random.flag()) part.views = randomViewsOfPicture(random);
            message.content.push_back(part);
        }
    }
    return messages;
}

ChatRequest randomChat(RandomValues& random) {
    ChatRequest chat;
    chat.messages = randomMessages(random);
    chat.views = randomViews(random);
    if (random.flag()) chat.sampling.temperature = random.number(0, 3);
    if (random.flag()) chat.sampling.topK = random.integer(0, 1000);
    if (random.flag()) chat.sampling.topP = random.number(0, 1);
    if (random.flag()) chat.sampling.minP = random.number(0, 1);
    if (random.flag()) chat.sampling.repetitionPenalty = random.number(0.1, 2);
    if (random.flag()) chat.sampling.seed = random.integer(0, INT64_MAX);
    chat.maxNewTokens = random.integer(1, 100000);
    chat.stop = random.texts();
    chat.logprobs = random.integer(0, 20);
    chat.parseSpecial = random.flag();
    chat.raw = random.flag();
    chat.continueLast = chat.messages.back().role == "assistant" && random.flag();
    chat.sequence = random.text();
    return chat;
}

RequestBody randomBody(RandomValues& random) {
    PreviewRequest preview;
    (random.flag() ? preview.path : preview.url) = random.filled();
    preview.views = randomViews(random);
    switch (random.integer(0, 8)) {
        case 0: return HelloRequest{random.integer(0, 9), random.text()};
        case 1:
            return LoadRequest{random.text(), random.text(), random.texts(),          random.text(),
                               random.text(), random.text(), random.integer(0, 4096), random.integer(0, 1 << 20),
                               random.flag(), random.text()};
        case 2: return UnloadRequest{};
        case 3: return CancelRequest{random.integer(0, INT64_MAX)};
        case 4: return preview;
        case 5: return ThumbnailRequest{random.text(), random.integer(16, 4096)};
        case 6: return CountRequest{randomMessages(random), randomViews(random), random.flag(), random.flag()};
        case 7:
            return ForecastRequest{random.text(), random.text(), random.text(), random.text(), random.integer(0, 1 << 20),
                                   random.text()};
        default: return randomChat(random);
    }
}

TEST(Request, ParseOfPrintIsTheSame) {
    RandomValues random(17);
    for (int round = 0; round < 1000; ++round) {
        const Request request{random.integer(0, INT64_MAX), randomBody(random)};
        const std::string line = printRequest(request);
        ASSERT_EQ(line.find('\n'), std::string::npos);
        const auto again = parseRequest(line);
        ASSERT_TRUE(again) << line << "\n" << again.error().toString();
        ASSERT_EQ(*again, request) << line;
    }
}

TEST(Request, BytesThatAreNoTextAreReplaced) {
    const std::string line = printRequest({1, ThumbnailRequest{"bad \xFF name", 64}});
    EXPECT_EQ(std::get<ThumbnailRequest>(parseRequest(line)->body).path, "bad \xEF\xBF\xBD name");
}

}  // namespace
}  // namespace lapidary::protocol
