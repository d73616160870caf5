#include "core/shared/base/private_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <fstream>
#include <string>

namespace lapidary {
namespace {

constexpr std::size_t kBytes = std::size_t{64} << 20;
// Counters of a process are exact to some pages a core.
constexpr std::int64_t kSlack = 4 << 20;

void* mapped(int flags) {
    void* const place = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    EXPECT_NE(place, MAP_FAILED);
    return place;
}

TEST(PrivateMemory, CountsWhatWasWritten) {
    const std::int64_t before = privateBytes();
    EXPECT_GT(before, 0);
    void* const place = mapped(MAP_PRIVATE | MAP_ANONYMOUS);
    EXPECT_LT(privateBytes(), before + kSlack);  // asked for, not there yet
    std::memset(place, 1, kBytes);
    EXPECT_GT(privateBytes(), before + static_cast<std::int64_t>(kBytes) - kSlack);
    ::munmap(place, kBytes);
    EXPECT_LT(privateBytes(), before + kSlack);
}

TEST(PrivateMemory, LeavesSharedPagesOut) {
    const std::int64_t before = privateBytes();
    void* const place = mapped(MAP_SHARED | MAP_ANONYMOUS);
    std::memset(place, 1, kBytes);
    EXPECT_LT(privateBytes(), before + kSlack);
    ::munmap(place, kBytes);
}

TEST(PrivateMemory, ThePeakOutlivesItsMemory) {
    PrivateMemoryPeak peak;
    const std::int64_t before = peak.bytes();
    void* const place = mapped(MAP_PRIVATE | MAP_ANONYMOUS);
    std::memset(place, 1, kBytes);
    const std::int64_t full = peak.bytes();
    ::munmap(place, kBytes);
    EXPECT_GT(full, before + static_cast<std::int64_t>(kBytes) - kSlack);
    EXPECT_GE(peak.bytes(), full);
}

TEST(PrivateMemory, EqualsWhatTheSystemCallsAnonymous) {
    std::ifstream status("/proc/self/status");
    std::string line;
    std::int64_t anonymous = -1;
    while (std::getline(status, line)) {
        if (line.starts_with("RssAnon:")) anonymous = std::stoll(line.substr(8)) * 1024;
    }
    EXPECT_NEAR(static_cast<double>(privateBytes()), static_cast<double>(anonymous), static_cast<double>(kSlack));
}

}  // namespace
}  // namespace lapidary
