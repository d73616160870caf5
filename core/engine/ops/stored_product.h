// Products with weights as they are stored, a block of rows at a time: never the whole matrix as float32.  No gradients here.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "core/engine/ops/weight.h"
#include "kernels/linear_rows.h"

namespace lapidary::ops {

// Up to this many input rows reading stored blocks once per row of output beats making them float32 first.
constexpr std::int64_t kFewRows = 8;
// Output rows that are worth handing to a thread (about ten microseconds of work for a small model's width).
constexpr std::int64_t kRowGrain = 64;

// x [..., n] as contiguous float32 rows [rows, n].
at::Tensor asRows(const at::Tensor& x);
at::Tensor emptyRows(std::int64_t rows, std::int64_t cols);
// y [rows, n] float32 with x's leading dimensions and type.
at::Tensor likeInput(const at::Tensor& y, const at::Tensor& x);

// x [rows, in] float32 · weightᵀ, weight [out, in] on the CPU → [rows, out] float32.
at::Tensor multiply(const at::Tensor& x, const Weight& weight);
// The way back: gradient [rows, out] float32 · weight → [rows, in] float32.
at::Tensor multiplyBack(const at::Tensor& gradient, const Weight& weight);

// The weight as float32, a block of rows at a time: use(first row, rows [count, cols] on the CPU).
void eachBlock(const Weight& weight, const std::function<void(std::int64_t first, const at::Tensor& rows)>& use);

// The kernel's description of x · weightᵀ into y.
kernels::LinearRows product(const at::Tensor& x, const Weight& weight, at::Tensor& y);

}  // namespace lapidary::ops
