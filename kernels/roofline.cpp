#include "kernels/roofline.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "kernels/dispatch.h"

namespace lapidary::kernels {

namespace {

constexpr std::size_t kBytes = std::size_t{256} << 20;
constexpr std::int64_t kMultiplyAdds = 1 << 22;  // a round and thread; some 5 ms

double bestOf(int rounds, int threads, const std::function<void(int)>& part) {
    using Clock = std::chrono::steady_clock;
    double best = 1e9;
    for (int round = 0; round < rounds; ++round) {
        const auto start = Clock::now();
        {
            std::vector<std::jthread> others;
            for (int i = 1; i < threads; ++i) others.emplace_back([&part, i] { part(i); });
            part(0);
        }
        best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
    }
    return best;
}

}  // namespace

Roofline measureRoofline(int threads) {
    const int count = std::max(1, threads);
    const KernelTable& table = bestKernels();
    std::vector<float> results(static_cast<std::size_t>(count) * 16);  // a cache line each
    std::vector<std::uint64_t> buffer(kBytes / sizeof(std::uint64_t), 1);

    Roofline roof;
    const std::size_t share = buffer.size() / static_cast<std::size_t>(count);
    const double reading = bestOf(4, count, [&](int i) {
        const auto at = static_cast<std::size_t>(i);
        results[at * 16] += table.readMemory(buffer.data() + share * at, static_cast<std::int64_t>(share));
    });
    roof.readBytesPerSecond = static_cast<double>(share * static_cast<std::size_t>(count) * sizeof(std::uint64_t)) / reading;

    double flops = 0.0;
    const double computing = bestOf(4, count, [&](int i) {
        const auto at = static_cast<std::size_t>(i);
        const double done = table.multiplyAdds(kMultiplyAdds, &results[at * 16]);
        if (i == 0) flops = done;
    });
    roof.flopsPerSecond = flops * count / computing;
    return roof;
}

}  // namespace lapidary::kernels
