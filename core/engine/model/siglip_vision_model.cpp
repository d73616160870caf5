#include "core/engine/model/siglip_vision_model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <cmath>

#include "core/engine/ops/autograd.h"
#include "core/engine/ops/linear.h"
#include "core/engine/ops/norm.h"

namespace lapidary::model {
namespace {

constexpr const char* kPrefix = "vision_tower.vision_model.";

Error stopped() { return {ErrorCode::Cancelled, "reading the picture was stopped", ""}; }

}  // namespace

Result<LayerNorm> LayerNorm::load(const ParameterLoader& loader, const std::string& name, std::int64_t size) {
    LayerNorm norm;
    ASSIGN_OR_RETURN(norm.weight, loader.vector(name + ".weight", {size}));
    ASSIGN_OR_RETURN(norm.bias, loader.vector(name + ".bias", {size}));
    return norm;
}

at::Tensor LayerNorm::forward(const at::Tensor& x, double eps, const AdapterPass& pass) const {
    return ops::layerNorm(x, pass.of(weight), pass.of(bias), eps);
}

void LayerNorm::visitParameters(const std::string& name, const ParameterVisitor& visit) {
    visit(name + ".weight", weight);
    visit(name + ".bias", bias);
}

Result<SiglipVisionModel::Layer> SiglipVisionModel::loadLayer(const ParameterLoader& loader, const std::string& name) const {
    Layer layer;
    const std::int64_t hidden = m_config.hiddenSize;
    const std::int64_t width = m_config.intermediateSize;
    const auto linear = [&](const std::string& which, std::int64_t out, std::int64_t in) {
        return Linear::load(loader, name + which, out, in, Bias::With);
    };
    ASSIGN_OR_RETURN(layer.norm1, LayerNorm::load(loader, name + ".layer_norm1", hidden));
    ASSIGN_OR_RETURN(layer.q, linear(".self_attn.q_proj", hidden, hidden));
    ASSIGN_OR_RETURN(layer.k, linear(".self_attn.k_proj", hidden, hidden));
    ASSIGN_OR_RETURN(layer.v, linear(".self_attn.v_proj", hidden, hidden));
    ASSIGN_OR_RETURN(layer.out, linear(".self_attn.out_proj", hidden, hidden));
    ASSIGN_OR_RETURN(layer.norm2, LayerNorm::load(loader, name + ".layer_norm2", hidden));
    ASSIGN_OR_RETURN(layer.fc1, linear(".mlp.fc1", width, hidden));
    ASSIGN_OR_RETURN(layer.fc2, linear(".mlp.fc2", hidden, width));
    return layer;
}

Result<std::unique_ptr<SiglipVisionModel>> SiglipVisionModel::load(const ParameterLoader& loader,
                                                                   const config::VisionConfig& config) {
    std::unique_ptr<SiglipVisionModel> model(new SiglipVisionModel(config));
    const std::string prefix = kPrefix;
    const std::int64_t hidden = config.hiddenSize;
    const std::int64_t patch = config.patchSize;
    ASSIGN_OR_RETURN(model->m_patchWeight,
                     loader.matrix(prefix + "embeddings.patch_embedding.weight", {hidden, config.numChannels, patch, patch}));
    ASSIGN_OR_RETURN(model->m_patchBias, loader.vector(prefix + "embeddings.patch_embedding.bias", {hidden}));
    ASSIGN_OR_RETURN(model->m_positions,
                     loader.vector(prefix + "embeddings.position_embedding.weight", {config.numPatches(), hidden}));
    for (std::int64_t i = 0; i < config.numHiddenLayers; ++i) {
        ASSIGN_OR_RETURN(Layer layer, model->loadLayer(loader, prefix + "encoder.layers." + std::to_string(i)));
        model->m_layers.push_back(std::move(layer));
    }
    ASSIGN_OR_RETURN(model->m_postNorm, LayerNorm::load(loader, prefix + "post_layernorm", hidden));
    return model;
}

// A convolution whose stride is its kernel is a product with each patch laid out as [channel, y, x].
at::Tensor SiglipVisionModel::embedPatches(const at::Tensor& pixels, const AdapterPass& pass) const {
    const std::int64_t views = pixels.size(0), channels = m_config.numChannels, side = m_config.patchesPerSide();
    const std::int64_t patch = m_config.patchSize;
    // Pixels beyond the last whole patch play no part, as in a convolution without padding.
    const at::Tensor whole = pixels.narrow(2, 0, side * patch).narrow(3, 0, side * patch);
    const at::Tensor patches = whole.reshape({views, channels, side, patch, side, patch})
                                   .permute({0, 2, 4, 1, 3, 5})
                                   .reshape({views, side * side, channels * patch * patch});
    return ops::linear(patches, pass.of(m_patchWeight).asMatrix(), pass.of(m_patchBias).tensor()) +
           pass.of(m_positions).tensor();
}

at::Tensor SiglipVisionModel::attend(const Layer& layer, const at::Tensor& x, std::vector<at::Tensor>* attentions,
                                     const AdapterPass& pass) const {
    const double scale = 1.0 / std::sqrt(static_cast<double>(m_config.headDim()));
    const auto heads = [&](const at::Tensor& y) {
        return y.view({x.size(0), x.size(1), m_config.numAttentionHeads, m_config.headDim()}).transpose(1, 2);
    };
    const at::Tensor q = heads(layer.q.forward(x, pass)), k = heads(layer.k.forward(x, pass)),
                     v = heads(layer.v.forward(x, pass));
    at::Tensor mixed;
    if (attentions == nullptr) {
        mixed = at::scaled_dot_product_attention(q, k, v, {}, 0.0, false, scale);
    } else {
        const at::Tensor weights = (q.matmul(k.transpose(-2, -1)) * scale).softmax(-1, at::kFloat);
        attentions->push_back(weights);
        mixed = weights.to(v.scalar_type()).matmul(v);
    }
    return layer.out.forward(mixed.transpose(1, 2).reshape(x.sizes()), pass);
}

at::Tensor SiglipVisionModel::layerForward(const Layer& layer, const at::Tensor& x, std::vector<at::Tensor>* attentions,
                                           const AdapterPass& pass) const {
    const double eps = m_config.layerNormEps;
    const at::Tensor middle = x + attend(layer, layer.norm1.forward(x, eps, pass), attentions, pass);
    const at::Tensor inner = at::gelu(layer.fc1.forward(layer.norm2.forward(middle, eps, pass), pass), "tanh");
    return middle + layer.fc2.forward(inner, pass);
}

Result<at::Tensor> SiglipVisionModel::forward(const at::Tensor& pixels, std::vector<at::Tensor>* attentions,
                                              const AdapterPass& pass, const std::stop_token& stop) const {
    at::Tensor x = embedPatches(pixels, pass);
    for (const Layer& layer : m_layers) {
        if (stop.stop_requested()) return stopped();
        x = layerForward(layer, x, attentions, pass);
    }
    return m_postNorm.forward(x, m_config.layerNormEps, pass);
}

Result<at::Tensor> SiglipVisionModel::forwardRecomputing(const at::Tensor& pixels, const AdapterPass& pass,
                                                         const std::stop_token& stop) const {
    at::Tensor x = embedPatches(pixels, pass);
    for (const Layer& layer : m_layers) {
        if (stop.stop_requested()) return stopped();
        std::vector<ops::Weight> parameters;
        // The visitor may write, this one does not.
        const_cast<Layer&>(layer).visitParameters(
            "", [&](const std::string&, ops::Weight& weight) { parameters.push_back(weight); });
        x = ops::recomputed(
            [this, &layer, pass](const at::Tensor& entering) { return layerForward(layer, entering, nullptr, pass); }, x,
            pass.learning(parameters));
    }
    return m_postNorm.forward(x, m_config.layerNormEps, pass);
}

void SiglipVisionModel::Layer::visitParameters(const std::string& name, const ParameterVisitor& visit) {
    norm1.visitParameters(name + ".layer_norm1", visit);
    q.visitParameters(name + ".self_attn.q_proj", visit);
    k.visitParameters(name + ".self_attn.k_proj", visit);
    v.visitParameters(name + ".self_attn.v_proj", visit);
    out.visitParameters(name + ".self_attn.out_proj", visit);
    norm2.visitParameters(name + ".layer_norm2", visit);
    fc1.visitParameters(name + ".mlp.fc1", visit);
    fc2.visitParameters(name + ".mlp.fc2", visit);
}

void SiglipVisionModel::visitParameters(const ParameterVisitor& visit) {
    const std::string prefix = kPrefix;
    visit(prefix + "embeddings.patch_embedding.weight", m_patchWeight);
    visit(prefix + "embeddings.patch_embedding.bias", m_patchBias);
    visit(prefix + "embeddings.position_embedding.weight", m_positions);
    for (std::size_t i = 0; i < m_layers.size(); ++i) {
        m_layers[i].visitParameters(prefix + "encoder.layers." + std::to_string(i), visit);
    }
    m_postNorm.visitParameters(prefix + "post_layernorm", visit);
}

}  // namespace lapidary::model
