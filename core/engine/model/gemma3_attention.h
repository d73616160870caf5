// Self-attention of one decoder layer (specification 2.4): grouped heads, QK-norm before the rotation, one interval of keys a query.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "core/engine/model/layer_inputs.h"
#include "core/engine/model/linear.h"
#include "core/engine/model/rms_norm.h"
#include "core/shared/config/text_config.h"

namespace lapidary::model {

class Gemma3Attention {
public:
    // `name`: "….layers.7.self_attn"; `layer` counts in the whole model.
    static Result<Gemma3Attention> load(const ParameterLoader& loader, const std::string& name,
                                        const config::TextConfig& config, std::int64_t layer);

    // x [rows, tokens, hidden] → the same, after `norm`.  With a cache, keys and values of these tokens are written to it first.
    [[nodiscard]] at::Tensor forward(const at::Tensor& x, const RmsNorm& norm, const LayerInputs& inputs,
                                     const distributed::ParallelContext& parallel) const;

    void visitParameters(const std::string& name, const ParameterVisitor& visit);

private:
    // Queries, keys and values of x, each [rows, tokens, its heads, head_dim].
    [[nodiscard]] std::array<at::Tensor, 3> project(const at::Tensor& x, const AdapterPass& pass) const;
    // q, k, v as above, normed and rotated → [rows, tokens, heads, head_dim].
    [[nodiscard]] at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                    const LayerInputs& inputs) const;

    std::int64_t m_layer = 0;
    config::LayerType m_type = config::LayerType::FullAttention;
    std::int64_t m_headDim = 0;
    double m_scale = 1.0;
    Linear m_q;
    Linear m_k;
    Linear m_v;
    Linear m_o;
    RmsNorm m_qNorm;
    RmsNorm m_kNorm;
};

}  // namespace lapidary::model
