#include "core/shared/base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lapidary {
namespace {

std::string errorOf(std::string_view text) {
    const auto parsed = parseJson(text, "test.json");
    return parsed ? "no error" : parsed.error().toString();
}

Json parsed(std::string_view text) {
    auto value = parseJson(text, "test.json");
    EXPECT_TRUE(value) << value.error().toString();
    return value.value_or(Json());
}

TEST(ParseJson, ReadsWhatIsWellFormed) {
    EXPECT_EQ(parsed(R"({"a":[1,2.5,"x",null,true]})")["a"].size(), 5U);
    EXPECT_EQ(parsed("\xEF\xBB\xBF[1]").size(), 1U) << "a byte order mark is skipped";
}

TEST(Fault61, BrokenJsonNamesSourceAndByte) {
    EXPECT_EQ(errorOf("{\"a\": 1,}").substr(0, 33), "test.json: not valid JSON at byte") << errorOf("{\"a\": 1,}");
    const std::string second = errorOf("{\n  \"a\": nope}");
    EXPECT_NE(second.find("(line 2, column 9: syntax error"), std::string::npos) << second;
    EXPECT_EQ(second.find("json.exception"), std::string::npos) << second;
    for (const char* text :
         {"", "{", "[1,", "{\"a\"}", "nul", "[1] x", "\"\x01\"", "{'a':1}", "[1,2", "// x\n1", "NaN", "[Infinity]"}) {
        EXPECT_FALSE(parseJson(text, "x")) << text;
    }
    EXPECT_FALSE(parseJson("\"\xC3\"", "x")) << "half a character";
    EXPECT_FALSE(parseJson("\"\\ud800\"", "x")) << "half a surrogate pair";
    EXPECT_FALSE(parseJson("\xEF\xBB\xBF", "x")) << "a byte order mark alone";
}

TEST(Fault61, NumberThatNoDoubleHolds) {
    EXPECT_EQ(errorOf("{\"a\": 1e309}"), "test.json: 'a': expected a number that a double holds, found 1e309");
    EXPECT_EQ(errorOf("[-1e999]"), "test.json: '[0]': expected a number that a double holds, found -1e999");
    EXPECT_EQ(errorOf("1e999"), "test.json: expected a number that a double holds, found 1e999");
    EXPECT_EQ(errorOf(R"({"a":{"x":1},"b":[[1],{"c":2,"d":[3,{},1e400]}]})"),
              "test.json: 'b[1].d[2]': expected a number that a double holds, found 1e400");
    EXPECT_EQ(parsed("[1e308]")[0].get<double>(), 1e308);
}

TEST(Fault61, PlaceOfWhatIsNoJson) {
    EXPECT_NE(errorOf(R"({"a":{"b":[1,tru]}})").find("near 'a.b[1]'"), std::string::npos) << errorOf(R"({"a":{"b":[1,tru]}})");
    EXPECT_LT(errorOf("{\"" + std::string(100000, 'k') + "\":1e999}").size(), 500U) << "a long key does not fill the message";
}

TEST(OutermostInteger, OfTextsThatAreRefused) {
    EXPECT_EQ(outermostInteger(R"({"id":5,"a":1})", "id"), 5);
    EXPECT_EQ(outermostInteger(R"({"a":{"id":1,"b":[1e309,-1E+999]},"s":"1e999 \" {","id":5})", "id"), 5);
    EXPECT_EQ(outermostInteger(R"({"a":1,"id":5,"a":2})", "id"), 5);
    EXPECT_EQ(outermostInteger("{\"id\":5,\"a\":" + std::string(1000, '[') + std::string(1000, ']') + "}", "id"), 5);
    EXPECT_EQ(outermostInteger(R"({"id":5.0})", "id"), 5) << "as findInteger";
    for (const char* text : {"", "[5]", R"([{"id":5}])", R"({"a":{"id":5}})", R"({"id":"5"})", R"({"id":[5]})",
                             R"({"id":null})", R"({"id":5,"id":6})", R"({"id":5)", R"({"id":5}})", R"({"id":1e309})",
                             R"({"id":99999999999999999999})", R"({"id":5.5})", R"({"id":{"id":5}})", R"({"id":[],"id":5})"}) {
        EXPECT_EQ(outermostInteger(text, "id"), std::nullopt) << text;
    }
}

TEST(Fault61, KeyTwiceInOneObject) {
    EXPECT_EQ(errorOf(R"({"a":1,"b":{"c":1},"a":2})"), "test.json: the key 'a' appears twice in one object");
    EXPECT_NE(errorOf(R"({"b":[{"x":1,"x":1}]})"), "no error");
    EXPECT_EQ(errorOf(R"({"a":{"a":1},"b":{"a":[{"a":1},{"a":2}]}})"), "no error")
        << "the same key in different objects is fine";
}

TEST(Fault61, DepthBomb) {
    const std::size_t deep = 100000;
    EXPECT_EQ(errorOf(std::string(deep, '[')), "test.json: nested deeper than 64 levels");
    EXPECT_NE(errorOf(std::string(deep, '[') + std::string(deep, ']')), "no error");
    std::string objects;
    for (std::size_t i = 0; i < deep; ++i) objects += "{\"a\":";
    EXPECT_EQ(errorOf(objects), "test.json: nested deeper than 64 levels");
    // The limit itself.
    EXPECT_EQ(errorOf(std::string(64, '[') + std::string(64, ']')), "no error");
    EXPECT_NE(errorOf(std::string(65, '[') + std::string(65, ']')), "no error");
    EXPECT_TRUE(parseJson("[[1]]", "x", 2));
    EXPECT_FALSE(parseJson("[[1]]", "x", 1));
}

TEST(Fault61, HugeTokensDoNotFillTheMessage) {
    EXPECT_LT(errorOf("{\"a\": \"" + std::string(1000000, 'x')).size(), 600U);
    const std::string key(100000, 'k');
    EXPECT_LT(errorOf("{\"" + key + "\":1,\"" + key + "\":1}").size(), 300U);
}

TEST(FindValues, AbsentAndNullAreNothing) {
    const Json object = parsed(R"({"a":null})");
    for (const char* key : {"a", "b"}) {
        EXPECT_EQ(*findInteger(object, key, "w"), std::nullopt);
        EXPECT_EQ(*findNumber(object, key, "w"), std::nullopt);
        EXPECT_EQ(*findBool(object, key, "w"), std::nullopt);
        EXPECT_EQ(*findString(object, key, "w"), std::nullopt);
    }
    EXPECT_EQ(*findInteger(parsed("[1]"), "a", "w"), std::nullopt);
}

TEST(FindValues, ReadTheirType) {
    const Json object = parsed(R"({"i":-7,"f":1000000.0,"x":0.5,"b":false,"s":"text"})");
    EXPECT_EQ(**findInteger(object, "i", "w"), -7);
    EXPECT_EQ(**findInteger(object, "f", "w"), 1000000) << "a count written as 1000000.0";
    EXPECT_EQ(**findNumber(object, "i", "w"), -7.0);
    EXPECT_EQ(**findNumber(object, "x", "w"), 0.5);
    EXPECT_EQ(**findBool(object, "b", "w"), false);
    EXPECT_EQ(**findString(object, "s", "w"), "text");
}

TEST(FindValues, AnotherTypeIsAnErrorWithPlaceExpectedAndFound) {
    const Json object = parsed(R"({"x":0.5,"s":"text","big":18446744073709551615,"e":1e300,"l":[1,2],"b":1})");
    EXPECT_EQ(findInteger(object, "x", "text_config").error().toString(),
              "text_config: 'x': expected an integer, found the number 0.5");
    EXPECT_EQ(findInteger(object, "s", "").error().toString(), "'s': expected an integer, found the string \"text\"");
    EXPECT_FALSE(findInteger(object, "big", "w"));
    EXPECT_FALSE(findInteger(object, "e", "w"));
    EXPECT_FALSE(findNumber(object, "s", "w"));
    EXPECT_FALSE(findBool(object, "b", "w"));
    EXPECT_EQ(findString(object, "l", "w").error().message, "'l': expected a string, found a list of 2");
}

TEST(Fault61, UnknownKeyNamesTheNearest) {
    const std::vector<std::string> known{"role", "content", "temperature"};
    EXPECT_TRUE(refuseUnknownKeys(parsed(R"({"role":1,"content":2})"), known, "w"));
    EXPECT_EQ(refuseUnknownKeys(parsed(R"({"rôle":1})"), known, "messages[0]").error().toString(),
              "messages[0]: unknown key 'rôle'; did you mean 'role'?");
    EXPECT_EQ(refuseUnknownKeys(parsed(R"({"temprature":1})"), known, "w").error().message,
              "unknown key 'temprature'; did you mean 'temperature'?");
    EXPECT_EQ(refuseUnknownKeys(parsed(R"({"zzz":1})"), known, "w").error().message, "unknown key 'zzz'");
}

TEST(NearestKey, FarOrShortKeysHaveNoSuggestion) {
    EXPECT_EQ(nearestKey("top_k", {"top_p", "min_p"}), "top_p");
    EXPECT_EQ(nearestKey("foo", {"id", "bar"}), "");
    EXPECT_EQ(nearestKey(std::string(100000, 'a'), {"aaa"}), "");
    EXPECT_EQ(nearestKey("", {"id"}), "");
}

TEST(ClipText, NeverCutsACharacter) {
    EXPECT_EQ(clipText("short", 10), "short");
    EXPECT_EQ(clipText("abcdef", 3), "abc…");
    EXPECT_EQ(clipText("aéé", 2), "a…");
    EXPECT_EQ(clipText("aéé", 3), "aé…");
    EXPECT_EQ(clipText("\xF0\x9F\x98\x80x", 3), "…");
}

TEST(DescribeJson, EveryType) {
    EXPECT_EQ(describeJson(parsed("null")), "null");
    EXPECT_EQ(describeJson(parsed("{}")), "an object");
    EXPECT_EQ(describeJson(parsed("[1]")), "a list of 1");
    EXPECT_EQ(describeJson(parsed("true")), "true");
    EXPECT_EQ(describeJson(parsed("3")), "the number 3");
    EXPECT_EQ(describeJson(Json(std::string(41, 'x'))), "a string of 41 bytes");
}

}  // namespace
}  // namespace lapidary
