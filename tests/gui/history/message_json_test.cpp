#include "gui/chat/message_json.h"

#include <gtest/gtest.h>

#include <QJsonDocument>

#include "tests/gui/history/random_conversation.h"

namespace lapidary::gui {
namespace {

// As in a file: through text.
QJsonObject throughText(const QJsonObject& json) { return QJsonDocument::fromJson(QJsonDocument(json).toJson()).object(); }

QJsonObject smallMessage() {
    return QJsonDocument::fromJson(R"({"id": 2, "parent": 1, "role": "user", "parts": [{"text": "hi"}]})").object();
}

TEST(MessageJson, AnyMessageComesBackEqual) {
    test::Random random(1);
    const std::vector<StoredPicture> pictures{{QString(64, QLatin1Char('a')), QStringLiteral("/x/a.png"), 3}};
    for (int round = 0; round < 300; ++round) {
        const Message message = test::randomMessage(random, round + 1, round / 2, pictures);
        const auto read = messageFromJson(throughText(toJson(message)));
        ASSERT_TRUE(read) << read.error().toString();
        ASSERT_EQ(*read, message) << "round " << round;
    }
}

TEST(MessageJson, AnySettingsComeBackEqual) {
    test::Random random(2);
    for (int round = 0; round < 300; ++round) {
        const ConversationSettings settings = test::randomSettings(random);
        const auto read = settingsFromJson(throughText(toJson(settings)));
        ASSERT_TRUE(read) << read.error().toString();
        ASSERT_EQ(*read, settings) << "round " << round;
    }
}

TEST(MessageJson, UnknownFieldsAreIgnored) {
    QJsonObject json = smallMessage();
    json.insert(QStringLiteral("mood"), QStringLiteral("good"));
    const auto read = messageFromJson(json);
    ASSERT_TRUE(read) << read.error().toString();
    EXPECT_EQ(read->text(), QStringLiteral("hi"));
}

struct Wrong {
    const char* key;
    const char* value;  // JSON; empty: the field is taken out
    const char* place;  // that the error has to name
};

class Fault61_Message : public testing::TestWithParam<Wrong> {};

TEST_P(Fault61_Message, IsRefusedWithItsPlace) {
    const Wrong& wrong = GetParam();
    QJsonObject json = smallMessage();
    const QByteArray value = QByteArray("[") + wrong.value + "]";
    if (*wrong.value == '\0') {
        json.remove(QLatin1String(wrong.key));
    } else {
        json.insert(QLatin1String(wrong.key), QJsonDocument::fromJson(value).array().at(0));
    }
    const auto read = messageFromJson(json, QStringLiteral("messages[3]"));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::InvalidData);
    EXPECT_NE(read.error().message.find(wrong.place), std::string::npos) << read.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    All, Fault61_Message,
    testing::Values(
        Wrong{"id", "", "messages[3].id"}, Wrong{"parts", "", "messages[3].parts"}, Wrong{"id", "0", "messages[3].id"},
        Wrong{"id", "2.5", "messages[3].id"}, Wrong{"id", "\"2\"", "messages[3].id"}, Wrong{"id", "1e30", "messages[3].id"},
        Wrong{"parent", "2", "messages[3].parent"}, Wrong{"parent", "-1", "messages[3].parent"},
        Wrong{"role", "\"system\"", "messages[3].role"}, Wrong{"role", "7", "messages[3].role"},
        Wrong{"state", "\"asleep\"", "messages[3].state"}, Wrong{"parts", "{}", "messages[3].parts"},
        Wrong{"parts", "[7]", "messages[3].parts[0]"}, Wrong{"parts", "[{}]", "messages[3].parts[0]"},
        Wrong{"parts", R"([{"text": "a", "picture": {}}])", "messages[3].parts[0]"},
        Wrong{"parts", R"([{"text": 5}])", "messages[3].parts[0].text"},
        Wrong{"parts", R"([{"picture": {"width": -1}}])", "messages[3].parts[0].picture.width"},
        Wrong{"parts", R"([{"picture": {"sha256": "../../etc/passwd"}}])", "messages[3].parts[0].picture.sha256"},
        Wrong{"parts", R"([{"picture": {"views": {"crops": [[0, 0, 5]]}}}])", "messages[3].parts[0].picture.views.crops"},
        Wrong{"parts", R"([{"picture": {"views": {"crops": [[9, 0, 5, 5]]}}}])", "messages[3].parts[0].picture.views.crops"},
        Wrong{"parts", R"([{"picture": {"seen": [{}]}}])", "messages[3].parts[0].picture.seen[0].box"},
        Wrong{"figures", "[]", "messages[3].figures"},
        Wrong{"figures", R"({"prompt_tokens": -4})", "messages[3].figures.prompt_tokens"},
        Wrong{"tokens", R"([{"text": "a"}])", "messages[3].tokens[0].token"},
        Wrong{"tokens", R"([{"token": 1, "alternatives": [{"token": "x"}]}])", "messages[3].tokens[0].alternatives[0].token"}));

TEST(Fault61_Settings, AreRefusedWithTheirPlace) {
    for (const char* json : {R"({"temperature": "hot"})", R"({"max_new_tokens": 0})", R"({"stop": "x"})", R"({"stop": [1]})",
                             R"({"probabilities": 1})", R"({"seed": 1.5})", R"({"top_k": -1})"}) {
        EXPECT_FALSE(settingsFromJson(QJsonDocument::fromJson(json).object())) << json;
    }
}

}  // namespace
}  // namespace lapidary::gui
