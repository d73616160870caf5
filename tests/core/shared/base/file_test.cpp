#include "core/shared/base/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <thread>
#include <vector>

#include "tests/support/temp_dir.h"

namespace lapidary {
namespace {

namespace fs = std::filesystem;

std::size_t entries(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(ReadFile, WholeBytesUpToTheCap) {
    const test::TempDir folder;
    const std::string bytes("a\0b\n", 4);
    const fs::path path = folder.write("x", bytes);
    EXPECT_EQ(*readFile(path, 4), bytes);
    const auto tooLong = readFile(path, 3);
    EXPECT_EQ(tooLong.error().code, ErrorCode::InvalidFile);
    EXPECT_NE(tooLong.error().message.find("has 4 bytes; at most 3"), std::string::npos) << tooLong.error().message;
    EXPECT_EQ(*readFile(folder.write("empty", ""), 0), "");
}

// A device or pipe says nothing true about its size, so the cap counts what arrives.
TEST(ReadFile, CapHoldsWhereTheSizeLies) {
    const auto endless = readFile("/dev/zero", 1 << 20);
    EXPECT_EQ(endless.error().code, ErrorCode::InvalidFile);
}

TEST(ReadFile, SaysWhatIsWrong) {
    const test::TempDir folder;
    const auto missing = readFile(folder.path() / "no such file", 10);
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    EXPECT_NE(missing.error().message.find("no such file': No such file or directory"), std::string::npos);
    EXPECT_EQ(readFile(folder.path(), 10).error().code, ErrorCode::InvalidFile);
    EXPECT_EQ(readFile(folder.write("file", "x") / "below", 10).error().code, ErrorCode::NotFound);
}

TEST(WriteFileAtomically, CreatesAndReplaces) {
    const test::TempDir folder;
    const fs::path path = folder.path() / "settings.json";
    ASSERT_TRUE(writeFileAtomically(path, "one"));
    EXPECT_EQ(*readFile(path, 100), "one");
    ASSERT_TRUE(writeFileAtomically(path, std::string(200000, 'x')));
    EXPECT_EQ(*readFile(path, 1000000), std::string(200000, 'x'));
    EXPECT_EQ(entries(folder.path()), 1U) << "nothing is left beside it";
}

TEST(WriteFileAtomically, KeepsThePermissionsOfTheTarget) {
    const test::TempDir folder;
    const fs::path path = folder.write("secret", "old");
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    ASSERT_TRUE(writeFileAtomically(path, "new"));
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(WriteFileAtomically, OldFileStaysWhereTheNewOneCannotBeRenamed) {
    const test::TempDir folder;
    folder.write("target/old", "old");  // a folder that is not empty: rename refuses
    const auto written = writeFileAtomically(folder.path() / "target", "new");
    ASSERT_FALSE(written);
    EXPECT_NE(written.error().message.find("cannot rename to"), std::string::npos) << written.error().message;
    EXPECT_EQ(*readFile(folder.path() / "target/old", 10), "old");
    EXPECT_EQ(entries(folder.path()), 1U) << "the partial file is removed";
}

TEST(WriteFileAtomically, FolderThatIsMissingOrNoFolder) {
    const test::TempDir folder;
    EXPECT_EQ(writeFileAtomically(folder.path() / "no/such", "x").error().code, ErrorCode::NotFound);
    const fs::path file = folder.write("file", "old");
    EXPECT_FALSE(writeFileAtomically(file / "below", "x"));
    EXPECT_EQ(*readFile(file, 10), "old");
}

// The disk is full in the middle of the write: in a child whose files may not grow beyond 1000 bytes.
TEST(WriteFileAtomically, OldFileStaysWhereTheWriteFails) {
    const test::TempDir folder;
    const fs::path path = folder.write("settings.json", "old");
    const auto attempt = [&] {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{1000, 1000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const auto written = writeFileAtomically(path, std::string(5000, 'x'));
        ::_exit(!written && written.error().code == ErrorCode::Io ? 42 : 1);
    };
    EXPECT_EXIT(attempt(), testing::ExitedWithCode(42), "");
    EXPECT_EQ(*readFile(path, 100), "old");
    EXPECT_EQ(entries(folder.path()), 1U) << "the partial file is removed";
}

// Root may write everywhere, so the child becomes nobody first.
TEST(WriteFileAtomically, OldFileStaysInAReadOnlyFolder) {
    const test::TempDir folder;
    const fs::path path = folder.write("settings.json", "old");
    ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
    const auto attempt = [&] {
        if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
        const auto written = writeFileAtomically(path, "new");
        ::_exit(!written && written.error().code == ErrorCode::Io ? 42 : 1);
    };
    EXPECT_EXIT(attempt(), testing::ExitedWithCode(42), "");
    ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
    EXPECT_EQ(*readFile(path, 100), "old");
}

TEST(WriteFileAtomically, WritersAtTheSameTimeNeverMix) {
    const test::TempDir folder;
    const fs::path path = folder.path() / "shared";
    std::vector<std::thread> writers;
    for (char letter = 'a'; letter < 'e'; ++letter) {
        writers.emplace_back([&, letter] {
            for (int i = 0; i < 5; ++i) EXPECT_TRUE(writeFileAtomically(path, std::string(10000, letter)));
        });
    }
    for (std::thread& writer : writers) writer.join();
    const std::string bytes = *readFile(path, 100000);
    EXPECT_EQ(bytes, std::string(10000, bytes[0]));
}

TEST(Fault59, UnusualPathsWork) {
    const test::TempDir folder;
    const std::vector<std::string> names{"two words  .json",
                                         "smile \U0001F600.json",
                                         "\u0634\u0643\u0631\u0627.json",
                                         "ends with dot.",
                                         "quote\"'`$(x).json",
                                         "line\nbreak",
                                         "\xFF not utf8",
                                         std::string(255, 'n'),
                                         "-rf",
                                         "a\\b"};
    for (const std::string& name : names) {
        const fs::path path = folder.path() / name;
        ASSERT_TRUE(writeFileAtomically(path, name)) << name;
        EXPECT_EQ(*readFile(path, 1000), name);
    }
    EXPECT_EQ(entries(folder.path()), names.size());
}

TEST(Fault59, PathsBeyondTheSystemsLimitAreAClearError) {
    const test::TempDir folder;
    const fs::path path = folder.path() / std::string(300, 'n');
    EXPECT_NE(readFile(path, 10).error().message.find("File name too long"), std::string::npos);
    const auto written = writeFileAtomically(path, "x");
    ASSERT_FALSE(written);
    EXPECT_NE(written.error().message.find("File name too long"), std::string::npos) << written.error().message;
    EXPECT_EQ(entries(folder.path()), 0U);
    // A deep path of 300 and more characters in legal pieces is no problem.
    const fs::path deep = folder.path() / std::string(100, 'a') / std::string(100, 'b') / std::string(100, 'c');
    fs::create_directories(deep);
    EXPECT_TRUE(writeFileAtomically(deep / "x", "x"));
}

TEST(Fault59, ReadRegularFileWaitsForNoPipe) {
    const test::TempDir folder;
    EXPECT_EQ(*readRegularFile(folder.write("file", "text"), 10), "text");
    EXPECT_FALSE(readRegularFile(folder.path() / "file", 3)) << "the cap holds";
    const fs::path pipe = folder.path() / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    for (const auto& [path, kind] :
         {std::pair(pipe, "found a named pipe: '"), std::pair(fs::path("/dev/zero"), "found a device"),
          std::pair(folder.path(), "found a folder")}) {
        const auto bytes = readRegularFile(path, 10);
        ASSERT_FALSE(bytes) << path;
        EXPECT_EQ(bytes.error().code, ErrorCode::InvalidFile);
        EXPECT_NE(bytes.error().message.find(kind), std::string::npos) << bytes.error().message;
    }
}

TEST(Fault59, UnreadableFileIsAClearError) {
    const test::TempDir folder;
    const fs::path path = folder.write("locked", "x");
    ASSERT_EQ(::chmod(path.c_str(), 0), 0);
    ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
    const auto attempt = [&] {
        if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
        const auto bytes = readFile(path, 10);
        ::_exit(!bytes && bytes.error().message.find("Permission denied") != std::string::npos ? 42 : 1);
    };
    EXPECT_EXIT(attempt(), testing::ExitedWithCode(42), "");
}

TEST(SystemError, CodesOfTheSystem) {
    EXPECT_EQ(systemError("cannot open", "x", ENOENT).code, ErrorCode::NotFound);
    EXPECT_EQ(systemError("cannot open", "x", ENAMETOOLONG).code, ErrorCode::NotFound) << "no file can have such a name";
    EXPECT_EQ(systemError("cannot open", "x", ENOTDIR).code, ErrorCode::NotFound);
    EXPECT_EQ(systemError("cannot map", "x", ENOMEM).code, ErrorCode::OutOfMemory);
    EXPECT_EQ(systemError("cannot open", "x", EACCES).code, ErrorCode::Io);
}

}  // namespace
}  // namespace lapidary
