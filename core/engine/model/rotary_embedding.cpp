#include "core/engine/model/rotary_embedding.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/pow.h>

namespace lapidary::model {

RotaryEmbedding::RotaryEmbedding(const config::RopeParameters& rope, std::int64_t headDim, at::Device device) {
    // As the reference: exponents in float32, pow(scalar, tensor), reciprocal, then the scaling.
    const at::Tensor exponents = at::arange(0, headDim, 2, at::TensorOptions(at::kFloat)) / static_cast<double>(headDim);
    at::Tensor frequencies = at::pow(rope.theta, exponents).reciprocal();
    if (rope.factor != 1.0) frequencies = frequencies / rope.factor;
    m_inverseFrequencies = frequencies.to(device);
}

RotaryTables RotaryEmbedding::tables(const at::Tensor& positions, ops::Precision precision) const {
    const at::Tensor angles = positions.to(m_inverseFrequencies.device(), at::kFloat).unsqueeze(1) * m_inverseFrequencies;
    const at::ScalarType type = ops::scalarType(precision);
    return {angles.cos().to(type), angles.sin().to(type)};
}

}  // namespace lapidary::model
