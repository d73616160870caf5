#include "core/data/files/safetensors_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

#include "core/shared/base/mapped_file.h"
#include "tests/support/temp_dir.h"

namespace lapidary::files {
namespace {

// Length word, header, data.
std::string withHeader(const std::string& header, const std::string& data = "") {
    const std::uint64_t length = header.size();
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    return bytes + header + data;
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return '"' + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

Result<std::shared_ptr<const SafetensorsFile>> parse(const std::string& bytes) {
    return SafetensorsFile::parse(std::as_bytes(std::span(bytes)), nullptr, "test.safetensors");
}

// The message of the refusal; fails the test where the file is accepted.
std::string refusal(const std::string& bytes) {
    const auto file = parse(bytes);
    if (file) {
        ADD_FAILURE() << "accepted";
        return "";
    }
    EXPECT_EQ(file.error().context, "test.safetensors");
    return file.error().message;
}

std::string refusalOfEntries(const std::string& entries, std::size_t dataBytes) {
    return refusal(withHeader("{" + entries + "}", std::string(dataBytes, 'x')));
}

void expectSays(const std::string& message, const std::vector<std::string>& parts) {
    for (const std::string& part : parts)
        EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message;
}

TEST(SafetensorsFile, ReadsTensorsOfEveryKindInDataOrder) {
    const std::string bytes =
        withHeader("{" + entry("late", "BF16", "[3]", "[16,22]") + R"(,"__metadata__":{"format":"pt"},)" +
                       entry("early", "F32", "[2,2]", "[0,16]") + "," + entry("scalar", "I64", "[]", "[22,30]") + "," +
                       entry("nothing", "F16", "[0,4]", "[30,30]") + "}   ",
                   std::string(22, 'a') + std::string(8, 'b'));
    const auto file = parse(bytes);
    ASSERT_TRUE(file) << file.error().toString();
    ASSERT_EQ((*file)->tensors().size(), 4U);
    EXPECT_EQ((*file)->tensors().front().name, "early");
    EXPECT_EQ((*file)->metadata().at("format"), "pt");
    const SafetensorsTensor* scalar = (*file)->find("scalar");
    ASSERT_NE(scalar, nullptr);
    EXPECT_TRUE(scalar->shape.empty());
    EXPECT_EQ((*file)->bytes(*scalar).size(), 8U);
    EXPECT_EQ((*file)->bytes(*scalar)[0], std::byte{'b'});
    EXPECT_EQ((*file)->find("absent"), nullptr);
}

TEST(Fault1, ShortFilesAndFoldersAreNotSafetensors) {
    expectSays(refusal(""), {"not a safetensors file (0 bytes"});
    expectSays(refusal("1234567"), {"not a safetensors file (7 bytes"});
    const test::TempDir folder;
    const auto opened = SafetensorsFile::open(folder.path());
    ASSERT_FALSE(opened);
    expectSays(opened.error().toString(), {"not a safetensors file", "folder"});
    const auto missing = SafetensorsFile::open(folder.path() / "none.safetensors");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
}

TEST(Fault2, HeaderLengthIsCheckedAgainstTheFileAndTheCap) {
    std::string bytes = withHeader("{}");
    const auto withLength = [&](std::uint64_t length) {
        std::memcpy(bytes.data(), &length, sizeof length);
        return refusal(bytes);
    };
    expectSays(withLength(3), {"a header of 3 bytes is announced", "only 10 bytes"});
    expectSays(withLength(99'999'999), {"99999999 bytes is announced"});
    expectSays(withLength(100'000'001), {"100000001 bytes", "at most 100000000"});
    expectSays(withLength(UINT64_MAX), {"18446744073709551615 bytes"});
}

TEST(Fault3, HeaderMustBeExactlyOneJsonObject) {
    expectSays(refusal(withHeader("")), {"byte 8"});
    expectSays(refusal(withHeader(" {}")), {"must begin with '{' at byte 8", "32"});
    expectSays(refusal(withHeader("{}x")), {"byte 10"});
    expectSays(refusal(withHeader("{} {}")), {"byte 11"});
    expectSays(refusal(withHeader(std::string("{}\0", 3) + R"({"hidden":1})")), {"NUL", "byte 10"});
    expectSays(refusal(withHeader("{\"\xff\":1}")), {"byte 10"});
    expectSays(refusal(withHeader("[]")), {"'{'"});
    expectSays(refusal(withHeader("{")), {"not valid JSON at byte"});
    for (const char* header : {"{\"a\": nope}", "{\"a\": 1e999}"}) {
        const std::string message = refusal(withHeader(header));
        expectSays(message, {"not valid JSON at byte"});
        EXPECT_EQ(message.find("json.exception"), std::string::npos) << message;
    }
    expectSays(refusal(withHeader("{\"a\": nope}")), {"(line 1, column 8: syntax error"});
    expectSays(refusalOfEntries(entry("a\\u0000b", "U8", "[1]", "[0,1]"), 1), {"control character", "a?b"});
}

TEST(Fault4, DuplicatesAndForeignMetadataAreRefusedByName) {
    expectSays(refusalOfEntries(entry("twin", "U8", "[1]", "[0,1]") + "," + entry("twin", "U8", "[1]", "[1,2]"), 2),
               {"'twin' appears twice"});
    expectSays(refusalOfEntries(R"("__metadata__":{"format":1})", 0), {"__metadata__", "'format'", "string", "1"});
    expectSays(refusalOfEntries(R"("__metadata__":{"a":{"b":"c"}})", 0), {"__metadata__", "'a'"});
    expectSays(refusalOfEntries(R"("__metadata__":{"a":"1","a":"2"})", 0), {"'a' appears twice in __metadata__"});
    expectSays(refusalOfEntries(R"("__metadata__":"pt")", 0), {"__metadata__", "object"});
    expectSays(refusalOfEntries(R"("a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]})", 1),
               {"'dtype' appears twice", "'a'"});
    expectSays(refusalOfEntries(R"("a":{"dtype":"U8","shape":[1]})", 0), {"missing 'data_offsets'", "'a'"});
    expectSays(refusalOfEntries(R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"extra":1})", 1),
               {"unknown key 'extra'"});
}

