// GeGLU: down(gelu_tanh(gate(x)) · up(x)), no biases (specification 2.6).
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "core/engine/model/linear.h"
#include "core/engine/model/rms_norm.h"
#include "core/shared/config/text_config.h"

namespace lapidary::model {

class Gemma3Mlp {
public:
    // `name`: "….layers.7.mlp".
    static Result<Gemma3Mlp> load(const ParameterLoader& loader, const std::string& name, const config::TextConfig& config);

    // x [rows, tokens, hidden] → the same, after `norm`.
    [[nodiscard]] at::Tensor forward(const at::Tensor& x, const RmsNorm& norm, const distributed::ParallelContext& parallel,
                                     const AdapterPass& pass) const;

    void visitParameters(const std::string& name, const ParameterVisitor& visit);

private:
    Linear m_gate;
    Linear m_up;
    Linear m_down;
};

}  // namespace lapidary::model
