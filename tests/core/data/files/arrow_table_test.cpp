// Parquet and Arrow files written by Arrow itself, read back; and every way in which such a file may be broken (fault 27).
#include "core/data/files/arrow_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/arrow_writer.h"
#include "tests/support/temp_dir.h"

namespace lapidary::files {
namespace {

using nlohmann::json;
using test::ArrowFixture;
using test::ArrowForm;

json binary(const std::string& bytes) { return json::binary(std::vector<std::uint8_t>(bytes.begin(), bytes.end())); }

ArrowFixture everyType() {
    return {{{"text", "string"},
             {"count", "int64"},
             {"ratio", "double"},
             {"flag", "bool"},
             {"image", "image"},
             {"images", "list<image>"},
             {"texts", "list<struct<user: string, assistant: string>>"},
             {"kind", "dictionary"}},
            {{{"text", "häß"},
              {"count", -7},
              {"ratio", 0.25},
              {"flag", true},
              {"image", {{"bytes", binary(std::string("\x89PNG\0\xff", 6))}, {"path", "a.png"}}},
              {"images",
               json::array({json{{"bytes", binary("one")}, {"path", nullptr}}, json{{"bytes", binary("two")}, {"path", "b"}}})},
              {"texts", json::array({json{{"user", "q"}, {"assistant", "a"}}})},
              {"kind", "red"}},
             {{"text", nullptr}, {"images", json::array()}, {"kind", "blue"}},
             {{"text", ""}, {"count", 3}, {"kind", "red"}, {"texts", json::array({nullptr})}}}};
}

json filled(const ArrowFixture& fixture, std::size_t row) {
    json object = json::object();
    for (const auto& [name, type] : fixture.columns) object[name] = fixture.rows[row].value(name, json());
    return object;
}

void expectRows(const std::filesystem::path& path, const ArrowFixture& fixture, const std::vector<std::size_t>& order) {
    const auto table = ArrowTable::open(path);
    ASSERT_TRUE(table) << table.error().toString();
    ASSERT_EQ((*table)->rows(), std::ssize(fixture.rows));
    ASSERT_EQ((*table)->columns().size(), fixture.columns.size());
    for (const std::size_t index : order) {
        const auto row = (*table)->row(static_cast<std::int64_t>(index));
        ASSERT_TRUE(row) << row.error().toString();
        EXPECT_EQ(*row, filled(fixture, index)) << index;
    }
}

TEST(ArrowTable, EveryTypeInEveryForm) {
    const test::TempDir folder;
    const ArrowFixture fixture = everyType();
    test::writeParquet(folder.path() / "v1.parquet", fixture);
    test::writeParquet(folder.path() / "v2.parquet", fixture, {1, false, false, true});
    test::writeArrow(folder.path() / "file.arrow", fixture, ArrowForm::File, 2);
    test::writeArrow(folder.path() / "stream.arrow", fixture, ArrowForm::Stream, 2);
    // The name says nothing: the first bytes do.
    for (const char* name : {"v1.parquet", "v2.parquet", "file.arrow", "stream.arrow"}) {
        SCOPED_TRACE(name);
        expectRows(folder.path() / name, fixture, {0, 1, 2, 1, 0, 2, 0});
    }
    EXPECT_EQ((*ArrowTable::open(folder.path() / "v1.parquet"))->columns()[4].type, "struct<bytes: binary, path: string>");
}

TEST(ArrowTable, RowsOfManyGroupsInAnyOrder) {
    const test::TempDir folder;
    ArrowFixture fixture{{{"n", "int64"}, {"text", "string"}}, {}};
    for (int i = 0; i < 5000; ++i) fixture.rows.push_back({{"n", i}, {"text", "row " + std::to_string(i % 7)}});
    test::writeParquet(folder.path() / "many.parquet", fixture, {1500});
    test::writeArrow(folder.path() / "many.arrow", fixture, ArrowForm::Stream, 999);
    std::mt19937 random(1);
    std::vector<std::size_t> order{0, 1499, 1500, 4999, 1023, 1024, 1025};
    for (int i = 0; i < 40; ++i) order.push_back(random() % 5000);
    expectRows(folder.path() / "many.parquet", fixture, order);
    expectRows(folder.path() / "many.arrow", fixture, order);
}

TEST(ArrowTable, EmptyTablesAndOutside) {
    const test::TempDir folder;
    const ArrowFixture fixture{{{"text", "string"}}, {}};
    test::writeParquet(folder.path() / "a.parquet", fixture);
    test::writeArrow(folder.path() / "a.arrow", fixture, ArrowForm::Stream);
    for (const char* name : {"a.parquet", "a.arrow"}) {
        const auto table = ArrowTable::open(folder.path() / name);
        ASSERT_TRUE(table) << table.error().toString();
        EXPECT_EQ((*table)->rows(), 0);
        EXPECT_FALSE((*table)->row(0));
        EXPECT_FALSE((*table)->row(-1));
    }
}

std::string contents(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string openError(const std::filesystem::path& path) {
    const auto table = ArrowTable::open(path);
    if (!table) return table.error().toString();
    for (std::int64_t i = 0; i < (*table)->rows(); ++i) {
        const auto row = (*table)->row(i);
        if (!row) return row.error().toString();
    }
    return "";
}

TEST(Fault27, ParquetHalfWrittenFooter) {
    const test::TempDir folder;
    test::writeParquet(folder.path() / "a.parquet", everyType());
    const std::string bytes = contents(folder.path() / "a.parquet");
    for (const std::size_t size : {bytes.size() - 1, bytes.size() - 40, bytes.size() / 2, std::size_t{12}}) {
        const std::string message = openError(folder.write("cut.parquet", bytes.substr(0, size)));
        EXPECT_NE(message.find("cut.parquet: the Parquet footer is missing or damaged: is the file complete?"),
                  std::string::npos)
            << message;
    }
    EXPECT_NE(openError(folder.write("x.parquet", "PAR1")).find("(4 bytes)"), std::string::npos);
    EXPECT_NE(
        openError(folder.write("x.parquet", "{\"text\": \"no table at all\"}")).find("neither a Parquet file nor an Arrow"),
        std::string::npos);
    EXPECT_NE(openError(folder.path()).find(folder.path().string()), std::string::npos);
}

// The footer is Thrift's compact form: behind a column's path come the codec (field 4, i32) and the number of values (field 5, i64).
std::string withCodec(std::string bytes, const std::string& lastPathPart, char codec) {
    const std::string before = lastPathPart + std::string("\x15\x00\x16", 3);
    const std::size_t at = bytes.rfind(before);
    if (at == std::string::npos) throw std::runtime_error("no such column chunk");
    bytes[at + before.size() - 2] = codec;
    return bytes;
}

TEST(Fault27, ParquetUnknownCodecNamesTheColumn) {
    const test::TempDir folder;
    test::writeParquet(folder.path() / "a.parquet", everyType(), {1024, false, false, false});
    const std::string bytes = contents(folder.path() / "a.parquet");
    std::string message = openError(folder.write("lzo.parquet", withCodec(bytes, "bytes", 6)));  // 3: LZO
    EXPECT_NE(message.find("lzo.parquet: column 'images.list.element.bytes' in row group 1 is compressed with lzo"),
              std::string::npos)
        << message;
    message = openError(folder.write("new.parquet", withCodec(bytes, "ratio", 62)));  // 31: not assigned
    EXPECT_NE(message.find("column 'ratio' in row group 1"), std::string::npos) << message;
}

TEST(Fault27, ParquetDamagedPageNamesTheColumn) {
    const test::TempDir folder;
    ArrowFixture fixture{{{"first", "string"}, {"second", "string"}}, {}};
    for (int i = 0; i < 200; ++i)
        fixture.rows.push_back({{"first", "aaaa" + std::to_string(i)}, {"second", "bbbb" + std::to_string(i)}});
    test::writeParquet(folder.path() / "a.parquet", fixture, {1024, false, false, false});
    std::string bytes = contents(folder.path() / "a.parquet");
    const std::size_t at = bytes.find("bbbb7");
    for (std::size_t i = at - 4; i < at; ++i) bytes[i] = '\x7f';  // the length before a value
    const std::string message = openError(folder.write("bad.parquet", bytes));
    EXPECT_NE(message.find("column 'second' in row group 1 cannot be decoded"), std::string::npos) << message;
}

TEST(Fault27, ArrowStreamCutShort) {
    const test::TempDir folder;
    test::writeArrow(folder.path() / "a.arrow", everyType(), ArrowForm::Stream, 1);
    const std::string bytes = contents(folder.path() / "a.arrow");
    const std::string message = openError(folder.write("cut.arrow", bytes.substr(0, bytes.size() - 300)));
    EXPECT_NE(message.find("cut.arrow"), std::string::npos) << message;
    EXPECT_NE(message.find("is the file complete?"), std::string::npos) << message;
    test::writeArrow(folder.path() / "f.arrow", everyType(), ArrowForm::File, 1);
    const std::string file = contents(folder.path() / "f.arrow");
    EXPECT_NE(openError(folder.write("cut.arrow", file.substr(0, file.size() - 20))).find("the Arrow file's footer"),
              std::string::npos);
}

// Whatever single byte is wrong: an error or a value, never a crash or an exception.
TEST(Fault27, FlippedBytesNeverCrash) {
    const test::TempDir folder;
    test::writeParquet(folder.path() / "a.parquet", everyType());
    test::writeArrow(folder.path() / "a.arrow", everyType(), ArrowForm::Stream, 1);
    std::mt19937 random(7);
    int refused = 0;
    for (const char* name : {"a.parquet", "a.arrow"}) {
        const std::string bytes = contents(folder.path() / name);
        for (int round = 0; round < 150; ++round) {
            std::string damaged = bytes;
            damaged[random() % damaged.size()] = static_cast<char>(random());
            refused += openError(folder.write("damaged", damaged)).empty() ? 0 : 1;
        }
    }
    EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace lapidary::files
