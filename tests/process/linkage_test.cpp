// SentencePiece and libprotobuf in one process crash while starting: no executable of ours may load libprotobuf.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "tests/process/child_process.h"
#include "tests/support/places.h"

namespace lapidary::test {
namespace {

std::string librariesOf(const std::filesystem::path& binary) {
    const std::string command = "ldd '" + binary.string() + "' 2>&1";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::string text;
    std::array<char, 4096> buffer{};
    while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe.get()) != nullptr) text += buffer.data();
    return text;
}

TEST(Linkage, NoExecutableOrPlugInLoadsLibprotobuf) {
    std::vector<std::filesystem::path> binaries;
    for (const char* folder : {"bin", "lib/lapidary"}) {
        if (!std::filesystem::exists(buildPath(folder))) continue;
        for (const auto& entry : std::filesystem::directory_iterator(buildPath(folder))) {
            if (entry.is_regular_file()) binaries.push_back(entry.path());
        }
    }
    ASSERT_FALSE(binaries.empty());
    bool sawTorch = false;
    for (const auto& binary : binaries) {
        const std::string libraries = librariesOf(binary);
        EXPECT_EQ(libraries.find("libprotobuf"), std::string::npos) << binary << "\n" << libraries;
        sawTorch = sawTorch || libraries.find("libtorch_cpu") != std::string::npos;
    }
    EXPECT_TRUE(sawTorch);  // ldd really listed something
}

// Only the CPU half of LibTorch is linked: the program must start where no CUDA library exists.
TEST(Linkage, TheProgramLinksNoCudaHalfOfLibTorch) {
    const std::string libraries = librariesOf(lapidaryExecutable());
    EXPECT_EQ(libraries.find("libtorch_cuda"), std::string::npos);
    EXPECT_EQ(libraries.find("libtorch.so"), std::string::npos);
    EXPECT_NE(libraries.find("libsentencepiece"), std::string::npos);
}

}  // namespace
}  // namespace lapidary::test
