#include "core/engine/model/low_rank_delta.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <c10/core/GradMode.h>

#include "core/engine/ops/linear.h"
#include "core/engine/ops/random.h"
#include "core/engine/ops/stored_product.h"

namespace lapidary::model {
namespace {

at::Tensor addDora(const LowRankDelta& delta, const at::Tensor& inner, const at::Tensor& plain, const at::Tensor& y,
                   const ops::Weight& weight) {
    const at::Tensor factor = delta.factor.defined() ? delta.factor : magnitudeFactor(delta, weight);
    const at::Tensor low = at::linear(inner, delta.b);
    return y + (factor - 1.0) * plain + factor * low * delta.scaling;
}

}  // namespace

at::Tensor rowSquares(const ops::Weight& weight) {
    const c10::AutoGradMode noGradient(false);
    at::Tensor squares = at::empty({weight.rows()}, at::TensorOptions(at::kDouble));
    ops::eachBlock(weight, [&](std::int64_t first, const at::Tensor& rows) {
        squares.narrow(0, first, rows.size(0)).copy_(rows.to(at::kDouble).square().sum(1));
    });
    return squares;
}

// ‖w + s·b·A‖² = ‖w‖² + 2s · b·(A wᵀ) + s² · b·(A Aᵀ)·bᵀ for each row: no matrix of W's size is made.
at::Tensor magnitudeFactor(const LowRankDelta& delta, const ops::Weight& weight) {
    at::Tensor norms;
    {
        const c10::AutoGradMode noGradient(false);
        const at::Tensor b = delta.b.to(at::kDouble), a = delta.a.to(at::kDouble);
        const at::Tensor cross = ops::linear(delta.a.detach(), weight).t().to(at::kDouble);  // [out, r]
        const at::Tensor gram = a.matmul(a.t());
        const at::Tensor linear = (b * cross).sum(1) * (2.0 * delta.scaling);
        const at::Tensor square = (b.matmul(gram) * b).sum(1) * (delta.scaling * delta.scaling);
        norms = (delta.squares.to(b.device()) + linear + square).clamp_min(0.0).sqrt().to(at::kFloat);
    }
    return delta.magnitude / norms;
}

at::Tensor addDelta(const LowRankDelta& delta, const at::Tensor& x, const at::Tensor& y, const ops::Weight& weight,
                    const at::Tensor& bias, std::uint64_t dropSeed) {
    const bool drops = dropSeed != 0 && delta.dropout > 0.0;
    const at::Tensor wide = x.to(at::kFloat);
    const at::Tensor entering = drops ? ops::seededDropout(wide, delta.dropout, dropSeed) : wide;
    const at::Tensor inner = at::linear(entering, delta.a);
    const at::Tensor result = y.to(at::kFloat);
    if (!delta.isDora()) {
        const at::Tensor rows = at::addmm(result.flatten(0, -2), inner.flatten(0, -2), delta.b.t(), 1.0, delta.scaling);
        return rows.view(y.sizes()).to(y.scalar_type());
    }
    // As peft: without dropout the base result less its bias serves again, with it W acts on what entered.
    at::Tensor plain = bias.defined() ? result - bias.to(at::kFloat) : result;
    if (drops) plain = ops::linear(entering, weight);
    return addDora(delta, inner, plain, result, weight).to(y.scalar_type());
}

at::Tensor mergedRows(const LowRankDelta& delta, const at::Tensor& rows, std::int64_t first) {
    const c10::AutoGradMode noGradient(false);
    const std::int64_t count = rows.size(0);
    at::Tensor sum = rows + delta.b.narrow(0, first, count).matmul(delta.a) * delta.scaling;
    if (!delta.isDora()) return sum;
    const at::Tensor norms = sum.to(at::kDouble).square().sum(1, true).sqrt();
    return sum * (delta.magnitude.narrow(0, first, count).to(at::kDouble).unsqueeze(1) / norms).to(at::kFloat);
}

}  // namespace lapidary::model
