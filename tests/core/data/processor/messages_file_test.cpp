// Messages and batches as files: what is read, and how every slip is named.
#include "core/data/processor/messages_file.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"

namespace lapidary::processor {
namespace {

using text::ContentPart;
using Kind = image::ImageSource::Kind;

std::string errorOf(const std::string& json) {
    const auto conversation = parseMessagesText(json, "m.json");
    return conversation ? "" : conversation.error().toString();
}

TEST(MessagesFile, ReadsTextPartsAndPictures) {
    const test::TempDir folder;
    const auto path = folder.write("in ner/m.json",
                                   "\xEF\xBB\xBF"
                                   R"([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "image", "path": "cat.png"}, {"type": "image", "url": "https://x.test/a.png"},
                                     {"type": "text", "text": "What?"}, {"type": "image", "base64": "AAAA"}, {"type": "image"},
                                     {"type": "image", "path": "/abs/dog.png"}]}])");
    const auto conversation = readMessagesFile(path);
    ASSERT_TRUE(conversation) << conversation.error().toString();
    ASSERT_EQ(conversation->messages.size(), 2U);
    EXPECT_EQ(conversation->messages[0].role, "system");
    EXPECT_EQ(std::get<std::string>(conversation->messages[0].content), "Be brief.");
    const auto& parts = std::get<std::vector<ContentPart>>(conversation->messages[1].content);
    ASSERT_EQ(parts.size(), 6U);
    EXPECT_EQ(parts[0].type, ContentPart::Type::Image);
    EXPECT_EQ(parts[2].text, "What?");
    EXPECT_EQ(parts[4].imageIndex, -1);
    EXPECT_EQ(parts[5].imageIndex, 3);
    ASSERT_EQ(conversation->images.size(), 4U);
    EXPECT_EQ(conversation->images[0].value, (folder.path() / "in ner" / "cat.png").string());
    EXPECT_EQ(conversation->images[1].kind, Kind::Url);
    EXPECT_EQ(conversation->images[2].kind, Kind::Base64);
    EXPECT_EQ(conversation->images[3].value, "/abs/dog.png");
    EXPECT_TRUE(parseMessagesText(R"({"messages": []})", "m.json"));
}

TEST(MessagesFile, KeepsWhatOnlyTheTemplateMayRefuse) {
    const auto conversation =
        parseMessagesText(R"([{"role": "user", "content": null}, {"role": "assistant", "content": 5}])", "m.json");
    ASSERT_TRUE(conversation);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(conversation->messages[0].content));
    EXPECT_FALSE(text::renderChat(conversation->messages, true));
}

TEST(Fault61, MessagesNameThePlaceAndTheNearestKey) {
    EXPECT_EQ(errorOf(R"([{"rol": "user", "content": "x"}])"), "m.json: messages[0]: unknown key 'rol'; did you mean 'role'?");
    EXPECT_EQ(errorOf(R"([{"role": "user", "content": [{"type": "image", "pth": "a"}]}])"),
              "m.json: messages[0].content[0]: unknown key 'pth'; did you mean 'path'?");
    EXPECT_EQ(errorOf(R"({"mesages": []})"), "m.json: unknown key 'mesages'; did you mean 'messages'?");
    EXPECT_NE(errorOf(R"([{"role": "user", "content": [{"type": "txt", "text": "a"}]}])").find("found \"txt\""),
              std::string::npos);
    EXPECT_NE(errorOf(R"([{"role": "user", "content": [{"type": "text", "path": "a"}]}])").find("unknown key 'path'"),
              std::string::npos);
    EXPECT_NE(errorOf(R"([{"role": "user", "content": [{"type": "image", "path": "a", "url": "b"}]}])").find("several"),
              std::string::npos);
    EXPECT_NE(errorOf(R"([{"role": "user", "content": [{"type": "image", "path": 1e309}]}])"), "");
    EXPECT_NE(errorOf(R"([{"role": "user", "content": [{"type": "image", "path": ""}]}])").find("empty"), std::string::npos);
    EXPECT_EQ(errorOf(R"([{"role": "asistant", "content": "x"}])"),
              "m.json: messages[0]: 'role': expected \"user\", \"assistant\" (or \"model\") or \"system\", found \"asistant\"; "
              "did you "
              "mean \"assistant\"?");
    EXPECT_EQ(errorOf(R"([{"role": "tool", "content": "x"}])").find("did you mean"), std::string::npos);
    EXPECT_NE(errorOf(R"([{"role": 5, "content": "x"}])").find("'role'"), std::string::npos);
    EXPECT_NE(errorOf(R"([{"role": "user"}])").find("'content' is missing"), std::string::npos);
    EXPECT_NE(errorOf(R"([{"role": "user", "content": {"type": "text"}}])").find("found an object"), std::string::npos);
    EXPECT_NE(errorOf(R"(["x"])").find("expected an object"), std::string::npos);
    EXPECT_NE(errorOf(R"([{"role": "user", "content": "x"})").find("byte"), std::string::npos);
    EXPECT_NE(errorOf(std::string(100000, '[')), "");
    // Messages between processes ignore what they do not know.
    EXPECT_TRUE(parseMessages(nlohmann::json::parse(R"([{"role": "user", "name": "n", "content": [{"type": "audio"}]}])"), {},
                              UnknownKeys::Ignore));
}

TEST(BatchFile, OneRequestALine) {
    const auto batch = parseBatch(
        "{\"prompt\": \"a\"}\r\n\n{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image\", \"path\": "
        "\"c.png\"}]}]}",
        "b.jsonl", "/d");
    ASSERT_TRUE(batch) << batch.error().toString();
    ASSERT_EQ(batch->size(), 2U);
    EXPECT_EQ((*batch)[0].prompt, "a");
    EXPECT_EQ((*batch)[1].line, 3U);
    EXPECT_EQ((*batch)[1].conversation.images.at(0).value, "/d/c.png");
}

TEST(Fault61, BatchNamesTheLine) {
    const auto bad = [](const std::string& lines) {
        const auto batch = parseBatch(lines, "b.jsonl");
        return batch ? "" : batch.error().toString();
    };
    EXPECT_NE(bad("{\"prompt\": \"a\"}\n{oops}\n").find("b.jsonl, line 2"), std::string::npos);
    EXPECT_NE(bad("{\"promt\": \"a\"}").find("did you mean 'prompt'"), std::string::npos);
    EXPECT_NE(bad("{\"prompt\": \"a\", \"messages\": []}").find("one of 'prompt' and 'messages'"), std::string::npos);
    EXPECT_NE(bad("{}").find("one of 'prompt' and 'messages'"), std::string::npos);
    EXPECT_NE(bad("{\"messages\": [{\"role\": \"user\"}]}").find("line 1: messages[0]"), std::string::npos);
    EXPECT_NE(bad("\n \n").find("no request"), std::string::npos);
}

}  // namespace
}  // namespace lapidary::processor
