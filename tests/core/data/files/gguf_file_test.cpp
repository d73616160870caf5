#include "core/data/files/gguf_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/support/gguf_writer.h"
#include "tests/support/temp_dir.h"

namespace lapidary::files {
namespace {

using test::GgufBytes;

template <class T>
std::string raw(T value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

Result<std::shared_ptr<const GgufFile>> parse(const std::string& bytes) {
    return GgufFile::parse(std::as_bytes(std::span(bytes)), nullptr, "test.gguf");
}

void expectRefused(const std::string& bytes, const std::vector<std::string>& parts) {
    const auto file = parse(bytes);
    ASSERT_FALSE(file) << "accepted; expected: " << parts.front();
    EXPECT_EQ(file.error().context, "test.gguf");
    for (const std::string& part : parts) {
        EXPECT_NE(file.error().message.find(part), std::string::npos) << "'" << part << "' is not in: " << file.error().message;
    }
}

void expectRefused(const GgufBytes& file, const std::vector<std::string>& parts) { expectRefused(file.finish(), parts); }

// Header of a file with these counts and nothing else but zeros.
std::string withCounts(std::uint64_t tensors, std::uint64_t keys, std::uint32_t version = 3) {
    return "GGUF" + raw(version) + raw(tensors) + raw(keys) + std::string(64, '\0');
}

TEST(GgufFile, ReadsTypedMetadata) {
    GgufBytes writer;
    writer.addString("text", "caf\xC3\xA9");
    writer.addU32("u32", 4'000'000'000U);
    writer.addRawValue("i8", 1, raw<std::int8_t>(-3));
    writer.addRawValue("u16", 2, raw<std::uint16_t>(65535));
    writer.addRawValue("i16", 3, raw<std::int16_t>(-2));
    writer.addRawValue("i64", 11, raw<std::int64_t>(-5));
    writer.addRawValue("u64", 10, raw<std::uint64_t>(1ULL << 63U));
    writer.addRawValue("f64", 12, raw(0.1));
    writer.addF32("f32", 1e-6F);
    writer.addF32("nan", std::nanf(""));
    writer.addBool("flag", true);
    writer.addStrings("strings", {"a", "", "ccc"});
    writer.addF32s("floats", {1.5F, -2.0F});
    writer.addI32s("ints", {7, -8});
    for (const std::uint32_t version : {2U, 3U}) {
        writer.version = version;
        const std::string bytes = writer.finish();
        const auto file = parse(bytes);
        ASSERT_TRUE(file) << file.error().toString();
        const GgufFile& gguf = **file;
        EXPECT_EQ(gguf.version(), version);
        EXPECT_EQ(gguf.keys().front(), "text");
        EXPECT_EQ(gguf.keys().size(), 14U);
        EXPECT_EQ(*gguf.findString("text"), "caf\xC3\xA9");
        EXPECT_EQ(*gguf.findInteger("u32"), 4'000'000'000);
        EXPECT_EQ(*gguf.findInteger("i8"), -3);
        EXPECT_EQ(*gguf.findInteger("u16"), 65535);
        EXPECT_EQ(*gguf.findInteger("i16"), -2);
        EXPECT_EQ(*gguf.findInteger("i64"), -5);
        EXPECT_FALSE(gguf.findInteger("u64"));  // does not fit
        EXPECT_EQ(*gguf.findNumber("f64"), 0.1);
        EXPECT_EQ(*gguf.findNumber("u32"), 4e9);
        EXPECT_EQ(*gguf.findNumber("f32"), static_cast<double>(1e-6F));
        EXPECT_FALSE(gguf.findNumber("nan"));
        EXPECT_EQ(*gguf.findBool("flag"), true);
        EXPECT_EQ(*gguf.findStrings("strings"), (std::vector<std::string>{"a", "", "ccc"}));
        EXPECT_EQ(gguf.arraySize("strings"), 3U);
        EXPECT_EQ(*gguf.findNumbers("floats"), (std::vector<float>{1.5F, -2.0F}));
        EXPECT_EQ(*gguf.findIntegers("ints"), (std::vector<std::int64_t>{7, -8}));
        EXPECT_EQ(*gguf.findInteger("absent"), std::nullopt);
        EXPECT_TRUE(gguf.findStrings("absent")->empty());
        const auto mismatch = gguf.findInteger("text");
        ASSERT_FALSE(mismatch);
        EXPECT_EQ(mismatch.error().toString(), "test.gguf: 'text': expected an integer, found string");
        EXPECT_FALSE(gguf.findString("u32"));
        EXPECT_FALSE(gguf.findInteger("ints"));
        EXPECT_FALSE(gguf.findIntegers("u32"));
    }
}

TEST(GgufFile, TensorShapesAreReversedAndDataIsAligned) {
    for (const std::uint64_t alignment : {32U, 64U, 8U}) {
        GgufBytes writer;
        writer.alignment = alignment;
        writer.addU32("general.alignment", static_cast<std::uint32_t>(alignment));
        writer.addTensor("plain", {2, 3}, 0, std::string(24, 'p'));
        writer.addTensor("blocks", {2, 64}, 2, std::string(72, 'q'));
        writer.addTensor("scalar", {}, 1, "ss");
        const std::string bytes = writer.finish();
        const auto file = parse(bytes);
        ASSERT_TRUE(file) << file.error().toString();
        EXPECT_EQ((*file)->alignment(), alignment);
        const GgufTensor* plain = (*file)->find("plain");
        ASSERT_NE(plain, nullptr);
        EXPECT_EQ(plain->shape, (std::vector<std::int64_t>{2, 3}));
        const GgufTensor* blocks = (*file)->find("blocks");
        ASSERT_NE(blocks, nullptr);
        EXPECT_EQ(blocks->format, kernels::BlockFormat::Q4_0);
        EXPECT_EQ((*file)->bytes(*blocks).size(), 72U);
        EXPECT_EQ((*file)->bytes(*blocks)[71], std::byte{'q'});
        EXPECT_EQ((*file)->bytes(*(*file)->find("scalar"))[1], std::byte{'s'});
    }
}

TEST(Fault18, MagicVersionAndCounts) {
    expectRefused(std::string("GGU"), {"not a GGUF file"});
    expectRefused("GGML" + std::string(40, '\0'), {"not a GGUF file"});
    expectRefused(std::string("GGUF\3\0\0\0", 8), {"ends inside the tensor count"});
    expectRefused(withCounts(0, 0, 1), {"version 1", "2 and 3"});
    expectRefused(withCounts(0, 0, 4), {"version 4"});
    expectRefused(withCounts(0, 0, 3U << 24U), {"big-endian"});
    expectRefused(withCounts(1ULL << 63U, 0), {"9223372036854775808 tensors"});
    expectRefused(withCounts(1000, 0), {"1000 tensors", "more than this file can hold"});
    expectRefused(withCounts(0, UINT64_MAX), {"18446744073709551615 metadata keys"});
    expectRefused(withCounts(0, 1000), {"1000 metadata keys"});
    const test::TempDir folder;
    EXPECT_FALSE(GgufFile::open(folder.path()));
}

TEST(Fault18, StringAndArrayLengths) {
    const std::string tail(64, '\0');
    const std::string oneKey = "GGUF" + raw(3U) + raw<std::uint64_t>(0) + raw<std::uint64_t>(1);
    expectRefused(oneKey + raw<std::uint64_t>(1ULL << 63U) + tail, {"metadata key of 9223372036854775808 bytes"});
    expectRefused(oneKey + raw<std::uint64_t>(60'000) + tail, {"metadata key of 60000 bytes", "past the end"});
    GgufBytes longString;
    longString.addRawValue("k", 8, raw<std::uint64_t>(1ULL << 63U) + tail);
    expectRefused(longString, {"the string 'k'", "9223372036854775808", "past the end"});
    GgufBytes shorterThanTheFile;  // but longer than what is left of it
    shorterThanTheFile.addRawValue("k", 8, raw<std::uint64_t>(100) + tail);
    expectRefused(shorterThanTheFile, {"the string 'k'", "100 bytes", "past the end"});
    const auto array = [&](std::uint32_t type, std::uint64_t count) {
        GgufBytes file;
        file.addRawValue("list", 9, raw(type) + raw(count) + tail);
        return file;
    };
    expectRefused(array(4, 1ULL << 62U), {"'list'", "4611686018427387904 elements", "past the end"});  // times 4 wraps to 0
    expectRefused(array(8, 1ULL << 61U), {"'list'", "strings", "past the end"});
    expectRefused(array(9, 1), {"'list' holds arrays"});
    expectRefused(array(13, 1), {"'list'", "unknown element type 13"});
    GgufBytes inner;
    inner.addRawValue(
        "list", 9,
        raw<std::uint32_t>(8) + raw<std::uint64_t>(2) + raw<std::uint64_t>(1) + "a" + raw<std::uint64_t>(1ULL << 63U));
    expectRefused(inner, {"string 1 of the array 'list'", "past the end"});
    GgufBytes unknown;
    unknown.addRawValue("k", 13, tail);
    expectRefused(unknown, {"'k'", "unknown value type 13"});
}

TEST(Fault18, Alignment) {
    for (const std::uint32_t alignment : {0U, 1U, 3U, 4U, 48U, 1U << 31U}) {
        GgufBytes file;
        file.addU32("general.alignment", alignment);
        file.addTensor("t", {4}, 0, std::string(16, 'x'));
        expectRefused(file, {"general.alignment", "power of two", std::to_string(alignment)});
    }
    GgufBytes text;
    text.addString("general.alignment", "32");
    expectRefused(text, {"general.alignment", "integer", "string"});
}

TEST(Fault18, Dimensions) {
    const auto tensor = [](const std::vector<std::int64_t>& shape, std::uint32_t type) {
        GgufBytes file;
        file.addTensor("t", shape, type, std::string(64, 'x'));
        return file;
    };
    expectRefused(tensor({4, 1LL << 32, 1LL << 32}, 0), {"'t'", "product does not fit"});
    expectRefused(tensor({1LL << 62}, 0), {"'t'", "product does not fit"});
    expectRefused(tensor({INT64_MIN}, 0), {"'t'", "9223372036854775808", "63 bits"});
    expectRefused(tensor({1, 1, 1, 1, 1}, 0), {"'t'", "5 dimensions"});
    expectRefused(tensor({33}, 2), {"'t'", "rows of 33", "blocks of 32", "Q4_0"});
    expectRefused(tensor({32}, 20), {"'t'", "IQ4_NL"});
    expectRefused(tensor({32}, 4), {"'t'", "type 4"});
    expectRefused(tensor({32}, 31), {"'t'", "type 31"});
}

TEST(Fault18, Duplicates) {
    GgufBytes keys;
    keys.addU32("same", 1);
    keys.addU32("same", 2);
    expectRefused(keys, {"'same' appears twice"});
    GgufBytes tensors;
    tensors.addTensor("same", {4}, 0, std::string(16, 'x'));
    tensors.addTensor("same", {4}, 0, std::string(16, 'y'));
    expectRefused(tensors, {"'same' is listed twice"});
    GgufBytes empty;
    empty.addU32("", 1);
    expectRefused(empty, {"empty metadata key"});
}

TEST(Fault18, TensorsInsideTheFile) {
    GgufBytes file;
    file.addTensor("first", {16}, 0, std::string(64, 'x'));
    file.addTensor("last", {16}, 0, std::string(64, 'y'));
    const std::string whole = file.finish();
    ASSERT_TRUE(parse(whole));
    expectRefused(whole.substr(0, whole.size() - 1), {"'last'", "past the end", "cut off"});
    expectRefused(whole.substr(0, whole.size() - 128), {"'first'", "past the end"});
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse(whole.substr(0, size))) << size;

    // The second tensor's offset lies in the eight bytes before the padding of the infos.
    std::string patched = whole;
    const std::size_t offsetAt = whole.find("last") + 4 + 4 + 8 + 4;
    const auto withOffset = [&](std::uint64_t offset) {
        std::memcpy(patched.data() + offsetAt, &offset, sizeof offset);
        return patched;
    };
    ASSERT_EQ(withOffset(64), whole);
    expectRefused(withOffset(UINT64_MAX - 31), {"'last'", "past the end"});
    expectRefused(withOffset(66), {"'last'", "no multiple of the alignment 32"});
    expectRefused(withOffset(32), {"'first' and 'last' overlap"});
}

}  // namespace
}  // namespace lapidary::files
