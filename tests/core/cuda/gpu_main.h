// What the mains of tests that need a GPU share.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "core/engine/ops/cuda_plugin.h"

namespace lapidary::test {

constexpr int kNotRun = 77;  // tests/core/cuda/CMakeLists.txt: SKIP_RETURN_CODE

// Opens the plug-in of this build and makes its first device ready.  Empty, or why that cannot be.
inline std::string whyNoGpu() {
    const auto device = ops::resolveDevice("cuda", [] { return ops::CudaPlugin::openModule(CUDA_MODULE); });
    return device ? std::string() : device.error().message;
}

// The tests' exit code; where there is a reason against them, NOT RUN and the code that ctest counts as that.
inline int runTestsUnless(const std::string& reason) {
    if (reason.empty()) return RUN_ALL_TESTS();
    std::printf("NOT RUN: %s\n", reason.c_str());
    return kNotRun;
}

}  // namespace lapidary::test
