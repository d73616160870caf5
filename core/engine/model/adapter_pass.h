// What stands beside the model's parameters during one forward: nothing, or an adapter.  Small, passed by value.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/engine/ops/weight.h"

namespace lapidary::model {

class Adapter;

// A delta is added to its linear layer's result, or behind the norm that follows (Megatron-Bridge's o_proj and down_proj).
enum class DeltaPlace : std::uint8_t { Inside, BehindNorm };

struct AdapterPass {
    const Adapter* adapter = nullptr;
    std::uint64_t use = 0;  // which of several runs of one layer in a forward (views of pictures): each drops other inputs

    // The parameter to compute with: the saved module's where the adapter has one.
    [[nodiscard]] const ops::Weight& of(const ops::Weight& own) const;
    // y with the deltas of `weight` for this place.  x [..., in], y [..., out]; `bias` as it is in y, or undefined.
    [[nodiscard]] at::Tensor withDeltas(const at::Tensor& x, const at::Tensor& y, const ops::Weight& weight,
                                        const at::Tensor& bias, DeltaPlace place) const;
    // What can ask a gradient when these parameters are used: themselves or what replaces them, and their deltas.
    [[nodiscard]] std::vector<at::Tensor> learning(const std::vector<ops::Weight>& parameters) const;
};

}  // namespace lapidary::model
