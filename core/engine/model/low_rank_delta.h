// One low-rank delta beside one linear layer: LoRA (arXiv:2106.09685) and DoRA (arXiv:2402.09353), with peft 0.21's arithmetic.
//   LoRA  y + s · B A drop(x)
//   DoRA  y + (m/n − 1) · (W drop(x)) + (m/n) · s · B A drop(x),  n = ‖W + s · B A‖ of each row, without a gradient
// The deltas are float32 whatever the model's precision, as peft keeps them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "core/engine/model/adapter_pass.h"
#include "core/engine/ops/weight.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::model {

struct LowRankDelta {
    std::string weight;  // canonical name of the weight that it stands beside
    plan::Part part = plan::Part::Language;
    at::Tensor a;  // [r, in]
    at::Tensor b;  // [out, r]
    at::Tensor magnitude;  // [out] with DoRA, else undefined
    at::Tensor squares;  // [out] double, with DoRA: ‖w‖² of each row of W
    at::Tensor factor;  // [out]: m/n once and for all, where nothing learns; else undefined
    double scaling = 1.0;
    double dropout = 0.0;
    DeltaPlace place = DeltaPlace::Inside;

    [[nodiscard]] bool isDora() const { return magnitude.defined(); }
};

// ‖w‖² of each row of a stored weight, [out] double; a block of rows at a time.
at::Tensor rowSquares(const ops::Weight& weight);

// m/n of each row [out] float32; a gradient for m alone.
at::Tensor magnitudeFactor(const LowRankDelta& delta, const ops::Weight& weight);

// What `y` [..., out] becomes.  x [..., in]; bias: as it is in y, or undefined; dropSeed: 0 for no dropout.
at::Tensor addDelta(const LowRankDelta& delta, const at::Tensor& x, const at::Tensor& y, const ops::Weight& weight,
                    const at::Tensor& bias, std::uint64_t dropSeed);

// Rows [first, first + rows.size(0)) of the merged weight: rows [count, in] float32 of W → the same with the delta in them.
at::Tensor mergedRows(const LowRankDelta& delta, const at::Tensor& rows, std::int64_t first);

}  // namespace lapidary::model
