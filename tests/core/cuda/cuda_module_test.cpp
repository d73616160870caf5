// The real plug-in, up to what this machine has: with a driver and a device it gets ready, without it says so.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "core/engine/ops/cuda_plugin.h"

namespace lapidary::ops {
namespace {

TEST(CudaModule, ExportsOneSymbol) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen("nm -D --defined-only '" CUDA_MODULE "'", "r"), pclose);
    ASSERT_NE(pipe, nullptr);
    std::string names;
    std::array<char, 4096> line{};
    while (fgets(line.data(), line.size(), pipe.get()) != nullptr) names += line.data();
    ASSERT_NE(names.find(" T lapidary_cuda_plugin\n"), std::string::npos) << names;
    EXPECT_EQ(names.find('\n'), names.size() - 1) << names;
}

TEST(CudaModule, OpensAndAnswersForItsDevices) {
    const auto plugin = CudaPlugin::openModule(CUDA_MODULE);
    ASSERT_TRUE(plugin) << plugin.error().toString();
    EXPECT_TRUE(plugin->runtimeVersion().starts_with("13.")) << plugin->runtimeVersion();
    const auto devices = plugin->devices();
    const bool usable = devices && !devices->empty();
    if (devices) {
        for (const CudaDevice& device : *devices) {
            EXPECT_FALSE(device.name.empty());
            EXPECT_GT(device.totalBytes, 0);
        }
    } else {
        EXPECT_FALSE(devices.error().message.empty());
    }
    const auto ready = plugin->makeReady(0);
    ASSERT_EQ(static_cast<bool>(ready), usable) << (ready ? std::string("ready without a device") : ready.error().toString());
    if (!ready) {
        // One line, LibTorch's or the driver's: "Found no NVIDIA driver on your system …", "no CUDA-capable device is detected".
        EXPECT_EQ(ready.error().message.find('\n'), std::string::npos);
        EXPECT_GT(ready.error().message.size(), std::string("cuda:0: ").size());
    }
}

}  // namespace
}  // namespace lapidary::ops
