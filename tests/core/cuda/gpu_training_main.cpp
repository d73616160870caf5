// The tests of training once more, on a GPU: the reference's runs, whole runs, frozen parts, resuming, steps that cannot be trusted
// (tests/core/engine/train).  Prints NOT RUN, and ends with the code that ctest counts as not run, where the plug-in finds no device.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/engine/ops/cuda_plugin.h"
#include "tests/support/test_device.h"

namespace {

constexpr int kNotRun = 77;  // tests/core/cuda/CMakeLists.txt: SKIP_RETURN_CODE

// Of the CPU alone: memory that a test's own allocator takes away, matrix units of a processor.
constexpr const char* kOfTheCpu = "-Fault36.*:TrainingRun.MatmulPrecisionIsOfTheRunAlone";

std::string whyNotRun() {
    const auto plugin = lapidary::ops::CudaPlugin::openModule(CUDA_MODULE);
    if (!plugin) return plugin.error().message;
    const auto devices = plugin->devices();
    if (!devices) return devices.error().message;
    if (devices->empty()) return "there is no CUDA device";
    const auto ready = plugin->makeReady(0);
    return ready ? std::string() : ready.error().message;
}

}  // namespace

int main(int argc, char** argv) {
    if (GTEST_FLAG_GET(filter) == "*") GTEST_FLAG_SET(filter, kOfTheCpu);
    testing::InitGoogleTest(&argc, argv);
    ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);  // as a run does, before the first product
    const std::string reason = whyNotRun();
    if (!reason.empty()) {
        std::printf("NOT RUN: %s\n", reason.c_str());
        return kNotRun;
    }
    lapidary::test::testDevice() = c10::Device(c10::kCUDA, 0);
    return RUN_ALL_TESTS();
}
