// The tests of training once more, on a GPU: the reference's runs, whole runs, frozen parts, resuming, steps that cannot be trusted
// (tests/core/engine/train).  Prints NOT RUN, and ends with the code that ctest counts as not run, where the plug-in finds no device.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/core/cuda/gpu_main.h"
#include "tests/support/test_device.h"

namespace {

// Of the CPU alone: memory that a test's own allocator takes away, matrix units of a processor.
constexpr const char* kOfTheCpu = "-Fault36.*:TrainingRun.MatmulPrecisionIsOfTheRunAlone";

}  // namespace

int main(int argc, char** argv) {
    if (GTEST_FLAG_GET(filter) == "*") GTEST_FLAG_SET(filter, kOfTheCpu);
    testing::InitGoogleTest(&argc, argv);
    ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);  // as a run does, before the first product
    const std::string reason = lapidary::test::whyNoGpu();
    lapidary::test::testDevice() = c10::Device(c10::kCUDA, 0);
    return lapidary::test::runTestsUnless(reason);
}
