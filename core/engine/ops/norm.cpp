#include "core/engine/ops/norm.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/layer_norm.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/engine/ops/autograd.h"
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

    // With r = rsqrt(mean(x²) + eps) and h = (1 + w) · dy:  dx = r · h − x · r³ · mean(h · x),  dw = Σ rows of dy · x · r.
    std::vector<at::Tensor> backward(const std::vector<at::Tensor>& kept, const at::Tensor& gradient,
                                     const std::vector<bool>& wanted) override {
        std::vector<at::Tensor> gradients(2);
        const at::Tensor dy = gradient.contiguous();
        if (wanted[0]) gradients[0] = inputGradient(kept[0], kept[1], dy);
        if (wanted[1]) {
            const at::Tensor r = (kept[0].square().mean(-1, true) + static_cast<double>(m_eps)).rsqrt();
            gradients[1] = (dy * kept[0]).mul_(r).flatten(0, -2).sum(0);
        }
        return gradients;
    }

private:
    template <class Work>
    static void eachRow(const at::Tensor& x, const Work& work) {
        const std::int64_t cols = x.size(-1);
        at::parallel_for(0, x.numel() / cols, std::max<std::int64_t>(1, kElementGrain / cols), work);
    }

    [[nodiscard]] at::Tensor inputGradient(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& dy) const {
        const std::int64_t cols = x.size(-1);
        at::Tensor dx = at::empty(x.sizes(), x.options());
        const float* const factors = weight.const_data_ptr<float>();
        eachRow(x, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t row = begin; row < end; ++row) {
                rowGradient(x.const_data_ptr<float>() + row * cols, factors, dy.const_data_ptr<float>() + row * cols,
                            dx.mutable_data_ptr<float>() + row * cols, cols);
            }
        });
        return dx;
    }

    void rowGradient(const float* x, const float* weight, const float* dy, float* dx, std::int64_t cols) const {
        double squares = 0.0, mixed = 0.0;
        for (std::int64_t i = 0; i < cols; ++i) {
            const double value = x[i];
            squares += value * value;
            mixed += value * (1.0 + static_cast<double>(weight[i])) * static_cast<double>(dy[i]);
        }
        const auto count = static_cast<double>(cols);
        const double r = 1.0 / std::sqrt(squares / count + static_cast<double>(m_eps));
        const auto scale = static_cast<float>(r), pull = static_cast<float>(r * r * r * mixed / count);
        for (std::int64_t i = 0; i < cols; ++i) dx[i] = scale * (1.0F + weight[i]) * dy[i] - pull * x[i];
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
