// The window's process decodes, computes and downloads nothing: no library for it comes in, by itself or through another one.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "tests/process/child_process.h"
#include "tests/support/places.h"

namespace lapidary::test {
namespace {

constexpr const char* kNot[] = {"libtorch", "libc10", "libcuda", "libcudart",        "libcublas",   "libcudnn", "libnccl",
                                "libnvrtc", "opencv", "libgloo", "libsentencepiece", "libprotobuf", "libarrow", "libparquet"};

std::string outputOf(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((command + " 2>&1").c_str(), "r"), ::pclose);
    std::string text;
    std::array<char, 4096> buffer{};
    while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe.get()) != nullptr) text += buffer.data();
    return text;
}

std::string forbiddenIn(const std::string& libraries) {
    for (const char* name : kNot) {
        if (libraries.find(name) != std::string::npos) return name;
    }
    return {};
}

TEST(WindowLinkage, ItsDynamicSectionNamesNoLibraryOfTheEngine) {
    const std::string binary = "'" + buildPath("bin/lapidary-desktop").string() + "'";
    const std::string section = outputOf("LC_ALL=C readelf -d " + binary);
    EXPECT_NE(section.find("(NEEDED)"), std::string::npos) << section;
    EXPECT_NE(section.find("libQt6Widgets"), std::string::npos) << section;
    EXPECT_EQ(forbiddenIn(section), "") << section;
}

TEST(WindowLinkage, NorDoesALibraryThatItLoads) {
    const std::string libraries = outputOf("ldd '" + buildPath("bin/lapidary-desktop").string() + "'");
    EXPECT_NE(libraries.find("libQt6Widgets"), std::string::npos) << libraries;
    EXPECT_EQ(libraries.find("not found"), std::string::npos) << libraries;
    EXPECT_EQ(forbiddenIn(libraries), "") << libraries;
    // The same question of the engine is answered, or this test would see nothing.
    EXPECT_NE(forbiddenIn(outputOf("ldd '" + lapidaryExecutable().string() + "'")), "");
}

}  // namespace
}  // namespace lapidary::test