TEST(Fault5, OffsetsMustTileTheData) {
    const std::string first = entry("first", "U8", "[20]", "[0,20]");
    expectSays(refusalOfEntries(first + "," + entry("second", "U8", "[20]", "[16,36]"), 36),
               {"'second' [0x10, 0x24)", "overlaps 'first' [0x0, 0x14)"});
    expectSays(refusalOfEntries(first + "," + entry("second", "U8", "[4]", "[32,36]"), 36),
               {"hole", "'second'", "[0x14, 0x20)"});
    expectSays(refusalOfEntries(entry("late", "U8", "[4]", "[4,8]"), 8), {"hole", "[0x0, 0x4)"});
    expectSays(refusalOfEntries(first, 36), {"no tensor covers the end", "[0x14, 0x24)"});
    expectSays(refusalOfEntries(first, 19), {"'first' [0x0, 0x14)", "past the end", "0x13", "cut off"});
    expectSays(refusalOfEntries(entry("back", "U8", "[4]", "[4,0]"), 4), {"wrong way round", "[0x4, 0x0)"});
    expectSays(refusalOfEntries(entry("minus", "U8", "[4]", "[-4,0]"), 4), {"negative number -4", "'minus'"});
    expectSays(refusalOfEntries(entry("float", "U8", "[4]", "[0,4.0]"), 4), {"integer", "'float'"});
    expectSays(refusalOfEntries(entry("huge", "U8", "[4]", "[0,18446744073709551616]"), 4), {"below 2^64", "'huge'"});
    expectSays(refusalOfEntries(entry("one", "U8", "[4]", "[0]"), 4), {"two numbers", "'one'"});
    expectSays(refusalOfEntries(entry("three", "U8", "[4]", "[0,4,8]"), 4), {"two numbers", "'three'"});
}

