#include "core/shared/base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lapidary {
namespace {

std::string messageOf(const std::string& text) {
    const auto parsed = parseJson(text, "a.json");
    return parsed ? "" : parsed.error().toString();
}

TEST(Json, AByteOrderMarkIsSkipped) { EXPECT_EQ(parseJson("\xEF\xBB\xBF{\"a\":1}", "a.json").value()["a"], 1); }

TEST(Fault61, ADuplicateKeyIsNamed) {
    EXPECT_NE(messageOf(R"({"a":{"b":1},"c":2,"c":3})").find("'c' appears twice"), std::string::npos);
    EXPECT_EQ(messageOf(R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})"), "") << "the same key in different objects is no duplicate";
}

TEST(Fault61, NestingIsCappedAndBadTextHasAPosition) {
    EXPECT_EQ(messageOf(std::string(64, '[') + std::string(64, ']')), "");
    EXPECT_NE(messageOf(std::string(100, '[') + std::string(100, ']')).find("nested deeper than 64"), std::string::npos);
    EXPECT_NE(messageOf(std::string(1000000, '[')).find("nested deeper"), std::string::npos);
    EXPECT_NE(messageOf(R"({"a": 1,})").find("byte 9"), std::string::npos) << messageOf(R"({"a": 1,})");
    EXPECT_EQ(messageOf("{} x").rfind("a.json: not valid JSON at byte", 0), 0U);
}

TEST(Fault61, NumbersThatNoDoubleHoldAndBrokenUtf8AreRefused) {
    EXPECT_NE(messageOf(R"({"a": 1e309})"), "");
    EXPECT_NE(messageOf("{\"a\": \"\xC3\x28\"}"), "");
    EXPECT_NE(messageOf(""), "");
}

TEST(Json, IntegersMayBeWrittenWithAPointButNotWithAFraction) {
    const Json object =
        parseJson(R"({"a":3,"b":1000000.0,"c":2.5,"d":"3","e":null,"f":18446744073709551615,"g":1e300})", "x").value();
    EXPECT_EQ(findInteger(object, "a", "").value(), 3);
    EXPECT_EQ(findInteger(object, "b", "").value(), 1000000);
    EXPECT_FALSE(findInteger(object, "e", "").value().has_value());
    EXPECT_FALSE(findInteger(object, "absent", "").value().has_value());
    for (const char* key : {"c", "d", "f", "g"}) EXPECT_FALSE(findInteger(object, key, "text_config")) << key;
    EXPECT_EQ(findInteger(object, "d", "text_config").error().toString(),
              "text_config: 'd': expected an integer, found the string \"3\"");
}

TEST(Json, OtherTypesAreNotConverted) {
    const Json object = parseJson(R"({"n":1,"t":true,"s":"x","l":[1,2]})", "x").value();
    EXPECT_EQ(findNumber(object, "n", "").value(), 1.0);
    EXPECT_EQ(findBool(object, "t", "").value(), true);
    EXPECT_EQ(findString(object, "s", "").value(), "x");
    EXPECT_FALSE(findNumber(object, "t", ""));
    EXPECT_FALSE(findBool(object, "n", ""));
    EXPECT_FALSE(findString(object, "l", ""));
    EXPECT_NE(findString(object, "l", "").error().message.find("a list of 2"), std::string::npos);
    EXPECT_FALSE(findInteger(parseJson("[1]", "x").value(), "n", "").value().has_value()) << "a list has no keys";
}

TEST(Fault61, AnUnknownKeyComesWithTheNearestKnownOne) {
    const Json object = parseJson(R"({"temprature":1})", "x").value();
    const auto refused = refuseUnknownKeys(object, {"temperature", "top_k"}, "sampling");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().toString(), "sampling: unknown key 'temprature'; did you mean 'temperature'?");
    EXPECT_EQ(nearestKey("something_else", {"temperature", "top_k"}), "");
    EXPECT_TRUE(refuseUnknownKeys(parseJson(R"({"top_k":1})", "x").value(), {"temperature", "top_k"}, ""));
}

TEST(Json, ALongStringIsDescribedByItsLength) {
    EXPECT_EQ(describeJson(Json(std::string(41, 'x'))), "a string of 41 bytes");
    EXPECT_EQ(describeJson(Json(std::string(40, 'x'))), "the string \"" + std::string(40, 'x') + "\"");
    EXPECT_EQ(describeJson(Json(-3)), "the number -3");
    EXPECT_EQ(describeJson(Json::object()), "an object");
}

}  // namespace
}  // namespace lapidary
