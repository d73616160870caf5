// Speed of every kernel beside what this machine can do at most, measured in the same run: memory read bandwidth and
// fused multiply-adds.  Prints a table; passes or fails nothing.   bench_kernels [seconds per line, default 0.3]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/roofline.h"

namespace {

using namespace lapidary::kernels;

// Work shared by `threads` threads, repeated for `seconds`; seconds a round (the best of the rounds: others share the machine).
double bestSeconds(int threads, double seconds, const std::function<void(int)>& part) {
    using Clock = std::chrono::steady_clock;
    double best = 1e9;
    const auto stop = Clock::now() + std::chrono::duration<double>(seconds);
    do {
        const auto start = Clock::now();
        std::vector<std::jthread> others;
        for (int i = 1; i < threads; ++i) others.emplace_back([&part, i] { part(i); });
        part(0);
        others.clear();
        best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
    } while (Clock::now() < stop);
    return best;
}

std::vector<float> randomFloats(std::size_t count) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float& value : values) value = normal(random);
    return values;
}

struct Bench {
    const KernelTable& table;
    int threads;
    double seconds;
    Roofline roof;

    void line(const char* op, const char* what, double elapsed, double bytes, double flops) const {
        const double gigabytes = bytes / elapsed * 1e-9;
        const double gigaflops = flops / elapsed * 1e-9;
        const double share = std::max(bytes / roof.readBytesPerSecond, flops / roof.flopsPerSecond) / elapsed;
        std::printf("%-10s %-18s %-14s %d  %9.3f ms %8.1f GB/s %8.1f GFLOP/s  %5.0f %% of the roof\n", table.name, op, what,
                    threads, elapsed * 1e3, gigabytes, gigaflops, share * 100.0);
    }

    // The tied head of a small Gemma: 65536 × 1024, more than any cache of one core.
    void linear(BlockFormat format, std::int64_t inputs) const {
        const std::int64_t cols = 1024;
        const std::int64_t out = 65536;
        const std::vector<std::byte> weight(static_cast<std::size_t>(rowStride(format, cols) * out), std::byte{0x11});
        const auto x = randomFloats(static_cast<std::size_t>(cols * inputs));
        std::vector<float> y(static_cast<std::size_t>(out * inputs));
        const LinearRows product{format, weight.data(), cols, x.data(), inputs, y.data(), out};
        const double elapsed = bestSeconds(
            threads, seconds, [&](int i) { table.linearRows(product, out * i / threads, out * (i + 1) / threads); });
        char name[32];
        std::snprintf(name, sizeof name, "%s x%d", formatName(format), static_cast<int>(inputs));
        line("linearRows", name, elapsed, static_cast<double>(weight.size()), 2.0 * static_cast<double>(cols * out * inputs));
    }

    void dequantize(BlockFormat format) const {
        const std::int64_t cols = 1024;
        const std::int64_t out = 4096;
        const std::vector<std::byte> weight(static_cast<std::size_t>(rowStride(format, cols) * out), std::byte{0x11});
        std::vector<float> y(static_cast<std::size_t>(cols * out));
        const double elapsed = bestSeconds(threads, seconds, [&](int i) {
            for (std::int64_t o = out * i / threads; o < out * (i + 1) / threads; ++o) {
                table.dequantizeRow(format, weight.data() + o * rowStride(format, cols), y.data() + o * cols, cols);
            }
        });
        line("dequantizeRow", formatName(format), elapsed, static_cast<double>(weight.size() + y.size() * 4),
             static_cast<double>(y.size()));
    }

