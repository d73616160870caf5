#include "core/shared/plan/parameter_table.h"

namespace lapidary::plan {
namespace {

using Shape = std::vector<std::int64_t>;

// Appends rows under one prefix and part, so that the tables below read like the specification's.
class TableWriter {
public:
    TableWriter(std::vector<Parameter>& rows, Part part) : m_rows(rows), m_part(part) {}

    void add(const std::string& name, Shape shape, Kind kind) { m_rows.push_back({name, std::move(shape), m_part, kind}); }

    // A linear layer [out, in], with a bias [out] where the architecture has one.
    void linear(const std::string& name, std::int64_t out, std::int64_t in, bool bias) {
        add(name + ".weight", {out, in}, Kind::Matrix);
        if (bias) add(name + ".bias", {out}, Kind::Bias);
    }
    void layerNorm(const std::string& name, std::int64_t size) {
        add(name + ".weight", {size}, Kind::Norm);
        add(name + ".bias", {size}, Kind::Bias);
    }

private:
    std::vector<Parameter>& m_rows;
    Part m_part;
};

// Specification 7.1, text tensors: 13 a layer (17 with attention biases).
void addText(std::vector<Parameter>& rows, const config::Gemma3Config& config, bool untiedHead) {
    const config::TextConfig& text = config.text;
    const std::string prefix = textPrefix(config);
    const std::int64_t hidden = text.hiddenSize;
    const std::int64_t queries = text.numAttentionHeads * text.headDim;
    const std::int64_t keys = text.numKeyValueHeads * text.headDim;
    TableWriter table(rows, Part::Language);
    table.add(prefix + "embed_tokens.weight", {text.vocabSize, hidden}, Kind::Embedding);
    for (std::int64_t i = 0; i < text.numHiddenLayers; ++i) {
        const std::string layer = prefix + "layers." + std::to_string(i) + ".";
        table.add(layer + "input_layernorm.weight", {hidden}, Kind::Norm);
        table.linear(layer + "self_attn.q_proj", queries, hidden, text.attentionBias);
        table.linear(layer + "self_attn.k_proj", keys, hidden, text.attentionBias);
        table.linear(layer + "self_attn.v_proj", keys, hidden, text.attentionBias);
        table.linear(layer + "self_attn.o_proj", hidden, queries, text.attentionBias);
        table.add(layer + "self_attn.q_norm.weight", {text.headDim}, Kind::Norm);
        table.add(layer + "self_attn.k_norm.weight", {text.headDim}, Kind::Norm);
        table.add(layer + "post_attention_layernorm.weight", {hidden}, Kind::Norm);
        table.add(layer + "pre_feedforward_layernorm.weight", {hidden}, Kind::Norm);
        table.linear(layer + "mlp.gate_proj", text.intermediateSize, hidden, false);
        table.linear(layer + "mlp.up_proj", text.intermediateSize, hidden, false);
        table.linear(layer + "mlp.down_proj", hidden, text.intermediateSize, false);
        table.add(layer + "post_feedforward_layernorm.weight", {hidden}, Kind::Norm);
    }
    table.add(prefix + "norm.weight", {hidden}, Kind::Norm);
    if (untiedHead || !text.tieWordEmbeddings) table.add(headName(config), {text.vocabSize, hidden}, Kind::Matrix);
}

// Specification 7.1, vision tensors: 16 a layer and 5 around them.
void addVision(std::vector<Parameter>& rows, const config::VisionConfig& vision) {
    const std::string prefix = "vision_tower.vision_model.";
    const std::int64_t hidden = vision.hiddenSize;
    TableWriter table(rows, Part::Vision);
    table.add(prefix + "embeddings.patch_embedding.weight", {hidden, vision.numChannels, vision.patchSize, vision.patchSize},
              Kind::Convolution);
    table.add(prefix + "embeddings.patch_embedding.bias", {hidden}, Kind::Bias);
    table.add(prefix + "embeddings.position_embedding.weight", {vision.numPatches(), hidden}, Kind::Positions);
    for (std::int64_t i = 0; i < vision.numHiddenLayers; ++i) {
        const std::string layer = prefix + "encoder.layers." + std::to_string(i) + ".";
        table.layerNorm(layer + "layer_norm1", hidden);
        table.linear(layer + "self_attn.q_proj", hidden, hidden, true);
        table.linear(layer + "self_attn.k_proj", hidden, hidden, true);
        table.linear(layer + "self_attn.v_proj", hidden, hidden, true);
        table.linear(layer + "self_attn.out_proj", hidden, hidden, true);
        table.layerNorm(layer + "layer_norm2", hidden);
        table.linear(layer + "mlp.fc1", vision.intermediateSize, hidden, true);
        table.linear(layer + "mlp.fc2", hidden, vision.intermediateSize, true);
    }
    table.layerNorm(prefix + "post_layernorm", hidden);
}

}  // namespace

std::int64_t Parameter::elements() const {
    std::int64_t product = 1;
    for (const std::int64_t size : shape) product *= size;  // parseGemma3Config bounds every size, so this cannot overflow
    return product;
}

std::string textPrefix(const config::Gemma3Config& config) {
    return config.isVisionLanguage() ? "language_model.model." : "model.";
}

std::string headName(const config::Gemma3Config& config) {
    return config.isVisionLanguage() ? "language_model.lm_head.weight" : "lm_head.weight";
}

const char* partName(Part part) {
    switch (part) {
        case Part::Language: return "language";
        case Part::Vision: return "vision";
        case Part::Projection: return "projection";
    }
    return "language";
}

std::vector<Parameter> parameterTable(const config::Gemma3Config& config, bool untiedHead) {
    std::vector<Parameter> rows;
    addText(rows, config, untiedHead);
    if (config.vision) {
        addVision(rows, *config.vision);
        TableWriter projection(rows, Part::Projection);
        // [in, out], not transposed like a linear layer (specification 4.2).
        projection.add("multi_modal_projector.mm_input_projection_weight", {config.vision->hiddenSize, config.text.hiddenSize},
                       Kind::Matrix);
        projection.add("multi_modal_projector.mm_soft_emb_norm.weight", {config.vision->hiddenSize}, Kind::Norm);
    }
    return rows;
}

}  // namespace lapidary::plan
