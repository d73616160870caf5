// Products of activations with weights in whatever form they are stored.
//   few rows    the kernel reads the stored blocks directly (decoding is bound by the bytes of the weights)
//   many rows   a block of weight rows at a time is made float32 in a small scratch, then multiplied: never the whole matrix
//   gradients   of the input alone, by the stored weight read a second time; of a weight that learns, by ATen
//   other devices: dense tensors and ATen
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <span>

#include "core/engine/ops/weight.h"

namespace lapidary::ops {

// x [..., in] float32 or bfloat16; weight [out, in]; bias [out] or undefined → [..., out] in x's type.
// bfloat16: products are summed in float32 and rounded once, after the bias.
at::Tensor linear(const at::Tensor& x, const Weight& weight, const at::Tensor& bias = {});

// The same input through three matrices (query, key, value) in one go.
std::array<at::Tensor, 3> linear3(const at::Tensor& x, const Weight& a, const Weight& b, const Weight& c);

// gelu_tanh(x · gateᵀ) · (x · upᵀ): [..., in] → [..., intermediate] (specification 2.6).
at::Tensor gatedLinear(const at::Tensor& x, const Weight& gate, const Weight& up);

// gelu_tanh(gate) · up of two tensors of one shape: the same where something stands beside the products.
at::Tensor gatedProduct(const at::Tensor& gate, const at::Tensor& up);

// x · weight for a weight stored [in, out] (the projector's): x [..., in] → [..., out].
at::Tensor linearTransposed(const at::Tensor& x, const Weight& weight);

// Rows `ids` [n] int64 of `table` [vocab, hidden], scaled → [n, hidden] in the precision.  In bfloat16 the row, the scale and the
// product are rounded each (specification 2.1).
at::Tensor embeddingRows(const at::Tensor& ids, const Weight& table, double scale, Precision precision);

// Whether a gradient could be asked of a result computed from these.
bool wantsGradient(const at::Tensor& x, std::initializer_list<const Weight*> weights);

}  // namespace lapidary::ops
