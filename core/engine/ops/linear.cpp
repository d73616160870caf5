#include "core/engine/ops/linear.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/engine/ops/autograd.h"
#include "core/engine/ops/stored_product.h"
#include "kernels/dequantize.h"
#include "kernels/elementwise.h"
#include "kernels/linear_rows.h"

namespace lapidary::ops {
namespace {

// Elements that are worth handing to a thread.
constexpr std::int64_t kElementGrain = 1 << 14;

bool isStored(std::initializer_list<const Weight*> weights) {
    return std::all_of(weights.begin(), weights.end(),
                       [](const Weight* weight) { return weight->bytes() != nullptr && !weight->requiresGrad(); });
}

// Products that are neither recorded nor differentiated.
bool isStoredProduct(const at::Tensor& x, std::initializer_list<const Weight*> weights) {
    if (!x.is_cpu() || wantsGradient(x, weights)) return false;
    return std::all_of(weights.begin(), weights.end(), [](const Weight* weight) { return weight->bytes() != nullptr; });
}

// x · weightᵀ + bias with a weight that does not learn: the backward pass reads the stored weight again and keeps nothing.
class FrozenLinear : public Operation {
public:
    explicit FrozenLinear(Weight weight) : m_weight(std::move(weight)) {}

    // inputs: x, and the bias where there is one.
    Recorded forward(const std::vector<at::Tensor>& inputs) override {
        at::Tensor y = multiply(asRows(inputs[0]), m_weight);
        if (inputs.size() > 1) y.add_(inputs[1]);
        return {likeInput(y, inputs[0]), {}};
    }
    std::vector<at::Tensor> backward(const std::vector<at::Tensor>& /*kept*/, const at::Tensor& gradient,
                                     const std::vector<bool>& wanted) override {
        const at::Tensor rows = asRows(gradient);
        std::vector<at::Tensor> gradients(wanted.size());
        if (wanted[0]) gradients[0] = likeInput(multiplyBack(rows, m_weight), gradient);
        if (wanted.size() > 1 && wanted[1]) gradients[1] = rows.sum(0).to(gradient.scalar_type());
        return gradients;
    }

private:
    Weight m_weight;
};

// x · weight for a weight [in, out] that does not learn.
class FrozenTransposed : public Operation {
public:
    explicit FrozenTransposed(Weight weight) : m_weight(std::move(weight)) {}

