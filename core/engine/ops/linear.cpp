#include "core/engine/ops/linear.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>

#include "kernels/dequantize.h"
#include "kernels/elementwise.h"
#include "kernels/linear_rows.h"

namespace lapidary::ops {
namespace {

// Up to this many input rows reading stored blocks once per row of output beats making them float32 first.
constexpr std::int64_t kFewRows = 8;
// Scratch of the many-rows path: stays in the second-level cache's neighbourhood and far below any memory budget.
constexpr std::int64_t kScratchBytes = 4 << 20;
// Output rows that are worth handing to a thread (about ten microseconds of work for a small model's width).
constexpr std::int64_t kRowGrain = 64;

bool isStoredProduct(const at::Tensor& x, std::initializer_list<const Weight*> weights) {
    if (!x.is_cpu() || wantsGradient(x, weights)) return false;
    return std::all_of(weights.begin(), weights.end(), [](const Weight* w) { return w->bytes() != nullptr; });
}

// x as float32 rows [n, in].
at::Tensor asRows(const at::Tensor& x) {
    at::Tensor rows = x.reshape({-1, x.size(-1)});
    if (rows.scalar_type() != at::kFloat) rows = rows.to(at::kFloat);
    return rows.contiguous();
}

at::Tensor emptyRows(std::int64_t rows, std::int64_t cols) { return at::empty({rows, cols}, at::TensorOptions(at::kFloat)); }

// [n, out] float32 → x's leading dimensions and type.
at::Tensor likeInput(const at::Tensor& y, const at::Tensor& x) {
    std::vector<std::int64_t> shape = x.sizes().vec();
    shape.back() = y.size(1);
    return y.view(shape).to(x.scalar_type());
}

kernels::LinearRows product(const at::Tensor& x, const Weight& weight, at::Tensor& y) {
    return {.format = weight.format(),
            .weight = weight.bytes(),
            .cols = weight.cols(),
            .x = x.const_data_ptr<float>(),
            .inputs = x.size(0),
            .y = y.mutable_data_ptr<float>(),
            .yStride = y.size(1)};
}

// Many rows: weights become float32 a block of rows at a time.  x [n, in], y [n, out] float32.
void multiplyBlocks(const at::Tensor& x, const Weight& weight, at::Tensor& y) {
    const std::int64_t cols = weight.cols();
    const std::int64_t out = weight.rows();
    const std::int64_t stride = *kernels::rowBytes(weight.format(), cols);
    const std::int64_t block = std::clamp<std::int64_t>(kScratchBytes / (4 * cols), 1, out);
    at::Tensor scratch = emptyRows(block, cols);
    float* const values = scratch.mutable_data_ptr<float>();
    for (std::int64_t first = 0; first < out; first += block) {
        const std::int64_t count = std::min(block, out - first);
        at::parallel_for(0, count, 16, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t row = begin; row < end; ++row) {
                kernels::dequantizeRow(weight.format(), weight.bytes() + (first + row) * stride, values + row * cols, cols);
            }
        });
        at::Tensor part = y.narrow(1, first, count);
        at::mm_out(part, x, scratch.narrow(0, 0, count).t());
    }
}

void multiplyMany(const at::Tensor& x, const Weight& weight, at::Tensor& y) {
    if (weight.format() == kernels::BlockFormat::F32 && weight.tensor().defined()) {
        const c10::AutoGradMode noGraph(false);
        at::mm_out(y, x, weight.tensor().t());
        return;
    }
    multiplyBlocks(x, weight, y);
}

// x [n, in] float32 → [n, out] float32.
at::Tensor multiply(const at::Tensor& x, const Weight& weight) {
    TORCH_CHECK(x.size(1) == weight.cols(), "a product of ", x.size(1), " columns with ", weight.cols());
    at::Tensor y = emptyRows(x.size(0), weight.rows());
    if (x.size(0) > kFewRows) {
        multiplyMany(x, weight, y);
        return y;
    }
    const kernels::LinearRows work = product(x, weight, y);
    at::parallel_for(0, weight.rows(), kRowGrain,
                     [&](std::int64_t begin, std::int64_t end) { kernels::linearRows(work, begin, end); });
    return y;
}

at::Tensor denseLinear(const at::Tensor& x, const Weight& weight, const at::Tensor& bias) {
    return at::linear(x, weight.materialize(x.scalar_type(), x.device()), bias);
}

}  // namespace

bool wantsGradient(const at::Tensor& x, std::initializer_list<const Weight*> weights) {
    if (!c10::GradMode::is_enabled()) return false;
    return x.requires_grad() || std::any_of(weights.begin(), weights.end(), [](const Weight* w) { return w->requiresGrad(); });
}

at::Tensor linear(const at::Tensor& x, const Weight& weight, const at::Tensor& bias) {
    const bool biasLearns = bias.defined() && bias.requires_grad() && c10::GradMode::is_enabled();
    if (biasLearns || !isStoredProduct(x, {&weight})) return denseLinear(x, weight, bias);
    at::Tensor y = multiply(asRows(x), weight);
    if (bias.defined()) y.add_(bias);
    return likeInput(y, x);
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
    // In bfloat16 the gate, its activation and the product are rounded each: ATen's own steps.
    if (x.scalar_type() != at::kFloat || !isStoredProduct(x, {&gate, &up})) {
        return at::gelu(linear(x, gate), "tanh") * linear(x, up);
    }
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

at::Tensor linearTransposed(const at::Tensor& x, const Weight& weight) {
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
