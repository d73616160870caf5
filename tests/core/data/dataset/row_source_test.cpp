// Rows of text files, whatever is wrong with them (fault 26): the line is named, its neighbours are read.
#include "core/data/dataset/row_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/temp_dir.h"

namespace lapidary::dataset {
namespace {

using nlohmann::json;

RowSourcePointer rowsOf(const std::filesystem::path& file, const RowLimits& limits = {}) {
    auto rows = openRows(file, limits);
    if (!rows) throw std::runtime_error(rows.error().toString());
    return *rows;
}

// Each row as "place value" or "place !message".
std::vector<std::string> shown(const RowSource& rows) {
    std::vector<std::string> list;
    for (std::int64_t i = 0; i < rows.size(); ++i) {
        const auto row = rows.row(i);
        list.push_back(rows.place(i) + (row ? " " + row->dump() : " !" + row.error().message));
    }
    return list;
}
using Shown = std::vector<std::string>;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(RowSource, JsonLines) {
    const test::TempDir folder;
    const auto rows = rowsOf(folder.write("a.jsonl", "{\"a\":1}\n\n  \n{\"a\":2}\n{\"a\":\"x\\ny\"}"));
    EXPECT_EQ(shown(*rows), (Shown{"a.jsonl:1 {\"a\":1}", "a.jsonl:4 {\"a\":2}", "a.jsonl:5 {\"a\":\"x\\ny\"}"}));
    EXPECT_EQ(rowsOf(folder.write("empty.jsonl", ""))->size(), 0);
    EXPECT_EQ(rowsOf(folder.write("blank.jsonl", "\n\n"))->size(), 0);
}

TEST(RowSource, JsonLists) {
    const test::TempDir folder;
    const Shown expected{"a.json:1 {\"a\":[1,{\"b\":\"],\\\"\"}]}", "a.json:2 7", "a.json:3 \"x\""};
    EXPECT_EQ(shown(*rowsOf(folder.write("a.json", "[{\"a\":[1,{\"b\":\"],\\\"\"}]} ,\n 7,\n\"x\"]\n"))), expected);
    for (const char* key : {"data", "examples", "records"}) {
        const std::string text = std::string("{\"other\": [1, {\"data\": [5]}], \"") + key +
                                 "\": [{\"a\":1}, {\"a\":2}], \"more\": {\"data\": [3]}}";
        EXPECT_EQ(shown(*rowsOf(folder.write("a.json", text))), (Shown{"a.json:1 {\"a\":1}", "a.json:1 {\"a\":2}"}));
    }
    // Any other object is the one record.
    EXPECT_EQ(shown(*rowsOf(folder.write("a.json", "\n{\"messages\": [], \"x\": \"data\"}\n"))),
              (Shown{"a.json:2 {\"messages\":[],\"x\":\"data\"}"}));
    EXPECT_EQ(rowsOf(folder.write("a.json", "[]"))->size(), 0);
    EXPECT_EQ(rowsOf(folder.write("a.json", ""))->size(), 0);
}

TEST(RowSource, CsvAsRfc4180) {
    const test::TempDir folder;
    const auto rows = rowsOf(folder.write("a.csv",
                                          "\xEF\xBB\xBF"
                                          "prompt,answer\r\n\"a, \"\"b\"\"\",1\r\n\"two\nlines\",\r\n5\" disk,\"\"\r\n"));
    EXPECT_EQ(shown(*rows), (Shown{"a.csv:2 {\"answer\":\"1\",\"prompt\":\"a, \\\"b\\\"\"}",
                                   "a.csv:3 {\"answer\":\"\",\"prompt\":\"two\\nlines\"}",
                                   "a.csv:5 {\"answer\":\"\",\"prompt\":\"5\\\" disk\"}"}));
    EXPECT_EQ(shown(*rowsOf(folder.write("a.tsv", "a\tb\n1,5\t2\n"))), (Shown{"a.tsv:2 {\"a\":\"1,5\",\"b\":\"2\"}"}));
    EXPECT_EQ(shown(*rowsOf(folder.write("a.csv", "a;b\n1,5;2"))), (Shown{"a.csv:2 {\"a\":\"1,5\",\"b\":\"2\"}"}));
}

TEST(RowSource, BlocksDoNotMatter) {
    const test::TempDir folder;
    std::string lines;
    std::string list = "[";
    std::mt19937 random(3);
    std::vector<json> expected;
    for (int i = 0; i < 3000; ++i) {
        expected.push_back({{"n", i}, {"text", std::string(random() % 2000, 'a' + i % 26) + "\"[,"}});
        lines += expected.back().dump() + "\n";
        list += (i == 0 ? "" : ",") + expected.back().dump();
    }
    for (const auto& rows : {rowsOf(folder.write("a.jsonl", lines)), rowsOf(folder.write("a.json", list + "]"))}) {
        ASSERT_EQ(rows->size(), 3000);
        for (int i = 0; i < 3000; ++i) ASSERT_EQ(*rows->row(i), expected[static_cast<std::size_t>(i)]);
    }
}

TEST(Fault26, BadLineInTheMiddle) {
    const test::TempDir folder;
    const Shown list = shown(*rowsOf(folder.write("a.jsonl", "{\"a\":1}\n{\"a\":\x01 broken\n{\"a\":3}\n{\"a\":4} {\n")));
    ASSERT_EQ(list.size(), 4U);
    EXPECT_EQ(list[0], "a.jsonl:1 {\"a\":1}");
    EXPECT_TRUE(contains(list[1], "a.jsonl:2 !not valid JSON at byte 6")) << list[1];
    EXPECT_TRUE(contains(list[1], "the row begins \"{\"a\":  broken\"")) << list[1];
    EXPECT_EQ(list[2], "a.jsonl:3 {\"a\":3}");
    EXPECT_TRUE(contains(list[3], "a.jsonl:4 !")) << list[3];
}

TEST(Fault26, ByteOrderMarkAndCarriageReturns) {
    const test::TempDir folder;
    EXPECT_EQ(shown(*rowsOf(folder.write("a.jsonl", "\xEF\xBB\xBF{\"a\":1}\r\n\r\n{\"a\":2}\r\n"))),
              (Shown{"a.jsonl:1 {\"a\":1}", "a.jsonl:3 {\"a\":2}"}));
    EXPECT_EQ(shown(*rowsOf(folder.write("a.json", "\xEF\xBB\xBF[{\"a\":1}]"))), (Shown{"a.json:1 {\"a\":1}"}));
}

TEST(Fault26, SurrogatesAndBytesThatAreNoText) {
    const test::TempDir folder;
    const Shown list = shown(*rowsOf(folder.write(
        "a.jsonl", "{\"a\":\"\\ud800\"}\n{\"a\":\"\\ud83d\\ude00\"}\n{\"a\":\"\xff\"}\n{\"a\":\"\xed\xa0\x80\"}\n")));
    EXPECT_TRUE(contains(list[0], "a.jsonl:1 !not valid JSON")) << list[0];
    EXPECT_EQ(list[1], "a.jsonl:2 {\"a\":\"\xF0\x9F\x98\x80\"}");
    EXPECT_TRUE(contains(list[2], "a.jsonl:3 !not valid JSON")) << list[2];
    EXPECT_TRUE(contains(list[3], "a.jsonl:4 !not valid JSON")) << list[3];
    EXPECT_TRUE(contains(shown(*rowsOf(folder.write("a.csv", "a,b\n\xff,1\n")))[0], "column 'a' is not UTF-8"));
}

TEST(Fault26, LineOfAGigabyteIsNeverHeld) {
    const test::TempDir folder;
    const auto file = folder.write("a.jsonl", "{\"a\":1}\n");
    std::filesystem::resize_file(file, (std::uint64_t{1} << 30) + 8);  // a hole: zeros without a line end
    std::ofstream(file, std::ios::app) << "\n{\"a\":3}\n";
    const Shown list = shown(*rowsOf(file));
    ASSERT_EQ(list.size(), 3U);
    EXPECT_TRUE(contains(list[1], "a.jsonl:2 !the row is 1073741824 bytes long, more than 67108864")) << list[1];
    EXPECT_EQ(list[2], "a.jsonl:3 {\"a\":3}");
}

TEST(Fault26, DepthOfAHundredThousand) {
    const test::TempDir folder;
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    const Shown lines = shown(*rowsOf(folder.write("a.jsonl", deep + "\n{\"a\":2}\n")));
    EXPECT_TRUE(contains(lines[0], "a.jsonl:1 !nested deeper than 64 levels")) << lines[0];
    EXPECT_EQ(lines[1], "a.jsonl:2 {\"a\":2}");
    const Shown list = shown(*rowsOf(folder.write("a.json", "[" + deep + ",{\"a\":2}]")));
    EXPECT_TRUE(contains(list[0], "nested deeper than 64 levels")) << list[0];
    EXPECT_EQ(list[1], "a.json:1 {\"a\":2}");
}

TEST(Fault26, HalfWrittenFiles) {
    const test::TempDir folder;
    EXPECT_TRUE(contains(shown(*rowsOf(folder.write("a.jsonl", "{\"a\":1}\n{\"a\":")))[1], "a.jsonl:2 !not valid JSON"));
    for (const char* text : {"[{\"a\":1},\n{\"a\":", "[{\"a\":1},\n", "[{\"a\":1}\n]\n[", "{\"data\": [{\"a\":1}\n"}) {
        const Shown list = shown(*rowsOf(folder.write("a.json", text)));
        EXPECT_TRUE(contains(list.back(), "is it half-written?")) << text;
    }
    EXPECT_TRUE(contains(shown(*rowsOf(folder.write("a.csv", "a,b\n1,2\n\"x,3\n")))[1], "a.csv:3 !the file ends"));
    EXPECT_TRUE(contains(shown(*rowsOf(folder.write("a.csv", "a,b\n1\n3,4\n")))[0],
                         "a.csv:2 !expected 2 fields as in the header, found 1"));
}

TEST(Fault26, FilesThatAreNoDataSets) {
    const test::TempDir folder;
    EXPECT_EQ(openRows(folder.path() / "none.jsonl").error().code, ErrorCode::NotFound);
    EXPECT_EQ(openRows(folder.write("a.txt", "x")).error().code, ErrorCode::Unsupported);
    EXPECT_FALSE(openRows(folder.write("a.csv", "")));
    EXPECT_FALSE(openRows(folder.write("a.csv", "a,a\n1,2\n")));
    std::filesystem::create_directory(folder.path() / "folder.jsonl");
    EXPECT_FALSE(openRows(folder.path() / "folder.jsonl"));
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(openRows(folder.write("a.jsonl", "{}\n"), {}, stop.get_token()).error().code, ErrorCode::Cancelled);
}

TEST(Fault26, FileThatShrinksWhileOpen) {
    const test::TempDir folder;
    const auto file = folder.write("a.jsonl", "{\"a\":1}\n{\"a\":2}\n");
    const auto rows = rowsOf(file);
    std::filesystem::resize_file(file, 9);
    EXPECT_TRUE(rows->row(0));
    EXPECT_TRUE(contains(rows->row(1).error().message, "became shorter"));
}

}  // namespace
}  // namespace lapidary::dataset
