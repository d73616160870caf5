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
    [[nodiscard]] at::Tensor forward(const at::Tensor& x) const;

    void visitParameters(const std::string& name, const ParameterVisitor& visit) { visit(name + ".weight", m_weight); }

private:
    ops::Weight m_weight;
    double m_eps = 1e-6;
};

}  // namespace lapidary::model
