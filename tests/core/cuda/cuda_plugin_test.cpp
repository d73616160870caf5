// Opening the GPU plug-in, with stand-ins: what is missing is said in a sentence, never by a crash.
#include "core/engine/ops/cuda_plugin.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace lapidary::ops {
namespace {

TEST(CudaPlugin, AbsentPluginIsASentence) {
    const auto plugin = CudaPlugin::open();  // no lib/lapidary beside a test
    ASSERT_FALSE(plugin);
    EXPECT_EQ(plugin.error().code, ErrorCode::Unsupported);
    EXPECT_EQ(plugin.error().message, "the GPU plug-in is not part of this build");
    EXPECT_EQ(deviceNames(), std::vector<std::string>{"cpu"});
    EXPECT_EQ(cudaSentence(), "the GPU plug-in is not part of this build; everything runs on the CPU");
}

TEST(CudaPlugin, ModuleLiesInLibBesideBin) {
    const auto path = CudaPlugin::modulePath();
    EXPECT_TRUE(path.is_absolute());
    EXPECT_TRUE(path.generic_string().ends_with("/lib/lapidary/lapidary_cuda.so")) << path;
}

TEST(CudaPlugin, ListsDevices) {
    const auto plugin = CudaPlugin::openModule(FAKE_PLUGIN);
    ASSERT_TRUE(plugin) << plugin.error().toString();
    EXPECT_EQ(plugin->runtimeVersion(), "13.2");
    const auto devices = plugin->devices();
    ASSERT_TRUE(devices);
    ASSERT_EQ(devices->size(), 2U);
    EXPECT_EQ((*devices)[1].name, "Stand-in 1");
    EXPECT_EQ((*devices)[1].totalBytes, (std::int64_t{80} << 30) + 1);
    EXPECT_EQ((*devices)[0].freeBytes, std::int64_t{70} << 30);
    EXPECT_EQ((*devices)[0].computeMajor, 9);
}

TEST(CudaPlugin, PassesOnWhatTheDeviceSaid) {
    const auto plugin = CudaPlugin::openModule(FAKE_PLUGIN);
    ASSERT_TRUE(plugin);
    EXPECT_TRUE(plugin->makeReady(0));
    const auto ready = plugin->makeReady(1);
    ASSERT_FALSE(ready);
    EXPECT_EQ(ready.error().message, "cuda:1: the fan is missing");
}

TEST(CudaPlugin, TellsThePeakOfADevicesMemory) {
    const auto plugin = CudaPlugin::openModule(FAKE_PLUGIN);
    ASSERT_TRUE(plugin);
    EXPECT_EQ(plugin->peakBytes(0), std::int64_t{3} << 30);
    EXPECT_EQ(plugin->peakBytes(1), 0);
}

TEST(CudaPlugin, RefusesAnotherBuild) {
    const auto plugin = CudaPlugin::openModule(OTHER_BUILD_PLUGIN);
    ASSERT_FALSE(plugin);
    EXPECT_EQ(plugin.error().message, "the GPU plug-in is of another build: expected interface 3, found 4");
}

TEST(CudaPlugin, RefusesOtherLibrariesAndFiles) {
    const auto library = CudaPlugin::openModule(NO_PLUGIN);
    ASSERT_FALSE(library);
    EXPECT_NE(library.error().message.find("is not a plug-in of Lapidary"), std::string::npos) << library.error().message;

    const test::TempDir folder;
    const auto file = CudaPlugin::openModule(folder.write("lapidary_cuda.so", "no library at all"));
    ASSERT_FALSE(file);
    EXPECT_NE(file.error().message.find("cannot be loaded"), std::string::npos) << file.error().message;
    EXPECT_FALSE(CudaPlugin::openModule(folder.path() / "absent.so"));
}

Result<CudaPlugin> openFake() { return CudaPlugin::openModule(FAKE_PLUGIN); }
Result<CudaPlugin> openNothing() { return Error{ErrorCode::Unsupported, "no plug-in today", ""}; }

TEST(ResolveDevice, ReadsEveryForm) {
    EXPECT_EQ(resolveDevice("cpu", openFake).value(), at::Device(at::kCPU));
    EXPECT_EQ(resolveDevice("auto", openFake).value(), at::Device(at::kCUDA, 0));
    EXPECT_EQ(resolveDevice("cuda", openFake).value(), at::Device(at::kCUDA, 0));
    EXPECT_EQ(resolveDevice("cuda:0", openFake).value(), at::Device(at::kCUDA, 0));
    EXPECT_EQ(resolveDevice("auto", openNothing).value(), at::Device(at::kCPU));
}

TEST(ResolveDevice, RefusesWhatCannotBeMeant) {
    for (const char* wrong : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda:999", "cudax", "CPU"}) {
        const auto device = resolveDevice(wrong, openFake);
        ASSERT_FALSE(device) << wrong;
        EXPECT_EQ(device.error().code, ErrorCode::Usage) << wrong;
    }
}

TEST(ResolveDevice, SaysWhyAGpuCannotBeUsed) {
    const auto message = [](const char* wanted, Result<CudaPlugin> (*open)()) {
        const auto device = resolveDevice(wanted, open);
        return device ? std::string("usable") : device.error().message;
    };
    EXPECT_EQ(message("cuda", openNothing),
              "the device 'cuda' cannot be used: no plug-in today. --device cpu works everywhere");
    EXPECT_EQ(message("cuda:1", openFake),
              "the device 'cuda:1' cannot be used: cuda:1: the fan is missing. --device cpu works everywhere");
    EXPECT_EQ(message("cuda:2", openFake),
              "the device 'cuda:2' cannot be used: there are 2 CUDA devices. --device cpu works everywhere");
}

}  // namespace
}  // namespace lapidary::ops
