#include "core/engine/model/gemma3_decoder_layer.h"

#include "core/engine/ops/norm.h"

namespace lapidary::model {

Result<Gemma3DecoderLayer> Gemma3DecoderLayer::load(const ParameterLoader& loader, const std::string& name,
                                                    const config::TextConfig& config, std::int64_t layer) {
    Gemma3DecoderLayer made;
    const auto norm = [&](const char* which) {
        return RmsNorm::load(loader, name + "." + which, config.hiddenSize, config.rmsNormEps);
    };
    ASSIGN_OR_RETURN(made.m_inputNorm, norm("input_layernorm"));
    ASSIGN_OR_RETURN(made.m_attention, Gemma3Attention::load(loader, name + ".self_attn", config, layer));
    ASSIGN_OR_RETURN(made.m_postAttentionNorm, norm("post_attention_layernorm"));
    ASSIGN_OR_RETURN(made.m_preFeedforwardNorm, norm("pre_feedforward_layernorm"));
    ASSIGN_OR_RETURN(made.m_mlp, Gemma3Mlp::load(loader, name + ".mlp", config));
    ASSIGN_OR_RETURN(made.m_postFeedforwardNorm, norm("post_feedforward_layernorm"));
    return made;
}

at::Tensor Gemma3DecoderLayer::forward(const at::Tensor& x, const LayerInputs& inputs,
                                       const distributed::ParallelContext& parallel) const {
    const AdapterPass& pass = inputs.pass;
    const at::Tensor attended = m_attention.forward(m_inputNorm.forward(x, pass), m_postAttentionNorm, inputs, parallel);
    const at::Tensor middle = ops::addResidual(x, attended);
    const at::Tensor inner = m_preFeedforwardNorm.forward(middle, pass);
    return ops::addResidual(middle, m_mlp.forward(inner, m_postFeedforwardNorm, parallel, pass));
}

void Gemma3DecoderLayer::visitParameters(const std::string& name, const ParameterVisitor& visit) {
    m_inputNorm.visitParameters(name + ".input_layernorm", visit);
    m_attention.visitParameters(name + ".self_attn", visit);
    m_postAttentionNorm.visitParameters(name + ".post_attention_layernorm", visit);
    m_preFeedforwardNorm.visitParameters(name + ".pre_feedforward_layernorm", visit);
    m_mlp.visitParameters(name + ".mlp", visit);
    m_postFeedforwardNorm.visitParameters(name + ".post_feedforward_layernorm", visit);
}

}  // namespace lapidary::model
