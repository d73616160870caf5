// Rotary position embedding of one layer type (specification 2.5): base 1 000 000, with linear scaling where the configuration has
// it, in full layers; base 10 000, never scaled, in sliding ones.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/engine/ops/weight.h"
#include "core/shared/config/text_config.h"

namespace lapidary::model {

// cos and sin of each position's angles, [tokens, head_dim / 2]; computed in float32, then rounded to the precision.
struct RotaryTables {
    at::Tensor cos;
    at::Tensor sin;
};

class RotaryEmbedding {
public:
    RotaryEmbedding(const config::RopeParameters& rope, std::int64_t headDim, at::Device device);

    // inv_freq[j] = theta^(-2j / head_dim) / factor, float32 [head_dim / 2].
    [[nodiscard]] const at::Tensor& inverseFrequencies() const { return m_inverseFrequencies; }
    // positions [tokens] int64.
    [[nodiscard]] RotaryTables tables(const at::Tensor& positions, ops::Precision precision) const;

private:
    at::Tensor m_inverseFrequencies;
};

}  // namespace lapidary::model
