// Rows of every shape → one conversation with its pictures (fault 28, specification 6.1), and what turns may not do (fault 30).
#include "core/data/dataset/record.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::dataset {
namespace {

using nlohmann::json;
using Kind = PictureRef::Kind;

// "user[0]What?|assistant A": pictures by number, parts in order.
std::string shown(const Record& record) {
    std::string text;
    for (const text::Message& message : record.messages) {
        text += (text.empty() ? "" : "|") + message.role + " ";
        if (const auto* parts = std::get_if<std::vector<text::ContentPart>>(&message.content)) {
            for (const text::ContentPart& part : *parts) {
                text += part.type == text::ContentPart::Type::Image ? "[" + std::to_string(part.imageIndex) + "]" : part.text;
            }
        } else {
            text += std::get<std::string>(message.content);
        }
    }
    return text;
}

std::string mapped(const json& row, const MappingOptions& options = {}) {
    const auto result = mapRow(row, options);
    return result ? shown(result->record) : "!" + result.error().toString();
}

json binary(const std::string& bytes) { return json::binary(std::vector<std::uint8_t>(bytes.begin(), bytes.end())); }

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Record, EveryNameOfMessagesAndAnswers) {
    const json turns = {{{"role", "user"}, {"content", "Q"}}, {{"role", "assistant"}, {"content", "A"}}};
    const json llava = {{{"from", "human"}, {"value", "Q"}}, {{"from", "gpt"}, {"value", "A"}}};
    for (const char* name : {"messages", "conversation", "conversations", "Messages"}) {
        EXPECT_EQ(mapped({{name, turns}}), "user Q|assistant A");
        EXPECT_EQ(mapped({{name, llava}}), "user Q|assistant A");
    }
    EXPECT_EQ(mapped({{"messages", turns.dump()}}), "user Q|assistant A");  // a CSV cell
    for (const auto& [prompt, answer] : std::map<std::string, std::string>{{"prompt", "completion"},
                                                                           {"question", "answer"},
                                                                           {"instruction", "output"},
                                                                           {"query", "response"},
                                                                           {"Input", "Target"}}) {
        EXPECT_EQ(mapped({{prompt, "Q"}, {answer, "A"}}), "user Q|assistant A") << prompt;
    }
    EXPECT_EQ(mapped({{"instruction", "Sum up."}, {"input", "Text"}, {"output", "A"}}), "user Sum up.\n\nText|assistant A");
    EXPECT_EQ(mapped({{"system", "Be kind."}, {"prompt", "Q"}, {"answer", 7}}), "system Be kind.|user Q|assistant 7");
    EXPECT_EQ(mapped({{"image", "a.png"}, {"text", "A cat"}}), "user [0]Describe this image.|assistant A cat");
    EXPECT_EQ(mapped({{"eine", "Q"}, {"andere", "A"}}, {{}, {}, {{"eine", "prompt"}, {"andere", "answer"}}}),
              "user Q|assistant A");
}

TEST(Record, ErrorsNameTheColumns) {
    EXPECT_EQ(mapped({{"foo", 1}, {"bar", 2}}), "!no messages, and no answer to a prompt; the columns are bar, foo");
    EXPECT_TRUE(contains(mapped({{"answer", "A"}}), "column 'answer' answers nothing"));
    EXPECT_TRUE(contains(mapped(json::array()), "expected an object with columns, found a list of 0"));
    EXPECT_TRUE(
        contains(mapped({{"messages", json::array({json{{"content", "x"}}})}}), "messages[0]: neither 'role' nor 'from'"));
    EXPECT_TRUE(contains(
        mapped({{"messages", json::array({json{{"role", "user"}, {"content", json::array({json{{"type", "video"}}})}}})}}),
        "of type \"video\""));
    EXPECT_TRUE(contains(mapped({{"messages", json::array({json{{"role", "user"}, {"content", 5}}})}}),
                         "messages[0]: the content is the number 5"));
    EXPECT_TRUE(contains(mapped({{"messages", json::array()}}), "column 'messages': expected a list of messages"));
}

TEST(Fault28, ColumnsAreReported) {
    const auto row =
        mapRow({{"question", "Q"}, {"answer", "A"}, {"image", "a.png"}, {"split", "x"}, {"id", 12}, {"image_id", "7"}}, {});
    ASSERT_TRUE(row) << row.error().toString();
    const std::map<std::string, std::string> expected{{"answer", "answer"},   {"id", "id"},           {"image", "image"},
                                                      {"image_id", "unused"}, {"question", "prompt"}, {"split", "unused"}};
    EXPECT_EQ(row->columns, expected);
    EXPECT_EQ(row->record.id, "12");
}

