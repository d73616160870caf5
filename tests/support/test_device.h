// Where tests of training run: the CPU, unless the main of a test executable says otherwise (tests/core/cuda/gpu_training_main.cpp).
#pragma once

#include <c10/core/Device.h>

namespace lapidary::test {

inline c10::Device& testDevice() {
    static c10::Device device(c10::kCPU);
    return device;
}

}  // namespace lapidary::test
