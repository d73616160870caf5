#include "core/engine/ops/device_roofline.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "core/engine/ops/random.h"

namespace lapidary::ops {
namespace {

constexpr int kRounds = 4;

// Seconds of one repetition.  A GPU works behind the calls: once a number has arrived, all of them are done.
double bestRound(int repetitions, const std::function<at::Tensor()>& work) {
    using Clock = std::chrono::steady_clock;
    double best = 1e9;
    for (int round = 0; round <= kRounds; ++round) {
        const auto start = Clock::now();
        at::Tensor result;
        for (int i = 0; i < repetitions; ++i) result = work();
        static_cast<void>(result.flatten()[0].item());
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        if (round > 0) best = std::min(best, seconds / repetitions);  // the first one chooses and loads its kernels
    }
    return best;
}

}  // namespace

kernels::Roofline measureDeviceRoofline(at::Device device, at::ScalarType dtype, const RooflineWork& work) {
    const c10::InferenceMode guard;
    kernels::Roofline roof;
    {
        const std::int64_t numbers = work.bytes / static_cast<std::int64_t>(sizeof(float));
        const at::Tensor memory = at::ones({numbers}, at::TensorOptions(at::kFloat).device(device));
        const double seconds = bestRound(work.repetitions, [&] { return memory.sum(); });
        roof.readBytesPerSecond = static_cast<double>(numbers) * sizeof(float) / seconds;
    }
    // Random numbers: products of equal ones switch fewer transistors, and a GPU then runs faster than it ever does for a model.
    const at::Tensor a = uniformTensor({work.side, work.side}, -1.0, 1.0, 1).to(device, dtype);
    const at::Tensor b = uniformTensor({work.side, work.side}, -1.0, 1.0, 2).to(device, dtype);
    const double seconds = bestRound(work.repetitions, [&] { return at::matmul(a, b); });
    const auto side = static_cast<double>(work.side);
    roof.flopsPerSecond = 2.0 * side * side * side / seconds;
    return roof;
}

}  // namespace lapidary::ops
