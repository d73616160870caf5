#include "core/shared/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <thread>

#include "tests/support/temp_dir.h"

namespace lapidary {
namespace {

TEST(File, WhatIsWrittenIsRead) {
    const test::TempDir folder;
    const auto path = folder.path() / "a file with spaces, ünïcode 🙂.txt";
    const std::string bytes("with\0nul\n", 9);
    ASSERT_TRUE(writeFileAtomically(path, bytes));
    EXPECT_EQ(readFile(path, 100).value(), bytes);
    ASSERT_TRUE(writeFileAtomically(path, "shorter"));
    EXPECT_EQ(readFile(path, 100).value(), "shorter");
    EXPECT_FALSE(std::filesystem::exists(path.string() + ".partial"));
}

TEST(File, TheCapIsTheLastLengthThatIsRead) {
    const test::TempDir folder;
    const auto path = folder.write("ten", "0123456789");
    EXPECT_TRUE(readFile(path, 10));
    const auto refused = readFile(path, 9);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidFile);
    EXPECT_NE(refused.error().message.find("10 bytes; at most 9"), std::string::npos) << refused.error().message;
}

TEST(File, APipeIsCappedByWhatArrives) {
    const test::TempDir folder;
    const auto path = folder.path() / "pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::jthread writer([&] { (void)std::ofstream(path).write(std::string(200, 'x').data(), 200); });
    const auto refused = readFile(path, 100);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidFile);
}

TEST(Fault59, MissingFoldersAndUnwritablePlacesAreNamed) {
    const test::TempDir folder;
    const auto missing = readFile(folder.path() / "none.json", 10);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    EXPECT_NE(missing.error().message.find("none.json"), std::string::npos);
    EXPECT_EQ(readFile(folder.path(), 10).error().code, ErrorCode::InvalidFile);
    EXPECT_EQ(readFile(folder.path() / std::string(300, 'n'), 10).error().code, ErrorCode::Io);
    const auto unwritten = writeFileAtomically(folder.path() / "no" / "such" / "folder", "x");
    ASSERT_FALSE(unwritten);
    EXPECT_EQ(unwritten.error().code, ErrorCode::NotFound);
}

TEST(File, AFailedRenameLeavesNeitherPartialNorDamage) {
    const test::TempDir folder;
    // A folder that is not empty cannot be replaced by a file.
    folder.write("target/inside", "kept");
    EXPECT_FALSE(writeFileAtomically(folder.path() / "target", "x"));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "target.partial"));
    EXPECT_EQ(readFile(folder.path() / "target" / "inside", 10).value(), "kept");
}

TEST(File, ErrorsOfTheSystemKeepTheirKind) {
    EXPECT_EQ(systemError("cannot open", "a", ENOENT).code, ErrorCode::NotFound);
    EXPECT_EQ(systemError("cannot open", "a", ENOMEM).code, ErrorCode::OutOfMemory);
    EXPECT_EQ(systemError("cannot open", "a", EACCES).code, ErrorCode::Io);
    EXPECT_EQ(systemError("cannot open", "a", EACCES).message, "cannot open 'a': Permission denied");
}

}  // namespace
}  // namespace lapidary
