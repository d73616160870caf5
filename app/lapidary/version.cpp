#include <torch/headeronly/version.h>

#include <string>

#include "app/lapidary/verb.h"
#include "core/engine/ops/cuda_plugin.h"
#include "kernels/dispatch.h"
#include "lapidary_commit.h"

namespace lapidary::app {
namespace {

std::string cpuFeatures() {
    std::string found;
    const auto add = [&found](bool there, const char* name) {
        if (there) found += (found.empty() ? "" : " ") + std::string(name);
    };
    __builtin_cpu_init();
    add(__builtin_cpu_supports("avx2") != 0, "avx2");
    add(__builtin_cpu_supports("fma") != 0, "fma");
    add(__builtin_cpu_supports("avx512f") != 0, "avx512f");
    add(__builtin_cpu_supports("avx512bw") != 0, "avx512bw");
    add(__builtin_cpu_supports("avx512vnni") != 0, "avx512vnni");
    return (found.empty() ? "none of avx2, fma, avx512" : found) + "; kernels in use: " + kernels::bestKernels().name;
}

}  // namespace

std::string versionNumber() { return LAPIDARY_VERSION; }

std::string versionText() {
    return "lapidary " + versionNumber() + "\ncommit " + LAPIDARY_COMMIT + "\nLibTorch " + TORCH_VERSION +
           "\nCUDA: " + ops::cudaSentence() + "\nCPU features: " + cpuFeatures();
}

}  // namespace lapidary::app
