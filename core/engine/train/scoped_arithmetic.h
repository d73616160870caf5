// How LibTorch computes while a run lasts: settings of the process, given back when the run ends.
#pragma once

#include <ATen/Context.h>
#include <c10/core/Device.h>

#include <array>
#include <cstdlib>
#include <string>

#include "core/shared/plan/recipe.h"

namespace lapidary::train {

// PyTorch's setting is the process's: a run that ends gives it back.
class ScopedMatmulPrecision {
public:
    explicit ScopedMatmulPrecision(plan::MatmulPrecision precision)
        : m_before(kOfTorch.at(static_cast<std::size_t>(at::globalContext().float32MatmulPrecision()))) {
        at::globalContext().setFloat32MatmulPrecision(kOfTorch.at(static_cast<std::size_t>(precision)));
    }
    ~ScopedMatmulPrecision() { at::globalContext().setFloat32MatmulPrecision(m_before); }
    ScopedMatmulPrecision(const ScopedMatmulPrecision&) = delete;
    ScopedMatmulPrecision& operator=(const ScopedMatmulPrecision&) = delete;

private:
    // In the order of both enumerations.
    static constexpr std::array<const char*, 3> kOfTorch{"highest", "high", "medium"};
    std::string m_before;
};

// Operations on a GPU whose sums have no fixed order have a slower variant that has one: a run goes on bit for bit only with those.
class ScopedDeterminism {
public:
    explicit ScopedDeterminism(at::Device device) : m_on(!device.is_cpu()) {
        if (!m_on) return;
        ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);  // what cuBLAS asks for; read when its first handle is made
        at::globalContext().setDeterministicFillUninitializedMemory(false);  // nothing of ours reads what it did not write
        at::globalContext().setDeterministicAlgorithms(true, false);  // a warning would leave attention's backward without
    }
    ~ScopedDeterminism() {
        if (m_on) at::globalContext().setDeterministicAlgorithms(false, false);
    }
    ScopedDeterminism(const ScopedDeterminism&) = delete;
    ScopedDeterminism& operator=(const ScopedDeterminism&) = delete;

private:
    bool m_on;
};

}  // namespace lapidary::train
