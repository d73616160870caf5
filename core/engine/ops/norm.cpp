#include "core/engine/ops/norm.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/layer_norm.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "core/engine/ops/linear.h"
#include "kernels/elementwise.h"

namespace lapidary::ops {
namespace {

// Rows that are worth a thread of their own.
constexpr std::int64_t kElementGrain = 1 << 15;

// Gemma's formula by ATen, for gradients and other devices.  x of any type.
at::Tensor composedRmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps) {
    const at::Tensor wide = x.to(at::kFloat);
    const at::Tensor scaled = wide * (wide.square().mean(-1, true) + eps).rsqrt();
    return (scaled * (weight.to(at::kFloat) + 1.0)).to(x.scalar_type());
}

}  // namespace

at::Tensor rmsNorm(const at::Tensor& x, const Weight& weight, double eps) {
    const bool plain = x.is_cpu() && x.is_contiguous() && weight.tensor().scalar_type() == at::kFloat;
    if (!plain || x.scalar_type() != at::kFloat || wantsGradient(x, {&weight})) return composedRmsNorm(x, weight.tensor(), eps);
    const std::int64_t cols = x.size(-1);
    at::Tensor y = at::empty(x.sizes(), x.options());
    const float* const in = x.const_data_ptr<float>();
    const float* const factors = weight.tensor().const_data_ptr<float>();
    float* const out = y.mutable_data_ptr<float>();
    at::parallel_for(
        0, x.numel() / cols, std::max<std::int64_t>(1, kElementGrain / cols), [&](std::int64_t begin, std::int64_t end) {
            kernels::rmsNormRows(in + begin * cols, factors, out + begin * cols, end - begin, cols, static_cast<float>(eps));
        });
    return y;
}

at::Tensor layerNorm(const at::Tensor& x, const Weight& weight, const Weight& bias, double eps) {
    return at::layer_norm(x, {x.size(-1)}, weight.tensor(), bias.tensor(), eps);
}

at::Tensor rotateHalves(at::Tensor x, const at::Tensor& cos, const at::Tensor& sin) {
    const std::int64_t tokens = x.size(0);
    const std::int64_t heads = x.size(1);
    const std::int64_t headDim = x.size(2);
    if (!x.is_cpu() || x.scalar_type() != at::kFloat || !x.is_contiguous() || wantsGradient(x, {})) {
        const at::Tensor c = cos.unsqueeze(1);
        const at::Tensor s = sin.unsqueeze(1);
        const at::Tensor low = x.narrow(-1, 0, headDim / 2);
        const at::Tensor high = x.narrow(-1, headDim / 2, headDim / 2);
        return at::cat({low * c - high * s, high * c + low * s}, -1);
    }
    float* const values = x.mutable_data_ptr<float>();
    const float* const c = cos.const_data_ptr<float>();
    const float* const s = sin.const_data_ptr<float>();
    const std::int64_t half = headDim / 2;
    at::parallel_for(0, tokens, std::max<std::int64_t>(1, kElementGrain / (heads * headDim)),
                     [&](std::int64_t begin, std::int64_t end) {
                         kernels::rotateHalves(values + begin * heads * headDim, c + begin * half, s + begin * half,
                                               end - begin, heads, headDim);
                     });
    return x;
}

at::Tensor addResidual(const at::Tensor& residual, const at::Tensor& branch) {
    if (c10::GradMode::is_enabled() && (residual.requires_grad() || branch.requires_grad())) return residual + branch;
    return branch.add_(residual);
}

}  // namespace lapidary::ops
