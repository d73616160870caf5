// Cross-entropy over the whole vocabulary without ever holding all logits: only the positions that have a target, a block of them at
// a time, and the gradient in the same pass.  Sums in float32, totals in float64.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "core/engine/ops/weight.h"

namespace lapidary::train {

struct LossRequest {
    at::Tensor hidden;  // [n, hidden] after the final norm, float32 or bfloat16
    at::Tensor targets;  // [n] int64 on the CPU, each a row of `head`
    std::optional<double> softcap{};  // logits = cap · tanh(logits / cap)
    double gradientScale = 1.0;  // gradients are those of gradientScale · Σ loss
    bool wantsGradient = true;  // of `hidden`, and of `head` where that learns
    bool wantsPredictions = false;
    std::int64_t blockBytes = 64 << 20;  // logits that may exist at once
};

struct LossResult {
    at::Tensor losses;  // [n] float32, -log p(target)
    double sum = 0.0;  // of `losses`
    at::Tensor hiddenGradient;  // [n, hidden] in hidden's type, if wanted
    at::Tensor predictions;  // [n] int64: the likeliest id, if wanted
};

// `head` [vocab, hidden] in any stored form.  Where it learns and gradients are wanted, its gradient is added to head.tensor().grad().
// Losses and predictions lie on the CPU, the gradients where their tensors do.
LossResult blockwiseLoss(const LossRequest& request, const ops::Weight& head);

// The same by ATen, on the device where `head`, float32 or bfloat16, lies: what blockwiseLoss does for heads that are not in this
// machine's memory.  bfloat16 products are summed in float32; the slope of the logits is rounded to it for the way back.
LossResult deviceLoss(const LossRequest& request, const at::Tensor& head);

}  // namespace lapidary::train
