#include "core/engine/ops/norm.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/_fused_rms_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "core/engine/ops/autograd.h"
#include "core/engine/ops/linear.h"
#include "kernels/elementwise.h"

namespace lapidary::ops {
namespace {

// Rows that are worth a thread of their own.
constexpr std::int64_t kElementGrain = 1 << 15;
// Pieces that a sum over rows is cut into at most.
constexpr std::int64_t kPieces = 32;

// Gemma's formula by ATen, for gradients and other devices.  x of any type.
at::Tensor composedRmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps) {
    const at::Tensor wide = x.to(at::kFloat);
    // One operation instead of seven: on a GPU the start of each is what a short row costs.
    if (x.is_cuda()) {
        return std::get<0>(at::_fused_rms_norm(wide, {x.size(-1)}, weight.to(at::kFloat) + 1.0, eps)).to(x.scalar_type());
    }
    const at::Tensor scaled = wide * (wide.square().mean(-1, true) + eps).rsqrt();
    return (scaled * (weight.to(at::kFloat) + 1.0)).to(x.scalar_type());
}

// Keeps x alone: the root mean square is computed again.  float32 on the CPU.
class RmsNormOperation : public Operation {
public:
    explicit RmsNormOperation(double eps) : m_eps(static_cast<float>(eps)) {}

    // inputs: x [..., n], weight [n].
    Recorded forward(const std::vector<at::Tensor>& inputs) override {
        const std::int64_t cols = inputs[0].size(-1);
        at::Tensor y = at::empty(inputs[0].sizes(), inputs[0].options());
        const float* const in = inputs[0].const_data_ptr<float>();
        const float* const factors = inputs[1].const_data_ptr<float>();
        float* const out = y.mutable_data_ptr<float>();
        eachRow(inputs[0], [&](std::int64_t begin, std::int64_t end) {
            kernels::rmsNormRows(in + begin * cols, factors, out + begin * cols, end - begin, cols, m_eps);
        });
        return {y, inputs};
    }

    // A fixed number of pieces, each with a sum of its own for the weight: the order of additions does not depend on the threads.
    std::vector<at::Tensor> backward(const std::vector<at::Tensor>& kept, const at::Tensor& gradient,
                                     const std::vector<bool>& wanted) override {
        const at::Tensor& x = kept[0];
        const at::Tensor dy = gradient.contiguous();
        const std::int64_t cols = x.size(-1), rows = x.numel() / cols;
        const std::int64_t pieces = std::clamp<std::int64_t>(x.numel() / kElementGrain, 1, kPieces);
        std::vector<at::Tensor> gradients(2);
        at::Tensor sums;
        if (wanted[0]) gradients[0] = at::empty(x.sizes(), x.options());
        if (wanted[1]) sums = at::zeros({pieces, cols}, x.options());
        float* const dx = wanted[0] ? gradients[0].mutable_data_ptr<float>() : nullptr;
        float* const dWeight = wanted[1] ? sums.mutable_data_ptr<float>() : nullptr;
        at::parallel_for(0, pieces, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t piece = begin; piece < end; ++piece) {
                const std::int64_t first = rows * piece / pieces, last = rows * (piece + 1) / pieces;
                kernels::rmsNormRowsBackward(x.const_data_ptr<float>() + first * cols, kept[1].const_data_ptr<float>(),
                                             dy.const_data_ptr<float>() + first * cols,
                                             dx != nullptr ? dx + first * cols : nullptr,
                                             dWeight != nullptr ? dWeight + piece * cols : nullptr, last - first, cols, m_eps);
            }
        });
        if (wanted[1]) gradients[1] = sums.sum(0);
        return gradients;
    }

private:
    template <class Work>
    static void eachRow(const at::Tensor& x, const Work& work) {
        const std::int64_t cols = x.size(-1);
        at::parallel_for(0, x.numel() / cols, std::max<std::int64_t>(1, kElementGrain / cols), work);
    }

    float m_eps;
};

// The rotation is linear, and its way back turns the other way: nothing is kept but the tables, which a whole forward shares.
class RotateOperation : public Operation {
public:
    RotateOperation(at::Tensor cos, at::Tensor sin) : m_cos(std::move(cos)), m_sin(std::move(sin)) {}

    Recorded forward(const std::vector<at::Tensor>& inputs) override { return {turned(inputs[0], m_sin), {}}; }
    std::vector<at::Tensor> backward(const std::vector<at::Tensor>& /*kept*/, const at::Tensor& gradient,
                                     const std::vector<bool>& /*wanted*/) override {
        return {turned(gradient, m_sin.neg())};
    }

private:
    [[nodiscard]] at::Tensor turned(const at::Tensor& x, const at::Tensor& sin) const {
        at::Tensor y = at::empty(x.sizes(), x.options());
        y.copy_(x);
        return rotateHalves(y, m_cos, sin);
    }

    at::Tensor m_cos;
    at::Tensor m_sin;
};

}  // namespace

at::Tensor rmsNorm(const at::Tensor& x, const Weight& weight, double eps) {
    const bool plain = x.is_cpu() && x.is_contiguous() && weight.tensor().scalar_type() == at::kFloat;
    if (!plain || x.scalar_type() != at::kFloat) return composedRmsNorm(x, weight.tensor(), eps);
    return record(c10::make_intrusive<RmsNormOperation>(eps), {x, weight.tensor()});
}

at::Tensor layerNorm(const at::Tensor& x, const Weight& weight, const Weight& bias, double eps) {
    return at::layer_norm(x, {x.size(-1)}, weight.tensor(), bias.tensor(), eps);
}

at::Tensor rotateHalves(at::Tensor x, const at::Tensor& cos, const at::Tensor& sin) {
    const std::int64_t tokens = x.size(0);
    const std::int64_t heads = x.size(1);
    const std::int64_t headDim = x.size(2);
    const bool plain = x.is_cpu() && x.scalar_type() == at::kFloat;
    if (plain && wantsGradient(x, {})) return record(c10::make_intrusive<RotateOperation>(cos, sin), {x});
    if (!plain || !x.is_contiguous()) {
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