    // 270M's shape: 4 heads share one key head of 256.  Causal prefill of 512, or one query over `keys`.
    void attention(std::int64_t queries, std::int64_t keys, BlockFormat format) const {
        const std::int64_t heads = 4;
        const std::int64_t dim = 256;
        const auto q = randomFloats(static_cast<std::size_t>(queries * heads * dim));
        const std::vector<std::byte> k(static_cast<std::size_t>(keys * dim * blockBytes(format)), std::byte{0x3A});
        std::vector<float> out(q.size());
        std::vector<std::int32_t> begin(static_cast<std::size_t>(queries), 0);
        std::vector<std::int32_t> end;
        double visible = 0.0;
        for (std::int64_t i = 0; i < queries; ++i) {
            end.push_back(static_cast<std::int32_t>(keys - queries + i + 1));
            visible += end.back();
        }
        const IntervalAttention work{q.data(), k.data(), k.data(), format,       out.data(), queries, heads,
                                     1,        dim,      keys,     begin.data(), end.data(), 0.06F};
        const double elapsed = bestSeconds(threads, seconds, [&](int i) {
            if (queries == 1) {
                table.intervalAttention(work, heads * i / threads, heads * (i + 1) / threads, 0, 1);
                return;
            }
            const std::int64_t chunk = 32;  // queries: later ones see more, so threads take turns
            for (std::int64_t first = i * chunk; first < queries; first += threads * chunk) {
                table.intervalAttention(work, 0, heads, first, std::min(queries, first + chunk));
            }
        });
        char name[32];
        std::snprintf(name, sizeof name, "%s %dx%d", formatName(format), static_cast<int>(queries), static_cast<int>(keys));
        line("intervalAttention", name, elapsed, 2.0 * static_cast<double>(k.size()),
             visible * static_cast<double>(heads * dim) * 4.0);
    }

    void elementwise() const {
        const std::int64_t rows = 512;
        const std::int64_t cols = 2048;
        const auto x = randomFloats(static_cast<std::size_t>(rows * cols));
        auto y = x;
        const auto share = [&](int i, const auto& call) {
            const std::int64_t first = rows * i / threads;
            call(first, rows * (i + 1) / threads - first);
        };
        const double bytes = static_cast<double>(rows * cols) * 4.0;
        double elapsed = bestSeconds(threads, seconds, [&](int i) {
            share(i, [&](std::int64_t first, std::int64_t n) {
                table.rmsNormRows(x.data() + first * cols, x.data(), y.data() + first * cols, n, cols, 1e-6F);
            });
        });
        line("rmsNormRows", "512x2048", elapsed, 2 * bytes, bytes);
        elapsed = bestSeconds(threads, seconds, [&](int i) {
            share(i, [&](std::int64_t first, std::int64_t n) {
                table.geluTanhMul(x.data() + first * cols, x.data() + first * cols, y.data() + first * cols, n * cols);
            });
        });
        line("geluTanhMul", "512x2048", elapsed, 3 * bytes, bytes * 6);
        elapsed = bestSeconds(threads, seconds, [&](int i) {
            share(i, [&](std::int64_t first, std::int64_t n) {
                table.rotateHalves(y.data() + first * cols, x.data(), x.data(), n, 8, 256);
            });
        });
        line("rotateHalves", "512x8x256", elapsed, 2 * bytes, bytes / 4 * 3);
    }
};

}  // namespace

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 0.3;
    for (const InstructionSet set : {InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Reference}) {
        const KernelTable* table = kernelTable(set);
        if (table == nullptr) continue;
        for (const int threads : {1, 2}) {
            const Bench bench{*table, threads, set == InstructionSet::Reference ? 0.0 : seconds, measureRoofline(threads)};
            std::printf("roof with %d threads: %.1f GB/s read, %.0f GFLOP/s float32\n", threads,
                        bench.roof.readBytesPerSecond * 1e-9, bench.roof.flopsPerSecond * 1e-9);
            if (set == InstructionSet::Reference && threads == 2) break;
            for (int format = 0; format <= static_cast<int>(BlockFormat::Int4Group128); ++format)
                bench.linear(static_cast<BlockFormat>(format), 1);
            bench.linear(BlockFormat::Q8_0, 4);
            bench.linear(BlockFormat::Q4_K, 8);
            for (int format = 0; format <= static_cast<int>(BlockFormat::Int4Group128); ++format)
                bench.dequantize(static_cast<BlockFormat>(format));
            bench.attention(512, 512, BlockFormat::F32);
            bench.attention(512, 512, BlockFormat::BF16);
            bench.attention(1, 512, BlockFormat::F32);
            bench.attention(1, 32768, BlockFormat::F32);
            bench.attention(1, 32768, BlockFormat::BF16);
            bench.elementwise();
        }
    }
    return 0;
}
