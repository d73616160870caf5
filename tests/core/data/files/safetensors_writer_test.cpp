#include "core/data/files/safetensors_writer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "core/data/files/safetensors_file.h"
#include "tests/support/temp_dir.h"

namespace lapidary::files {
namespace {

std::span<const std::byte> bytesOf(const std::string& text) { return std::as_bytes(std::span(text)); }

// Property: what is written is read back, whatever names, shapes and dtypes; seeded.
TEST(SafetensorsWriter, ReadsBackWhatWasWritten) {
    const test::TempDir folder;
    std::mt19937 random(11);
    const char* const dtypes[] = {"F32", "BF16", "F16", "I64", "U8", "BOOL", "F64"};
    for (int round = 0; round < 20; ++round) {
        std::vector<TensorToWrite> tensors;
        std::vector<std::string> data;
        data.reserve(8);
        for (unsigned i = 0; i < random() % 8; ++i) {
            TensorDeclaration declaration{"tensor \"" + std::to_string(i) + "\" \xC3\xA9", dtypes[random() % 7], {}};
            std::uint64_t size = dtypeBytes(declaration.dtype);
            for (unsigned axis = random() % 4; axis > 0; --axis) {
                declaration.shape.push_back(static_cast<std::int64_t>(random() % 4));
                size *= static_cast<std::uint64_t>(declaration.shape.back());
            }
            std::string bytes(size, '\0');
            for (char& c : bytes) c = static_cast<char>(random());
            data.push_back(bytes);
            tensors.push_back({declaration, bytesOf(data.back())});
        }
        const auto path = folder.path() / "out.safetensors";
        const auto written = writeSafetensors(path, tensors, {{"round", std::to_string(round)}});
        ASSERT_TRUE(written) << written.error().toString();
        const auto file = SafetensorsFile::open(path);
        ASSERT_TRUE(file) << file.error().toString();
        EXPECT_EQ((*file)->metadata().at("round"), std::to_string(round));
        EXPECT_EQ((*file)->headerBytes() % 8, 0U);
        ASSERT_EQ((*file)->tensors().size(), tensors.size());
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            const SafetensorsTensor* tensor = (*file)->find(tensors[i].declaration.name);
            ASSERT_NE(tensor, nullptr);
            EXPECT_EQ(tensor->dtype, tensors[i].declaration.dtype);
            EXPECT_EQ(tensor->shape, tensors[i].declaration.shape);
            const auto bytes = (*file)->bytes(*tensor);
            EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), tensors[i].bytes.begin(), tensors[i].bytes.end()));
        }
    }
}

TEST(SafetensorsWriter, TheFileAppearsOnlyWhenItIsWhole) {
    const test::TempDir folder;
    const auto path = folder.path() / "out.safetensors";
    {
        auto writer = SafetensorsWriter::create(path, {{"a", "F32", {2}}});
        ASSERT_TRUE(writer);
        ASSERT_TRUE((*writer)->append(bytesOf("1234")));
        EXPECT_FALSE((*writer)->finish());  // four bytes are missing
        EXPECT_FALSE(std::filesystem::exists(path));
        EXPECT_FALSE((*writer)->append(bytesOf("12345")));  // one too many
        ASSERT_TRUE((*writer)->append(bytesOf("12")));
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));  // an unfinished file leaves nothing behind
    auto writer = SafetensorsWriter::create(path, {{"a", "F32", {2}}});
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->append(bytesOf("12345678")));
    ASSERT_TRUE((*writer)->finish());
    EXPECT_TRUE(SafetensorsFile::open(path));
}

TEST(SafetensorsWriter, RefusesWhatNoReaderWouldTake) {
    const test::TempDir folder;
    const auto path = folder.path() / "out.safetensors";
    EXPECT_FALSE(SafetensorsWriter::create(path, {{"a", "F32", {2}}, {"a", "F32", {2}}}));
    EXPECT_FALSE(SafetensorsWriter::create(path, {{"__metadata__", "F32", {2}}}));
    EXPECT_FALSE(SafetensorsWriter::create(path, {{"a", "Q4_0", {32}}}));
    EXPECT_FALSE(SafetensorsWriter::create(path, {{"a", "F32", {INT64_MAX, 8}}}));
    EXPECT_FALSE(SafetensorsWriter::create(path, {{"a", "F32", {-1}}}));
    const auto latin = SafetensorsWriter::create(path, {{"\xff", "F32", {1}}});
    ASSERT_FALSE(latin);
    EXPECT_NE(latin.error().message.find("not UTF-8 (invalid UTF-8 byte at index 0: 0xFF)"), std::string::npos)
        << latin.error().toString();
    EXPECT_FALSE(writeSafetensors(path, {{{"a", "F32", {2}}, bytesOf("1234")}}));
    const auto nowhere = SafetensorsWriter::create(folder.path() / "none" / "out.safetensors", {{"a", "F32", {2}}});
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, ErrorCode::NotFound);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace lapidary::files
