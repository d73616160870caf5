#include "core/engine/ops/device_roofline.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lapidary::test {
namespace {

// How large the figures are is the machine's business; that small work gives figures at all is shown without a GPU.
TEST(DeviceRoofline, SmallWorkGivesFiguresOfBothKinds) {
    for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
        const kernels::Roofline roof = ops::measureDeviceRoofline(at::kCPU, dtype, {1 << 20, 64, 2});
        EXPECT_GT(roof.readBytesPerSecond, 0.0);
        EXPECT_LT(roof.readBytesPerSecond, 1e15);
        EXPECT_GT(roof.flopsPerSecond, 0.0);
        EXPECT_LT(roof.flopsPerSecond, 1e18);
    }
}

}  // namespace
}  // namespace lapidary::test