TEST(Fault28, PicturesInEveryForm) {
    const auto picture = [](const json& cell, const std::string& column = "image") {
        const auto row = mapRow({{column, cell}, {"text", "A"}}, {"/data", {}, {}});
        if (!row) return "!" + row.error().toString();
        std::string text;
        for (const PictureRef& ref : row->record.pictures) text += std::to_string(static_cast<int>(ref.kind)) + ref.value + ";";
        return text;
    };
    EXPECT_EQ(picture("a/b.png"), "0/data/a/b.png;");
    EXPECT_EQ(picture("/abs.png"), "0/abs.png;");
    EXPECT_EQ(picture("file:///abs.png"), "0/abs.png;");
    EXPECT_EQ(picture(json::array({"a.png", "b.png"}), "images"), "0/data/a.png;0/data/b.png;");
    EXPECT_EQ(picture("a.png", "image_path"), "0/data/a.png;");
    EXPECT_EQ(picture("https://example.org/a.png"), "1https://example.org/a.png;");
    EXPECT_EQ(picture("data:image/png;base64,AAAA"), "2data:image/png;base64,AAAA;");
    EXPECT_EQ(picture("AAAA", "image_base64"), "2AAAA;");
    EXPECT_EQ(picture(binary("xyz")), "3xyz;");
    EXPECT_EQ(picture({{"bytes", binary("xyz")}, {"path", nullptr}}), "3xyz;");
    EXPECT_EQ(picture({{"bytes", nullptr}, {"path", "a.png"}}), "0/data/a.png;");
    EXPECT_EQ(picture({{"bytes", "AAAA"}, {"path", "a.png"}}), "2AAAA;");  // JSON has no bytes: base64
    EXPECT_EQ(picture({{"bytes", binary("xyz")}}, "image_id"), "3xyz;");  // MedPix
    EXPECT_EQ(picture(json::array({json{{"bytes", binary("x")}}, "b.png"}), "images"), "3x;0/data/b.png;");
    EXPECT_TRUE(contains(picture({{"bytes", nullptr}, {"path", nullptr}}), "column 'image': neither bytes nor a path"));
    EXPECT_TRUE(contains(picture({{"bytes", binary("")}}), "column 'image': the embedded picture has no bytes"));
    EXPECT_TRUE(contains(picture(17), "column 'image': expected a path, an address, bytes or base64, found the number 17"));
    EXPECT_TRUE(contains(picture(std::string(5000, 'A')), "a text of 5000 bytes is no path"));
}

TEST(Fault28, PartsCarryTheirOwnPictures) {
    const json parts = {{{"type", "image"}, {"path", "a.png"}},
                        {{"type", "text"}, {"text", "and"}},
                        {{"type", "image_url"}, {"image_url", {{"url", "data:image/png;base64,AA=="}}}},
                        {{"type", "image"}}};
    const json row = {{"messages", {{{"role", "user"}, {"content", parts}}, {{"role", "assistant"}, {"content", "A"}}}},
                      {"images", {"c.png"}}};
    const auto result = mapRow(row, {"/data", {}, {}});
    ASSERT_TRUE(result) << result.error().toString();
    EXPECT_EQ(shown(result->record), "user [0]and[1][2]|assistant A");
    EXPECT_EQ(result->record.pictures[0].value, "/data/a.png");
    EXPECT_EQ(result->record.pictures[1].kind, Kind::Base64);
    EXPECT_EQ(result->record.pictures[2].value, "/data/c.png");
    // Tables give all parts all keys.
    const json table = {{{"type", "image"}, {"text", nullptr}, {"path", nullptr}},
                        {{"type", "text"}, {"text", "What?"}, {"path", nullptr}}};
    EXPECT_EQ(mapped({{"messages", {{{"role", "user"}, {"content", table}}, {{"role", "assistant"}, {"content", "A"}}}},
                      {"image", "c.png"}}),
              "user [0]What?|assistant A");
}

json llava(const std::vector<std::string>& turns) {
    json list = json::array();
    for (std::size_t i = 0; i < turns.size(); ++i)
        list.push_back({{"from", i % 2 == 0 ? "human" : "gpt"}, {"value", turns[i]}});
    return list;
}

