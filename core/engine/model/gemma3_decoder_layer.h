// One decoder layer: attention and MLP, each between a norm before and a norm after, inside a residual (specification 2.3).
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "core/engine/model/gemma3_attention.h"
#include "core/engine/model/gemma3_mlp.h"

namespace lapidary::model {

class Gemma3DecoderLayer {
public:
    // `name`: "….layers.7".
    static Result<Gemma3DecoderLayer> load(const ParameterLoader& loader, const std::string& name,
                                           const config::TextConfig& config, std::int64_t layer);

    // x [rows, tokens, hidden] → the same.
    [[nodiscard]] at::Tensor forward(const at::Tensor& x, const LayerInputs& inputs,
                                     const distributed::ParallelContext& parallel) const;

    void visitParameters(const std::string& name, const ParameterVisitor& visit);

private:
    Gemma3Attention m_attention;
    Gemma3Mlp m_mlp;
    RmsNorm m_inputNorm;
    RmsNorm m_postAttentionNorm;
    RmsNorm m_preFeedforwardNorm;
    RmsNorm m_postFeedforwardNorm;
};

}  // namespace lapidary::model
