// What a GPU can do at most, measured by ATen: the yardstick that `lapidary bench` prints where the model lies on one.  The CPU's is
// kernels::measureRoofline.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "kernels/roofline.h"

namespace lapidary::ops {

struct RooflineWork {
    std::int64_t bytes = std::int64_t{1} << 30;  // read at once; far more than any cache holds
    std::int64_t side = 8192;  // of the square matrices
    int repetitions = 8;  // handed to the device together: the way there and back counts once
};

// readBytesPerSecond: a sum over float32.  flopsPerSecond: square products in `dtype`, 2 side^3 operations each.  The best of a few
// rounds, after one that does not count.  Throws as ATen does: c10::OutOfMemoryError.
kernels::Roofline measureDeviceRoofline(at::Device device, at::ScalarType dtype, const RooflineWork& work = {});

}  // namespace lapidary::ops
