#include "core/shared/plan/override_value.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/shared/base/json.h"

namespace lapidary::plan {
namespace {

std::string value(std::string_view text) {
    const auto parsed = parseOverrideValue(text, "a.b");
    return parsed ? parsed->dump() : parsed.error().message;
}

TEST(OverrideValue, HydrasScalars) {
    EXPECT_EQ(value("1"), "1");
    EXPECT_EQ(value("-12"), "-12");
    EXPECT_EQ(value("+3"), "3");
    EXPECT_EQ(value("1_000_000"), "1000000");
    EXPECT_EQ(value("1e-4"), "0.0001");
    EXPECT_EQ(value("5.e-6"), "5e-06");
    EXPECT_EQ(value(".5"), "0.5");
    EXPECT_EQ(value("true"), "true");
    EXPECT_EQ(value("False"), "false");
    EXPECT_EQ(value("NULL"), "null");
    EXPECT_EQ(value("  padded  "), "\"padded\"");
    EXPECT_EQ(value("two words"), "\"two words\"");
    EXPECT_EQ(value(""), "\"\"");
    EXPECT_EQ(value("/data/a-b_c.jsonl"), "\"/data/a-b_c.jsonl\"");
    EXPECT_EQ(value("1.2.3"), "\"1.2.3\"");
    EXPECT_EQ(value("1_"), "\"1_\"");
    EXPECT_EQ(value("1e"), "\"1e\"");
    EXPECT_EQ(value("."), "\".\"");
    EXPECT_EQ(value("-"), "\"-\"");
    EXPECT_EQ(value("google/gemma-3-4b-it"), "\"google/gemma-3-4b-it\"");
    EXPECT_EQ(value("a=b"), "\"a=b\"");
}

TEST(OverrideValue, QuotesMakeTexts) {
    EXPECT_EQ(value("'1'"), "\"1\"");
    EXPECT_EQ(value("\"true\""), "\"true\"");
    EXPECT_EQ(value(R"('it\'s')"), "\"it's\"");
    EXPECT_EQ(value(R"("a, b: {c}")"), "\"a, b: {c}\"");
    EXPECT_EQ(value(R"('back\\slash')"), R"("back\\slash")");
    EXPECT_EQ(value("a\\,b"), "\"a,b\"");
    EXPECT_EQ(value("\\1"), "\"\\\\1\"");
    EXPECT_EQ(value("''"), "\"\"");
}

TEST(OverrideValue, ListsAndObjects) {
    EXPECT_EQ(value("[1,2]"), "[1,2]");
    EXPECT_EQ(value("[ a , 'b, c' , null ]"), "[\"a\",\"b, c\",null]");
    EXPECT_EQ(value("[]"), "[]");
    EXPECT_EQ(value("{}"), "{}");
    EXPECT_EQ(value("{a:1,b: [x, {c: 0.5}]}"), R"({"a":1,"b":["x",{"c":0.5}]})");
    EXPECT_EQ(value("{'a.b': https://x}"), R"({"a.b":"https://x"})");
    EXPECT_EQ(value("{split: train[:10]}"), R"({"split":"train[:10]"})");
}

TEST(Fault61, OverrideValuesAreRefusedWithTheirPath) {
    EXPECT_EQ(value("1e309"), "'a.b': expected a number that a double holds, found 1e309");
    EXPECT_EQ(value("99999999999999999999"), "'a.b': expected an integer of 64 bits, found 99999999999999999999");
    EXPECT_EQ(value("nan"), "'a.b': expected a finite number, found nan");
    EXPECT_EQ(value("-.inf"), "'a.b': expected a finite number, found -.inf");
    EXPECT_EQ(value("[1,2"), "'a.b': expected ',' or ']' at byte 4");
    EXPECT_EQ(value("[1,]"), "'a.b': expected another element at byte 3");
    EXPECT_EQ(value("{a:1,}"), "'a.b': expected another key at byte 5");
    EXPECT_EQ(value("{a}"), "'a.b': expected ':' after a key at byte 2");
    EXPECT_EQ(value("{:1}"), "'a.b': expected a key at byte 1");
    EXPECT_EQ(value("{a:1"), "'a.b': expected ',' or '}' at byte 4");
    EXPECT_EQ(value("{a:1,a:2}"), "'a.b': the key 'a' appears twice at byte 6");
    EXPECT_EQ(value("'open"), "'a.b': the quote that was opened is not closed at byte 1");
    EXPECT_EQ(value("'a' b"), "'a.b': unexpected 'b' at byte 4");
    EXPECT_EQ(value("[1] 2"), "'a.b': unexpected '2' at byte 4");
    EXPECT_EQ(value("${oc.env:HF_TOKEN}"),
              "'a.b': interpolations like ${…} are not expanded; write the value itself at byte 0");
    EXPECT_EQ(value("[a/${x}]"), "'a.b': interpolations like ${…} are not expanded; write the value itself at byte 3");
    EXPECT_EQ(value("1,2"),
              "'a.b': a list without brackets would be a sweep over several runs; write [a,b], or quote the text at byte 1");
    EXPECT_EQ(value("a\xFF"), "'a.b': the value is not UTF-8");
    EXPECT_EQ(value(std::string(100, '[')), "'a.b': nested deeper than 32 levels at byte 33");
    EXPECT_EQ(value(std::string((1 << 20) + 1, 'a')), "'a.b': at most 1048576 bytes are accepted");
}

TEST(OverrideValue, KnowsUtf8) {
    EXPECT_TRUE(isUtf8(""));
    EXPECT_TRUE(isUtf8("grün 猫\n"));
    EXPECT_FALSE(isUtf8("\xC3"));
    EXPECT_FALSE(isUtf8("\xED\xA0\x80"));  // a surrogate
    EXPECT_FALSE(isUtf8("a\xC0\x80"));
}

}  // namespace
}  // namespace lapidary::plan
