#include "core/shared/plan/shadow_model.h"

#include <algorithm>
#include <utility>

#include "core/shared/plan/parameter_table.h"

namespace lapidary::plan::shadow {
namespace {

const std::string kTower = "vision_tower.vision_model.";
const std::string kProjector = "multi_modal_projector.";
// core/engine/model/gemma3_vl_model.cpp, on a CPU.
constexpr std::int64_t kPatchesAtOnce = 4096;

}  // namespace

Model::Model(Tape& tape, const config::Gemma3Config& config, const Parameters& parameters)
    : m_tape(tape), m_config(config), m_parameters(parameters), m_ops(tape), m_prefix(textPrefix(config)) {}

Weight Model::weight(const std::string& name) const {
    const auto found = m_parameters.weights.find(name);
    return found == m_parameters.weights.end() ? Weight() : found->second;
}

Tensor Model::vector(const std::string& name) const { return weight(name).tensor; }

Linear Model::module(const std::string& name) const {
    const auto delta = m_parameters.deltas.find(name);
    return {weight(name + ".weight"), vector(name + ".bias"), delta == m_parameters.deltas.end() ? Delta() : delta->second};
}

// All that asks for a gradient in the modules whose names begin so.
Tensors Model::learning(const std::string& prefix) const {
    Tensors found;
    const auto add = [&](const Tensor& tensor) {
        if (tensor.learns()) found.push_back(tensor);
    };
    for (const auto& [name, weight] : m_parameters.weights) {
        if (name.starts_with(prefix)) add(weight.tensor);
    }
    for (const auto& [name, delta] : m_parameters.deltas) {
        if (!name.starts_with(prefix)) continue;
        add(delta.a.tensor);
        add(delta.b.tensor);
        add(delta.magnitude);
    }
    return found;
}

Tensor Model::forward(const Batch& batch) {
    const std::int64_t hidden = m_config.text.hiddenSize;
    Tensor entering;
    {
        const Tensor pictures = features(batch);
        const Tensor embedded =
            m_ops.embedding(batch.rows * batch.tokens, weight(m_prefix + "embed_tokens.weight"), batch.width);
        entering = pictures.defined() ? m_ops.spliced(embedded, pictures) : embedded;
    }
    const Tensor states = text(entering, batch);
    return m_ops.rowsAt(states, batch.answers * hidden);
}

Tensor Model::text(const Tensor& embedded, const Batch& batch) {
    Tensor hidden = embedded;
    for (std::int64_t i = 0; i < m_config.text.numHiddenLayers; ++i) {
        const auto layer = [this, i, batch](const Tensor& x) {
            const Tape::Scope scope(m_tape, Item::Activations);  // made again in the backward pass, too
            return decoderLayer(x, i, batch);
        };
        if (batch.recomputes) {
            hidden = m_tape.recomputed(layer, hidden, learning(m_prefix + "layers." + std::to_string(i) + "."));
        } else {
            hidden = layer(hidden);
        }
    }
    return m_ops.rmsNorm(hidden, vector(m_prefix + "norm.weight"));
}

Tensor Model::decoderLayer(const Tensor& x, std::int64_t layer, const Batch& batch) {
    const std::string name = m_prefix + "layers." + std::to_string(layer);
    const Tensor attention = attended(m_ops.rmsNorm(x, vector(name + ".input_layernorm.weight")), name, layer, batch);
    const Tensor middle = m_ops.residual(x, attention);
    const Tensor inner = m_ops.rmsNorm(middle, vector(name + ".pre_feedforward_layernorm.weight"));
    return m_ops.residual(middle, feedForward(inner, name));
}

Tensor Model::attended(const Tensor& x, const std::string& name, std::int64_t layer, const Batch& batch) {
    const config::TextConfig& text = m_config.text;
    const bool full = text.layerTypes[static_cast<std::size_t>(layer)] == config::LayerType::FullAttention;
    const AttentionShape shape{.rows = batch.rows,
                               .tokens = batch.tokens,
                               .heads = text.numAttentionHeads,
                               .kvHeads = text.numKeyValueHeads,
                               .headDim = text.headDim,
                               .window = full ? 0 : text.effectiveWindow(),
                               .packed = batch.packed,
                               .threads = batch.threads};
    const std::string attention = name + ".self_attn.";
    const Tensor queries = m_ops.linear(x, module(attention + "q_proj"));
    const Tensor keys = m_ops.linear(x, module(attention + "k_proj"));
    const Tensor values = m_ops.linear(x, module(attention + "v_proj"));
    const Tensor q = m_ops.rotated(m_ops.rmsNorm(queries, vector(attention + "q_norm.weight")));
    const Tensor k = m_ops.rotated(m_ops.rmsNorm(keys, vector(attention + "k_norm.weight")));
    const Tensor mixed = m_ops.attention(q, k, values, shape);
    return m_ops.rmsNorm(m_ops.linear(mixed, module(attention + "o_proj")), vector(name + ".post_attention_layernorm.weight"));
}

Tensor Model::feedForward(const Tensor& x, const std::string& name) {
    const Tensor gated =
        m_ops.gated(m_ops.linear(x, module(name + ".mlp.gate_proj")), m_ops.linear(x, module(name + ".mlp.up_proj")));
    return m_ops.rmsNorm(m_ops.linear(gated, module(name + ".mlp.down_proj")),
                         vector(name + ".post_feedforward_layernorm.weight"));
}

Tensor Model::features(const Batch& batch) {
    if (!m_config.isVisionLanguage() || batch.views == 0) return {};
    const Tape::Scope scope(m_tape, Item::VisionActivations);
    const std::int64_t states = m_config.mmTokensPerImage * m_config.vision->hiddenSize;
    if (batch.statesKept) {
        pool(tower(batch, 1));  // of a view that is new
        return project(m_tape.make(batch.views * states, batch.width));
    }
    std::vector<Tensor> parts = lookAt(batch);
    for (Tensor& few : parts) few = project(pool(few));
    return together(parts);
}

Tensor Model::visionStates(const Batch& batch) {
    const Tape::Scope scope(m_tape, Item::VisionActivations);
    std::vector<Tensor> states = lookAt(batch);
    for (Tensor& few : states) few = pool(few);
    return together(states);
}

Tensor Model::together(const std::vector<Tensor>& parts) {
    std::int64_t elements = 0;
    for (const Tensor& part : parts) elements += part.elements;
    return m_tape.record(parts, m_tape.make(elements, parts.front().width), [](const Tensor& gradient, const Wanted& wanted) {
        return Tensors(wanted.size(), gradient);  // parts of it
    });
}

// A few views at a time (NOTE [Views at once] in core/engine/model/gemma3_vl_model.cpp); the last hidden states of all of them.
std::vector<Tensor> Model::lookAt(const Batch& batch) {
    std::vector<Tensor> states;
    states.reserve(static_cast<std::size_t>(batch.views));
    const std::int64_t atOnce = std::max<std::int64_t>(1, kPatchesAtOnce / m_config.vision->numPatches());
    for (std::int64_t first = 0; first < batch.views; first += atOnce)
        states.push_back(tower(batch, std::min(atOnce, batch.views - first)));
    return states;
}

Tensor Model::tower(const Batch& batch, std::int64_t views) {
    const config::VisionConfig& vision = *m_config.vision;
    const std::int64_t pixels = views * vision.numPatches() * vision.numChannels * vision.patchSize * vision.patchSize;
    const Tensor narrow = batch.width == kFloat ? Tensor() : m_tape.make(pixels, batch.width);
    const Tensor patches = m_tape.make(pixels, batch.width);
    const Linear embed = {
        weight(kTower + "embeddings.patch_embedding.weight"), vector(kTower + "embeddings.patch_embedding.bias"), {}};
    Tensor x = m_ops.sum(m_ops.linear(patches, embed), vector(kTower + "embeddings.position_embedding.weight"));
    for (std::int64_t i = 0; i < vision.numHiddenLayers; ++i) {
        const std::string name = kTower + "encoder.layers." + std::to_string(i);
        const auto layer = [this, name, views](const Tensor& entering) {
            const Tape::Scope scope(m_tape, Item::VisionActivations);
            return towerLayer(entering, name, views);
        };
        x = batch.recomputes ? m_tape.recomputed(layer, x, learning(name + ".")) : layer(x);
    }
    return m_ops.layerNorm(x, vector(kTower + "post_layernorm.weight"), vector(kTower + "post_layernorm.bias"));
}

Tensor Model::towerLayer(const Tensor& x, const std::string& name, std::int64_t views) {
    const config::VisionConfig& vision = *m_config.vision;
    const auto norm = [&](const Tensor& y, const std::string& which) {
        return m_ops.layerNorm(y, vector(name + which + ".weight"), vector(name + which + ".bias"));
    };
    const auto attend = [&](const Tensor& normed) {
        const Tensor q = m_ops.linear(normed, module(name + ".self_attn.q_proj")),
                     k = m_ops.linear(normed, module(name + ".self_attn.k_proj")),
                     v = m_ops.linear(normed, module(name + ".self_attn.v_proj"));
        const Tensor mixed = m_ops.pictureAttention(q, k, v, vision.numAttentionHeads, views * vision.numPatches());
        return m_ops.linear(mixed, module(name + ".self_attn.out_proj"));
    };
    const Tensor middle = m_ops.sum(x, attend(norm(x, ".layer_norm1")));
    const Tensor inner = m_ops.gelu(m_ops.linear(norm(middle, ".layer_norm2"), module(name + ".mlp.fc1")));
    return m_ops.sum(middle, m_ops.linear(inner, module(name + ".mlp.fc2")));
}

Tensor Model::pool(const Tensor& states) {
    const Tensor grid = m_ops.copied(states);
    return m_ops.copied(m_ops.pooled(grid, states.elements / m_config.vision->numPatches() * m_config.mmTokensPerImage));
}

Tensor Model::project(const Tensor& pooled) {
    return m_ops.productTransposed(m_ops.rmsNorm(pooled, vector(kProjector + "mm_soft_emb_norm.weight")),
                                   weight(kProjector + "mm_input_projection_weight"));
}

}  // namespace lapidary::plan::shadow
