// Gemma's RMSNorm as a layer: x · rsqrt(mean(x²) + eps) · (1 + w), float32 inside (specification 2.2).
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "core/engine/model/linear.h"

namespace lapidary::model {

class RmsNorm {
public:
    // `name` without ".weight"; the weight is [size].
    static Result<RmsNorm> load(const ParameterLoader& loader, const std::string& name, std::int64_t size, double eps);

    // x [..., size] → the same shape and type.
    [[nodiscard]] at::Tensor forward(const at::Tensor& x, const AdapterPass& pass = {}) const;

    void visitParameters(const std::string& name, const ParameterVisitor& visit) { visit(name + ".weight", m_weight); }

private:
    ops::Weight m_weight;
    double m_eps = 1e-6;
};

// norm(linear(x)): the end of both branches of a decoder layer.  Megatron-Bridge's adapters go round the norm here
// (specification megatron 5.3).
at::Tensor projectAndNorm(const Linear& linear, const RmsNorm& norm, const at::Tensor& x,
                          const distributed::ParallelContext& parallel, const AdapterPass& pass);

}  // namespace lapidary::model
