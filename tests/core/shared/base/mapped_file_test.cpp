#include "core/shared/base/mapped_file.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "tests/support/temp_dir.h"

namespace lapidary {
namespace {

TEST(MappedFile, ShowsTheBytesOfTheFile) {
    const test::TempDir folder;
    const auto file = MappedFile::open(folder.write("weights", "abc"));
    ASSERT_TRUE(file);
    ASSERT_EQ((*file)->bytes().size(), 3U);
    EXPECT_EQ((*file)->bytes()[2], std::byte{'c'});
    EXPECT_EQ((*file)->path().filename(), "weights");
}

TEST(Fault01, AnEmptyFileAFolderAndAMissingFile) {
    const test::TempDir folder;
    const auto empty = MappedFile::open(folder.write("empty", ""));
    ASSERT_TRUE(empty);
    EXPECT_TRUE((*empty)->bytes().empty());
    EXPECT_EQ(MappedFile::open(folder.path()).error().code, ErrorCode::InvalidFile);
    EXPECT_EQ(MappedFile::open("/dev/zero").error().code, ErrorCode::InvalidFile);
    EXPECT_EQ(MappedFile::open(folder.path() / "none").error().code, ErrorCode::NotFound);
}

TEST(MappedFile, ADeletedFileStaysReadable) {
    const test::TempDir folder;
    const auto path = folder.write("weights", std::string(10000, 'w'));
    const auto file = MappedFile::open(path).value();
    std::filesystem::remove(path);
    EXPECT_EQ(file->bytes()[9999], std::byte{'w'});
}

TEST(Fault09, AFileTruncatedWhileMappedEndsTheProcessWithItsNameAndCode3) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const test::TempDir folder;
    const auto path = folder.write("shard-2.safetensors", std::string(100000, 'w'));
    const auto readAfterTruncation = [&] {
        installMappedFileFaultHandler();
        const auto other = MappedFile::open(folder.write("other", "x")).value();
        const auto file = MappedFile::open(path).value();
        std::filesystem::resize_file(path, 0);
        std::exit(static_cast<int>(file->bytes()[50000]));
    };
    EXPECT_EXIT(readAfterTruncation(), testing::ExitedWithCode(3), "shard-2.safetensors' can no longer be read");
}

TEST(Fault09, ABusErrorElsewhereIsNotSwallowed) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto raiseElsewhere = [] {
        installMappedFileFaultHandler();
        std::raise(SIGBUS);
    };
    EXPECT_EXIT(raiseElsewhere(), testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace lapidary