TEST(Fault6, ShapesThatOverflowAreRefusedAndEmptyOnesAccepted) {
    expectSays(refusalOfEntries(entry("wraps", "F32", "[4611686018427387904,4]", "[0,0]"), 0),
               {"'wraps'", "does not fit 64 bits"});
    expectSays(refusalOfEntries(entry("wraps", "F32", "[4294967296,4294967296]", "[0,0]"), 0),
               {"'wraps'", "does not fit 64 bits"});
    expectSays(refusalOfEntries(entry("bytes", "F64", "[2305843009213693952]", "[0,0]"), 0),
               {"'bytes'", "does not fit 64 bits"});
    expectSays(refusalOfEntries(entry("wide", "U8", "[18446744073709551615]", "[0,0]"), 0), {"'wide'", "63 bits"});
    expectSays(refusalOfEntries(entry("minus", "U8", "[-1]", "[0,0]"), 0), {"negative number -1", "'minus'"});
    std::string ones = "[1";
    for (int i = 1; i < 64; ++i) ones += ",1";
    expectSays(refusalOfEntries(entry("deep", "U8", ones + "]", "[0,1]"), 1), {"more than 16 dimensions", "'deep'"});
    EXPECT_TRUE(parse(
        withHeader("{" + entry("none", "F32", "[7,0]", "[0,0]") + "," + entry("scalar", "F32", "[]", "[0,4]") + "}", "1234")));
}

TEST(Fault7, UnknownDtypesAndWrongSizesShowTheArithmetic) {
    for (const char* dtype : {"F4", "F8_E8M0", "f32", ""}) {
        const auto file = parse(withHeader("{" + entry("t", dtype, "[2]", "[0,2]") + "}", "12"));
        ASSERT_FALSE(file) << dtype;
        EXPECT_EQ(file.error().code, ErrorCode::Unsupported);
        expectSays(file.error().message, {"'t'", std::string("dtype '") + dtype + "'"});
    }
    expectSays(refusalOfEntries(entry("short", "BF16", "[3,5]", "[0,32]"), 32),
               {"'short'", "15 elements", "[3, 5]", "2 bytes (BF16)", "= 30", "hold 32"});
}

TEST(Fault8, TooManyTensorsEndTheParse) {
    std::string header = "{";
    std::size_t count = 0;
    for (; count <= SafetensorsFile::kMaxTensors; ++count) {
        header += (count == 0 ? "" : ",") + entry("t" + std::to_string(count), "U8", "[0]", "[0,0]");
    }
    expectSays(refusal(withHeader(header + "}")), {"more than 200000 tensors"});
    // Ten million of them do not even fit the header's cap, so nothing of such a file is read.
    EXPECT_GT(10'000'000U * entry("t", "U8", "[]", "[0,1]").size(), SafetensorsFile::kMaxHeaderBytes);
}

TEST(Fault9, TruncationUnderAMappingEndsWithTheFilesName) {
    const test::TempDir folder;
    constexpr std::size_t kBytes = 1 << 20;
    const std::string header =
        "{" + entry("t", "U8", "[" + std::to_string(kBytes) + "]", "[0," + std::to_string(kBytes) + "]") + "}";
    const auto path = folder.write("vanishing.safetensors", withHeader(header, std::string(kBytes, 'x')));
    const auto file = SafetensorsFile::open(path);
    ASSERT_TRUE(file);
    const auto touchAfterTruncation = [&] {
        installMappedFileFaultHandler();
        if (::truncate(path.c_str(), 100) != 0) ::_exit(99);
        const volatile std::byte last = (*file)->bytes((*file)->tensors().front()).back();
        ::_exit(last == std::byte{'x'} ? 98 : 97);
    };
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(touchAfterTruncation(), testing::ExitedWithCode(3), "vanishing.safetensors");
}

}  // namespace
}  // namespace lapidary::files
