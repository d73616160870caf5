#include "core/engine/model/gemma3_text_model.h"

#include <ATen/TensorOperators.h>

#include <cmath>
#include <string>
#include <utility>

#include "core/engine/model/adapter.h"
#include "core/engine/ops/autograd.h"
#include "core/engine/ops/linear.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::model {
namespace {

std::vector<ops::Weight> parametersOf(const Gemma3DecoderLayer& layer) {
    std::vector<ops::Weight> parameters;
    // The visitor may write, this one does not.
    const_cast<Gemma3DecoderLayer&>(layer).visitParameters(
        "", [&](const std::string&, ops::Weight& weight) { parameters.push_back(weight); });
    return parameters;
}

}  // namespace

Gemma3TextModel::Gemma3TextModel(const config::TextConfig& config, const LoadOptions& options)
    : m_rotary{RotaryEmbedding(config.fullRope, config.headDim, options.device),
               RotaryEmbedding(config.slidingRope, config.headDim, options.device)},
      m_precision(options.precision),
      m_layerBegin(options.part.layerBegin),
      m_embeddingScale(std::sqrt(static_cast<double>(config.hiddenSize))) {}

Result<std::unique_ptr<Gemma3TextModel>> Gemma3TextModel::load(const ParameterLoader& loader,
                                                               const config::Gemma3Config& config) {
    const config::TextConfig& text = config.text;
    const ModelPart& part = loader.options().part;
    const std::string prefix = plan::textPrefix(config);
    std::unique_ptr<Gemma3TextModel> model(new Gemma3TextModel(text, loader.options()));
    // The vision-language class ignores the value since transformers 4.52.
    if (!config.isVisionLanguage()) model->m_softcap = text.finalLogitSoftcapping;
    const bool ownHead = loader.contains(plan::headName(config)) || !text.tieWordEmbeddings;
    if (part.preProcess || (part.postProcess && !ownHead)) {
        ASSIGN_OR_RETURN(model->m_embedding, loader.matrix(prefix + "embed_tokens.weight", {text.vocabSize, text.hiddenSize}));
    }
    const std::int64_t end = part.layerEnd < 0 ? text.numHiddenLayers : part.layerEnd;
    for (std::int64_t i = part.layerBegin; i < end; ++i) {
        ASSIGN_OR_RETURN(Gemma3DecoderLayer layer,
                         Gemma3DecoderLayer::load(loader, prefix + "layers." + std::to_string(i), text, i));
        model->m_layers.push_back(std::move(layer));
    }
    if (part.postProcess) {
        ASSIGN_OR_RETURN(model->m_norm, RmsNorm::load(loader, prefix + "norm", text.hiddenSize, text.rmsNormEps));
        if (ownHead) {
            ASSIGN_OR_RETURN(model->m_head, loader.matrix(plan::headName(config), {text.vocabSize, text.hiddenSize}));
        }
    }
    return model;
}

at::Tensor Gemma3TextModel::embed(const at::Tensor& ids, const AdapterPass& pass) const {
    const at::Tensor rows = ops::embeddingRows(ids.reshape({-1}), pass.of(m_embedding), m_embeddingScale, m_precision);
    return rows.view({ids.size(0), ids.size(1), rows.size(-1)});
}

Result<at::Tensor> Gemma3TextModel::forward(at::Tensor hidden, const LayerInputs& inputs,
                                            const distributed::ParallelContext& parallel, std::vector<at::Tensor>* states,
                                            const std::stop_token& stop) const {
    for (const Gemma3DecoderLayer& layer : m_layers) {
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "the computation was stopped", ""};
        if (states != nullptr) states->push_back(hidden);
        hidden = layer.forward(hidden, inputs, parallel);
    }
    if (m_norm) hidden = m_norm->forward(hidden, inputs.pass);
    if (states != nullptr) states->push_back(hidden);
    return hidden;
}

Result<at::Tensor> Gemma3TextModel::forwardRecomputing(at::Tensor hidden, const LayerInputs& inputs,
                                                       const distributed::ParallelContext& parallel,
                                                       const std::stop_token& stop) const {
    const auto shared = std::make_shared<const LayerInputs>(inputs);  // lives until the backward pass
    for (const Gemma3DecoderLayer& layer : m_layers) {
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "the computation was stopped", ""};
        hidden =
            ops::recomputed([&layer, shared, parallel](const at::Tensor& x) { return layer.forward(x, *shared, parallel); },
                            hidden, inputs.pass.learning(parametersOf(layer)));
    }
    return m_norm ? m_norm->forward(hidden, inputs.pass) : hidden;
}

const ops::Weight& Gemma3TextModel::outputWeight(const AdapterPass& pass) const {
    const ops::Weight* const saved = pass.adapter != nullptr ? pass.adapter->savedHead() : nullptr;
    return saved != nullptr ? *saved : outputWeight();
}

at::Tensor Gemma3TextModel::logits(const at::Tensor& hidden, const AdapterPass& pass) const {
    at::Tensor scores = ops::linear(hidden, outputWeight(pass));
    if (m_softcap) scores = (scores / *m_softcap).tanh() * *m_softcap;
    return scores;
}

void Gemma3TextModel::visitParameters(const std::string& prefix, const std::string& headName, const ParameterVisitor& visit) {
    if (m_embedding.defined()) visit(prefix + "embed_tokens.weight", m_embedding);
    for (std::size_t i = 0; i < m_layers.size(); ++i) {
        m_layers[i].visitParameters(prefix + "layers." + std::to_string(m_layerBegin + static_cast<std::int64_t>(i)), visit);
    }
    if (m_norm) m_norm->visitParameters(prefix + "norm", visit);
    if (m_head.defined()) visit(headName, m_head);
}

}  // namespace lapidary::model
