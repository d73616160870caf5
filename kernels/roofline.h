// What this machine can do at most, measured: the yardstick that `lapidary bench` and bench_kernels print beside a speed.
#pragma once

namespace lapidary::kernels {

struct Roofline {
    double readBytesPerSecond = 0.0;  // reading 256 MiB once, all threads together, best of a few rounds
    double flopsPerSecond = 0.0;      // independent float32 fused multiply-adds in registers, two operations each
};

// Takes about a third of a second and 256 MiB for a moment.  `threads` threads of its own, at least one.
Roofline measureRoofline(int threads);

}  // namespace lapidary::kernels