TEST(Record, MarkersOfPlainTexts) {
    const json images = {"a.png", "b.png"};
    // Media first, then the texts without a separator.
    EXPECT_EQ(mapped({{"conversations", llava({"x <image> y<image>", "A"})}, {"images", images}}),
              "user [0][1]x  y|assistant A");
    EXPECT_EQ(mapped({{"conversations", llava({"<image>\nQ", "A", "<image>R", "B"})}, {"images", images}}),
              "user [0]\nQ|assistant A|user [1]R|assistant B");
    EXPECT_EQ(mapped({{"conversations", llava({"Q", "A"})}, {"images", images}}), "user [0][1]Q|assistant A");
    EXPECT_TRUE(contains(mapped({{"conversations", llava({"<image><image><image>", "A"})}, {"images", images}}),
                         "more image markers than pictures (2)"));
    const auto unused = mapRow({{"conversations", llava({"<image>Q", "A"})}, {"images", images}}, {});
    ASSERT_EQ(unused->record.warnings.size(), 1U);
    EXPECT_EQ(unused->record.warnings[0].rule, Rule::PictureUnused);
    EXPECT_EQ(unused->record.pictures.size(), 1U);
}

// Megatron-Bridge's preloaded provider begins with the first picture again in every message, and lets missing ones vanish.
TEST(Record, MarkersAsBridgeNumbersThem) {
    const MappingOptions bridge{{}, MarkerNumbering::RestartInEachTurn, {}};
    const json images = {"a.png", "b.png"};
    EXPECT_EQ(mapped({{"conversations", llava({"<image>Q", "A", "<image>R", "B"})}, {"images", images}}, bridge),
              "user [0]Q|assistant A|user [0]R|assistant B");
    const auto missing = mapRow({{"conversations", llava({"<image><image><image>Q", "A"})}, {"images", images}}, bridge);
    ASSERT_TRUE(missing);
    EXPECT_EQ(shown(missing->record), "user [0][1]Q|assistant A");
    EXPECT_EQ(missing->record.warnings.size(), 1U);
}

std::string rulesOf(const std::vector<std::string>& roles, const std::string& answer = "A") {
    Record record;
    for (const std::string& role : roles) record.messages.push_back({role, role == "assistant" ? answer : "Q"});
    std::string rules;
    for (const Finding& finding : checkTurns(record)) rules += (rules.empty() ? "" : ",") + std::string(ruleName(finding.rule));
    return rules;
}

TEST(Fault30, RolesAndTurns) {
    EXPECT_EQ(rulesOf({"user", "assistant"}), "");
    EXPECT_EQ(rulesOf({"system", "user", "assistant", "user", "assistant"}), "");
    EXPECT_EQ(rulesOf({"user", "user", "assistant"}), "role_order");
    EXPECT_EQ(rulesOf({"assistant", "user", "assistant"}), "role_order");
    EXPECT_EQ(rulesOf({"user", "narrator", "assistant"}), "role_order,role_order");
    EXPECT_EQ(rulesOf({"user", "system", "assistant"}), "system_after_user");
    EXPECT_EQ(rulesOf({"user", "assistant", "tool", "user", "assistant"}), "tool_role");
    EXPECT_EQ(rulesOf({"user"}), "no_answer");
    EXPECT_EQ(rulesOf({}), "no_answer");
    EXPECT_EQ(rulesOf({"user", "assistant"}, " \n"), "empty_answer");
    EXPECT_EQ(rulesOf({"user", "assistant", "user"}), "ends_with_question");
}

TEST(Record, PicturesAreReadFromAnySource) {
    const test::TempDir folder;
    test::writePicture(folder.path() / "a.png");
    const PictureRef path{Kind::Path, (folder.path() / "a.png").string(), ""};
    const auto bytes = readPictureBytes(path, image::UrlConsent::Refuse);
    ASSERT_TRUE(bytes);
    const PictureRef embedded{Kind::Bytes, *bytes, "x.png"};
    const auto fromPath = loadPicture(path, image::UrlConsent::Refuse);
    const auto fromBytes = loadPicture(embedded, image::UrlConsent::Refuse);
    ASSERT_TRUE(fromPath && fromBytes);
    EXPECT_EQ(fromPath->rgb, fromBytes->rgb);
    EXPECT_EQ(describePicture(embedded), "embedded picture x.png (" + std::to_string(bytes->size()) + " bytes)");
    EXPECT_FALSE(loadPicture({Kind::Url, "https://example.org/a.png", ""}, image::UrlConsent::Refuse));
    EXPECT_EQ(loadPicture({Kind::Path, "/none.png", ""}, image::UrlConsent::Refuse).error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace lapidary::dataset
