#include "core/engine/model/gemma3_attention.h"

#include <ATen/ops/constant_pad_nd.h>

#include "core/engine/ops/autograd.h"
#include "core/engine/ops/linear.h"
#include "core/engine/ops/norm.h"

namespace lapidary::model {
namespace {

bool mayUseKernel(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const LayerInputs& inputs) {
    const bool learns = ops::recordsGradient({&q, &k, &v});
    return q.is_cpu() && q.scalar_type() == at::kFloat && !learns && inputs.attentions == nullptr;
}

}  // namespace

Result<Gemma3Attention> Gemma3Attention::load(const ParameterLoader& loader, const std::string& name,
                                              const config::TextConfig& config, std::int64_t layer) {
    Gemma3Attention attention;
    attention.m_layer = layer;
    attention.m_type = config.layerTypes[static_cast<std::size_t>(layer)];
    attention.m_headDim = config.headDim;
    attention.m_scale = config.attentionScale();
    const Bias bias = config.attentionBias ? Bias::With : Bias::Without;
    const std::int64_t queries = config.numAttentionHeads * config.headDim;
    const std::int64_t keys = config.numKeyValueHeads * config.headDim;
    ASSIGN_OR_RETURN(attention.m_q, Linear::load(loader, name + ".q_proj", queries, config.hiddenSize, bias));
    ASSIGN_OR_RETURN(attention.m_k, Linear::load(loader, name + ".k_proj", keys, config.hiddenSize, bias));
    ASSIGN_OR_RETURN(attention.m_v, Linear::load(loader, name + ".v_proj", keys, config.hiddenSize, bias));
    ASSIGN_OR_RETURN(attention.m_o, Linear::load(loader, name + ".o_proj", config.hiddenSize, queries, bias));
    ASSIGN_OR_RETURN(attention.m_qNorm, RmsNorm::load(loader, name + ".q_norm", config.headDim, config.rmsNormEps));
    ASSIGN_OR_RETURN(attention.m_kNorm, RmsNorm::load(loader, name + ".k_norm", config.headDim, config.rmsNormEps));
    return attention;
}

std::array<at::Tensor, 3> Gemma3Attention::project(const at::Tensor& x, const AdapterPass& pass) const {
    std::array<at::Tensor, 3> qkv = m_q.hasBias() || pass.adapter != nullptr
                                        ? std::array{m_q.forward(x, pass), m_k.forward(x, pass), m_v.forward(x, pass)}
                                        : ops::linear3(x, m_q.weight(), m_k.weight(), m_v.weight());
    for (at::Tensor& part : qkv) part = part.view({x.size(0), x.size(1), part.size(-1) / m_headDim, m_headDim});
    return qkv;
}

at::Tensor Gemma3Attention::forward(const at::Tensor& x, const RmsNorm& norm, const LayerInputs& inputs,
                                    const distributed::ParallelContext& parallel) const {
    const RotaryTables& rotary = inputs.of(m_type).rotary;
    const std::array<at::Tensor, 3> qkv = project(x, inputs.pass);
    const auto rotate = [&](const at::Tensor& heads) {  // the rotation wants [tokens, heads, head_dim]
        return ops::rotateHalves(heads.flatten(0, 1), rotary.cos, rotary.sin).view(heads.sizes());
    };
    const at::Tensor q = rotate(m_qNorm.forward(qkv[0], inputs.pass));
    const at::Tensor k = rotate(m_kNorm.forward(qkv[1], inputs.pass));
    return projectAndNorm(m_o, norm, attend(q, k, qkv[2], inputs).flatten(2, 3), parallel, inputs.pass);
}

at::Tensor Gemma3Attention::attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                   const LayerInputs& inputs) const {
    const LayerTypeInputs& mine = inputs.of(m_type);
    if (inputs.cache != nullptr) inputs.cache->write(m_layer, k, v);
    if (mayUseKernel(q, k, v, inputs)) {
        if (inputs.cache != nullptr) {
            const KvCache::Layer& layer = inputs.cache->layer(m_layer);
            return ops::ringAttention(q, layer.k, layer.v, mine.intervals, m_scale);
        }
        return ops::ringAttention(q, k.transpose(1, 2).contiguous(), v.transpose(1, 2).contiguous(), mine.intervals, m_scale);
    }
    if (inputs.cache == nullptr && inputs.attentions == nullptr && ops::recordsGradient({&q, &k, &v}))
        return ops::learningAttention(q, k.transpose(1, 2), v.transpose(1, 2), mine.intervals, m_scale);
    const std::int64_t first = mine.firstSeen;
    const std::int64_t count = inputs.totalKeys - first;
    const at::Tensor keys = inputs.cache != nullptr ? inputs.cache->keys(m_layer, first, inputs.totalKeys)
                                                    : k.transpose(1, 2).narrow(2, first, count);
    const at::Tensor values = inputs.cache != nullptr ? inputs.cache->values(m_layer, first, inputs.totalKeys)
                                                      : v.transpose(1, 2).narrow(2, first, count);
    at::Tensor weights;
    at::Tensor out = ops::maskedAttention(q, keys, values, first, mine.intervals, m_scale,
                                          inputs.attentions != nullptr ? &weights : nullptr);
    // Columns of the keys that no query of this layer sees.
    if (inputs.attentions != nullptr) inputs.attentions->push_back(at::constant_pad_nd(weights, {first, 0}));
    return out;
}

void Gemma3Attention::visitParameters(const std::string& name, const ParameterVisitor& visit) {
    m_q.visitParameters(name + ".q_proj", visit);
    m_k.visitParameters(name + ".k_proj", visit);
    m_v.visitParameters(name + ".v_proj", visit);
    m_o.visitParameters(name + ".o_proj", visit);
    m_qNorm.visitParameters(name + ".q_norm", visit);
    m_kNorm.visitParameters(name + ".k_norm", visit);
}

}  // namespace lapidary::model
