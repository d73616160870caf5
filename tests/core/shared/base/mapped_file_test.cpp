#include "core/shared/base/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <string>

#include "tests/support/temp_dir.h"

namespace lapidary {
namespace {

namespace fs = std::filesystem;

TEST(MappedFile, ShowsTheBytes) {
    const test::TempDir folder;
    const auto file = MappedFile::open(folder.write("weights \U0001F600", "abc"));
    ASSERT_TRUE(file) << file.error().toString();
    ASSERT_EQ((*file)->bytes().size(), 3U);
    EXPECT_EQ(static_cast<char>((*file)->bytes()[2]), 'c');
}

TEST(MappedFile, EmptyFileIsAnEmptySpan) {
    const test::TempDir folder;
    const auto file = MappedFile::open(folder.write("empty", ""));
    ASSERT_TRUE(file);
    EXPECT_TRUE((*file)->bytes().empty());
}

TEST(MappedFile, BytesStayWhenTheNameGoes) {
    const test::TempDir folder;
    const fs::path path = folder.write("weights", std::string(10000, 'w'));
    const auto file = MappedFile::open(path);
    ASSERT_TRUE(file);
    fs::remove(path);
    EXPECT_EQ(static_cast<char>((*file)->bytes()[9999]), 'w');
}

TEST(MappedFile, RefusesWhatIsNoRegularFile) {
    const test::TempDir folder;
    EXPECT_EQ(MappedFile::open(folder.path() / "missing").error().code, ErrorCode::NotFound);
    EXPECT_EQ(MappedFile::open(folder.path()).error().code, ErrorCode::InvalidFile);
    EXPECT_EQ(MappedFile::open("/dev/zero").error().code, ErrorCode::InvalidFile);
    const fs::path pipe = folder.path() / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_EQ(MappedFile::open(pipe).error().code, ErrorCode::InvalidFile) << "and does not wait for a writer";
}

// Opens, truncates and then touches the last page, in a child.
void touchTruncated(const fs::path& path, std::size_t offset) {
    installMappedFileFaultHandler();
    const auto file = MappedFile::open(path);
    if (!file || ::truncate(path.c_str(), 0) != 0) ::_exit(1);
    const volatile std::byte byte = (*file)->bytes()[offset];
    (void)byte;
    ::_exit(0);
}

TEST(Fault9, TruncatedWhileMappedNamesTheFileAndLeavesWithCode3) {
    const test::TempDir folder;
    const fs::path path = folder.write("model.safetensors", std::string(100000, 'w'));
    EXPECT_EXIT(touchTruncated(path, 0), testing::ExitedWithCode(3), "model.safetensors' can no longer be read");
    folder.write("model.safetensors", std::string(100000, 'w'));
    EXPECT_EXIT(touchTruncated(path, 99999), testing::ExitedWithCode(3), "model.safetensors' can no longer be read");
}

// The file that failed is named, not another one that is open too; a file that was closed is forgotten.
TEST(Fault9, NamesTheRightOneOfSeveral) {
    const test::TempDir folder;
    const fs::path good = folder.write("good", std::string(8192, 'g'));
    const fs::path closed = folder.write("closed", std::string(8192, 'c'));
    const fs::path bad = folder.write("bad", std::string(8192, 'b'));
    const auto attempt = [&] {
        (void)MappedFile::open(closed);
        const auto other = MappedFile::open(good);
        if (!other) ::_exit(1);
        touchTruncated(bad, 8000);
    };
    EXPECT_EXIT(attempt(), testing::ExitedWithCode(3), "/bad' can no longer be read");
}

// A bus error that is no mapped file's stays what it is.
TEST(Fault9, OtherBusErrorsStillKill) {
    const auto attempt = [] {
        installMappedFileFaultHandler();
        ::raise(SIGBUS);
    };
    EXPECT_EXIT(attempt(), testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace lapidary
