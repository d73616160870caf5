// The language model: scaled embedding, decoder layers, final norm, head (specification section 2), or one pipeline stage of it.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "core/engine/model/gemma3_decoder_layer.h"
#include "core/engine/model/layer_inputs.h"
#include "core/engine/model/model_part.h"
#include "core/shared/config/gemma3_config.h"

namespace lapidary::model {

class Gemma3TextModel {
public:
    static Result<std::unique_ptr<Gemma3TextModel>> load(const ParameterLoader& loader, const config::Gemma3Config& config);

    [[nodiscard]] const RotaryPair& rotary() const { return m_rotary; }
    [[nodiscard]] const ops::Weight& embedding() const { return m_embedding; }  // [vocab, hidden]; undefined on middle stages
    [[nodiscard]] bool hasOwnHead() const { return m_head.defined(); }
    [[nodiscard]] const ops::Weight& outputWeight() const { return hasOwnHead() ? m_head : m_embedding; }

    [[nodiscard]] std::optional<double> softcap() const { return m_softcap; }

    // ids [rows, tokens] int64 → [rows, tokens, hidden], scaled by the rounded square root of the width (specification 2.1).
    [[nodiscard]] at::Tensor embed(const at::Tensor& ids, const AdapterPass& pass = {}) const;

    // hidden [rows, tokens, hidden] → the same, after the final norm on the last stage.  `states`, if not null, receives what
    // enters each layer, and the result.  Errors: Cancelled (asked before each layer).
    [[nodiscard]] Result<at::Tensor> forward(at::Tensor hidden, const LayerInputs& inputs,
                                             const distributed::ParallelContext& parallel, std::vector<at::Tensor>* states,
                                             const std::stop_token& stop) const;
    // The same without a cache, each layer's activations computed again in the backward pass instead of kept.
    [[nodiscard]] Result<at::Tensor> forwardRecomputing(at::Tensor hidden, const LayerInputs& inputs,
                                                        const distributed::ParallelContext& parallel,
                                                        const std::stop_token& stop) const;

    // hidden [..., hidden] after the final norm → [..., vocab], soft-capped where the text-only class is (specification 2.7).
    [[nodiscard]] at::Tensor logits(const at::Tensor& hidden, const AdapterPass& pass = {}) const;
    // What `logits` multiplies with.
    [[nodiscard]] const ops::Weight& outputWeight(const AdapterPass& pass) const;

    void visitParameters(const std::string& prefix, const std::string& headName, const ParameterVisitor& visit);

private:
    Gemma3TextModel(const config::TextConfig& config, const LoadOptions& options);

    RotaryPair m_rotary;
    ops::Precision m_precision;
    std::int64_t m_layerBegin;
    double m_embeddingScale;
    std::optional<double> m_softcap;
    ops::Weight m_embedding;
    ops::Weight m_head;
    std::vector<Gemma3DecoderLayer> m_layers;
    std::optional<RmsNorm> m_norm;
};

}  // namespace lapidary::model
