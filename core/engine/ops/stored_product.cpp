#include "core/engine/ops/stored_product.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/_unsafe_view.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>

#include "kernels/dequantize.h"

namespace lapidary::ops {
namespace {

// Scratch of the many-rows path: stays in the second-level cache's neighbourhood and far below any memory budget.
constexpr std::int64_t kScratchBytes = 4 << 20;

}  // namespace

at::Tensor asRows(const at::Tensor& x) {
    at::Tensor rows = x.reshape({-1, x.size(-1)});
    if (rows.scalar_type() != at::kFloat) rows = rows.to(at::kFloat);
    return rows.contiguous();
}

at::Tensor emptyRows(std::int64_t rows, std::int64_t cols) { return at::empty({rows, cols}, at::TensorOptions(at::kFloat)); }

at::Tensor likeInput(const at::Tensor& y, const at::Tensor& x) {
    std::vector<std::int64_t> shape = x.sizes().vec();
    shape.back() = y.size(1);
    return at::_unsafe_view(y, shape).to(x.scalar_type());  // nobody else looks at y: no view that autograd must follow
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

void eachBlock(const Weight& weight, const std::function<void(std::int64_t first, const at::Tensor& rows)>& use) {
    const c10::AutoGradMode noGraph(false);
    if (weight.bytes() == nullptr) {  // on another device
        use(0, weight.materialize(at::kFloat, at::kCPU).view({weight.rows(), weight.cols()}));
        return;
    }
    if (weight.format() == kernels::BlockFormat::F32 && weight.tensor().defined()) {
        use(0, weight.tensor().view({weight.rows(), weight.cols()}));
        return;
    }
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
        use(first, scratch.narrow(0, 0, count));
    }
}

at::Tensor multiply(const at::Tensor& x, const Weight& weight) {
    TORCH_CHECK(x.size(1) == weight.cols(), "a product of ", x.size(1), " columns with ", weight.cols());
    at::Tensor y = emptyRows(x.size(0), weight.rows());
    if (x.size(0) > kFewRows) {
        eachBlock(weight, [&](std::int64_t first, const at::Tensor& rows) {
            at::Tensor part = y.narrow(1, first, rows.size(0));
            at::mm_out(part, x, rows.t());
        });
        return y;
    }
    const kernels::LinearRows work = product(x, weight, y);
    at::parallel_for(0, weight.rows(), kRowGrain,
                     [&](std::int64_t begin, std::int64_t end) { kernels::linearRows(work, begin, end); });
    return y;
}

at::Tensor multiplyBack(const at::Tensor& gradient, const Weight& weight) {
    TORCH_CHECK(gradient.size(1) == weight.rows(), "a gradient of ", gradient.size(1), " columns for ", weight.rows(), " rows");
    at::Tensor x = at::zeros({gradient.size(0), weight.cols()}, at::TensorOptions(at::kFloat));
    eachBlock(weight,
              [&](std::int64_t first, const at::Tensor& rows) { x.addmm_(gradient.narrow(1, first, rows.size(0)), rows); });
    return x;
}

}  // namespace lapidary::ops
