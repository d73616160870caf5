// Normalisation, and the rotation of queries and keys.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/engine/ops/weight.h"

namespace lapidary::ops {

// Gemma's RMSNorm over the last dimension (specification 2.2): float32 inside, times (1 + weight), rounded to x's type last.
// x [..., n], weight [n].
at::Tensor rmsNorm(const at::Tensor& x, const Weight& weight, double eps);

// Ordinary LayerNorm over the last dimension (SigLIP).  x [..., n], weight and bias [n].
at::Tensor layerNorm(const at::Tensor& x, const Weight& weight, const Weight& bias, double eps);

// Half rotation (specification 2.5): x' = x · cos + rot(x) · sin, rot(x) = [-x2, x1], every step in x's type.
// x [tokens, heads, head_dim], contiguous, may be overwritten where no gradient is wanted; cos, sin [tokens, head_dim / 2] in x's type.
at::Tensor rotateHalves(at::Tensor x, const at::Tensor& cos, const at::Tensor& sin);

// residual + branch; `branch` may be overwritten where no gradient is wanted.
at::Tensor addResidual(const at::Tensor& residual, const at::Tensor& branch);

}  // namespace lapidary::ops