    Recorded forward(const std::vector<at::Tensor>& inputs) override {
        return {likeInput(multiplyBack(asRows(inputs[0]), m_weight), inputs[0]), {}};
    }
    std::vector<at::Tensor> backward(const std::vector<at::Tensor>& /*kept*/, const at::Tensor& gradient,
                                     const std::vector<bool>& /*wanted*/) override {
        return {likeInput(multiply(asRows(gradient), m_weight), gradient)};
    }

private:
    Weight m_weight;
};

// gelu_tanh(gate) · up, keeping its two inputs alone.  float32 on the CPU.
class GatedProduct : public Operation {
public:
    Recorded forward(const std::vector<at::Tensor>& inputs) override {
        const at::Tensor gate = inputs[0].contiguous(), up = inputs[1].contiguous();
        at::Tensor y = at::empty(gate.sizes(), gate.options());
        const float* const gates = gate.const_data_ptr<float>();
        const float* const ups = up.const_data_ptr<float>();
        float* const out = y.mutable_data_ptr<float>();
        at::parallel_for(0, gate.numel(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
            kernels::geluTanhMul(gates + begin, ups + begin, out + begin, end - begin);
        });
        return {y, {inputs[0], inputs[1]}};
    }
    std::vector<at::Tensor> backward(const std::vector<at::Tensor>& kept, const at::Tensor& gradient,
                                     const std::vector<bool>& wanted) override {
        const at::Tensor gate = kept[0].contiguous(), up = kept[1].contiguous(), dy = gradient.contiguous();
        at::Tensor dGate = at::empty(gate.sizes(), gate.options()), dUp = at::empty(gate.sizes(), gate.options());
        at::parallel_for(0, gate.numel(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
            kernels::geluTanhMulBackward(gate.const_data_ptr<float>() + begin, up.const_data_ptr<float>() + begin,
                                         dy.const_data_ptr<float>() + begin, dGate.mutable_data_ptr<float>() + begin,
                                         dUp.mutable_data_ptr<float>() + begin, end - begin);
        });
        return {wanted[0] ? dGate : at::Tensor(), wanted[1] ? dUp : at::Tensor()};
    }
};

at::Tensor denseLinear(const at::Tensor& x, const Weight& weight, const at::Tensor& bias) {
    return at::linear(x, weight.materialize(x.scalar_type(), x.device()), bias);
}

}  // namespace

bool wantsGradient(const at::Tensor& x, std::initializer_list<const Weight*> weights) {
    if (!c10::GradMode::is_enabled()) return false;
    return x.requires_grad() || std::any_of(weights.begin(), weights.end(), [](const Weight* w) { return w->requiresGrad(); });
}

at::Tensor linear(const at::Tensor& x, const Weight& weight, const at::Tensor& bias) {
    const bool learns = c10::GradMode::is_enabled() && weight.requiresGrad();
    if (!x.is_cpu() || weight.bytes() == nullptr || learns) return denseLinear(x, weight, bias);
    if (bias.defined()) return record(c10::make_intrusive<FrozenLinear>(weight), {x, bias});
    return record(c10::make_intrusive<FrozenLinear>(weight), {x});
}

std::array<at::Tensor, 3> linear3(const at::Tensor& x, const Weight& a, const Weight& b, const Weight& c) {
    if (!isStoredProduct(x, {&a, &b, &c})) return {linear(x, a), linear(x, b), linear(x, c)};
    const at::Tensor rows = asRows(x);
    if (rows.size(0) > kFewRows)
        return {likeInput(multiply(rows, a), x), likeInput(multiply(rows, b), x), likeInput(multiply(rows, c), x)};
    const std::array<const Weight*, 3> weights{&a, &b, &c};
    std::array<at::Tensor, 3> results;
    std::array<kernels::LinearRows, 3> work;
    std::array<std::int64_t, 4> offset{};  // one range of output rows over all three, so that threads meet once
    for (std::size_t i = 0; i < 3; ++i) {
        TORCH_CHECK(rows.size(1) == weights[i]->cols(), "a product of ", rows.size(1), " columns with ", weights[i]->cols());
        results[i] = emptyRows(rows.size(0), weights[i]->rows());
        work[i] = product(rows, *weights[i], results[i]);
        offset[i + 1] = offset[i] + weights[i]->rows();
    }
    at::parallel_for(0, offset[3], kRowGrain, [&](std::int64_t begin, std::int64_t end) {
        for (std::size_t i = 0; i < 3; ++i) {
            const std::int64_t first = std::max(begin, offset[i]);
            const std::int64_t last = std::min(end, offset[i + 1]);
            if (first < last) kernels::linearRows(work[i], first - offset[i], last - offset[i]);
        }
    });
    for (at::Tensor& y : results) y = likeInput(y, x);
    return results;
}

at::Tensor gatedLinear(const at::Tensor& x, const Weight& gate, const Weight& up) {
    if (x.scalar_type() != at::kFloat || !isStoredProduct(x, {&gate, &up})) return gatedProduct(linear(x, gate), linear(x, up));
    const at::Tensor rows = asRows(x);
    const std::int64_t inputs = rows.size(0);
    const std::int64_t width = gate.rows();
    if (inputs > kFewRows) {
        at::Tensor g = multiply(rows, gate);
        const at::Tensor u = multiply(rows, up);
        float* const values = g.mutable_data_ptr<float>();
        const float* const factors = u.const_data_ptr<float>();
        at::parallel_for(0, inputs, 4, [&](std::int64_t begin, std::int64_t end) {
            kernels::geluTanhMul(values + begin * width, factors + begin * width, values + begin * width,
                                 (end - begin) * width);
        });
        return likeInput(g, x);
    }
    TORCH_CHECK(rows.size(1) == gate.cols() && rows.size(1) == up.cols() && up.rows() == width, "gate and up differ in shape");
    at::Tensor g = emptyRows(inputs, width);
    at::Tensor u = emptyRows(inputs, width);
    const kernels::LinearRows gateWork = product(rows, gate, g);
    const kernels::LinearRows upWork = product(rows, up, u);
    at::parallel_for(0, width, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
        kernels::linearRows(gateWork, begin, end);
        kernels::linearRows(upWork, begin, end);
        for (std::int64_t row = 0; row < inputs; ++row) {
            float* const values = gateWork.y + row * width + begin;
            kernels::geluTanhMul(values, upWork.y + row * width + begin, values, end - begin);
        }
    });
    return likeInput(g, x);
}

at::Tensor gatedProduct(const at::Tensor& gate, const at::Tensor& up) {
    // In bfloat16 the gate, its activation and the product are rounded each: ATen's own steps.
    if (!gate.is_cpu() || gate.scalar_type() != at::kFloat) return at::gelu(gate, "tanh") * up;
    return record(c10::make_intrusive<GatedProduct>(), {gate, up});
}

at::Tensor linearTransposed(const at::Tensor& x, const Weight& weight) {
    if (x.is_cpu() && isStored({&weight}) && recordsGradient({&x}))
        return record(c10::make_intrusive<FrozenTransposed>(weight), {x});
    return x.matmul(weight.materialize(x.scalar_type(), x.device()));
}

at::Tensor embeddingRows(const at::Tensor& ids, const Weight& table, double scale, Precision precision) {
    const at::ScalarType type = scalarType(precision);
    // A scalar operand would be kept in double; the reference's scale is a tensor of the weight's type.
    const double rounded = precision == Precision::Float32
                               ? static_cast<double>(static_cast<float>(scale))
                               : static_cast<double>(static_cast<float>(c10::BFloat16(static_cast<float>(scale))));
    const bool learns = c10::GradMode::is_enabled() && table.requiresGrad();
    if (learns || table.bytes() == nullptr) {
        const at::Tensor weight = table.materialize(type, table.tensor().device());
        return at::embedding(weight, ids.to(weight.device())) * rounded;
    }
    const std::int64_t hidden = table.cols();
    const std::int64_t stride = *kernels::rowBytes(table.format(), hidden);
    const at::Tensor wanted = ids.contiguous();
    const std::int64_t* const id = wanted.const_data_ptr<std::int64_t>();
    at::Tensor rows = emptyRows(wanted.numel(), hidden);
    for (std::int64_t i = 0; i < wanted.numel(); ++i) {
        TORCH_CHECK(id[i] >= 0 && id[i] < table.rows(), "token id ", id[i], " outside ", table.rows(), " rows");
        kernels::dequantizeRow(table.format(), table.bytes() + id[i] * stride, rows.mutable_data_ptr<float>() + i * hidden,
                               hidden);
    }
    return rows.to(type).mul_(rounded);
}

}  // namespace lapidary::ops
