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
    const at::Tensor attended = m_attention.forward(m_inputNorm.forward(x), inputs, parallel);
    const at::Tensor middle = ops::addResidual(x, m_postAttentionNorm.forward(attended));
    const at::Tensor transformed = m_mlp.forward(m_preFeedforwardNorm.forward(middle), parallel);
    return ops::addResidual(middle, m_postFeedforwardNorm.forward(transformed));
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
