#include "core/data/checkpoint/shape_check.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/shared/plan/parameter_table.h"

namespace lapidary::checkpoint {
namespace {

enum class Rule : std::uint8_t { Adopt, Refuse };

// One size that the tensors imply beside the one that the configuration says.
struct Row {
    std::string key;
    std::int64_t* configured;
    std::optional<std::int64_t> stored;
    Rule rule;
};

// Size `axis` of a tensor; nothing where it is absent or of another rank (the shape check names it later).
std::optional<std::int64_t> sizeOf(const TensorList& tensors, const std::string& name, std::size_t rank, std::size_t axis) {
    const StoredTensor* tensor = tensors.find(name);
    if (tensor == nullptr || tensor->shape.size() != rank || tensor->shape[axis] <= 0) return std::nullopt;
    return tensor->shape[axis];
}

std::optional<std::int64_t> dividedBy(std::optional<std::int64_t> rows, std::optional<std::int64_t> size) {
    if (!rows || !size || *rows % *size != 0) return std::nullopt;
    return *rows / *size;
}

// 1 + the largest N of "<prefix>N.…".
std::optional<std::int64_t> layerCount(const TensorList& tensors, const std::string& prefix) {
    std::int64_t count = 0;
    for (const std::string& name : tensors.names()) {
        if (!name.starts_with(prefix)) continue;
        std::int64_t layer = 0;
        const auto [end, problem] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), layer);
        if (problem == std::errc{} && *end == '.' && layer < INT32_MAX) count = std::max(count, layer + 1);
    }
    return count == 0 ? std::nullopt : std::optional(count);
}

std::vector<Row> textRows(config::Gemma3Config& config, const TensorList& tensors) {
    const std::string prefix = plan::textPrefix(config);
    const std::string layer = prefix + "layers.0.";
    config::TextConfig& text = config.text;
    const auto headDim = sizeOf(tensors, layer + "self_attn.q_norm.weight", 1, 0);
    const auto heads = dividedBy(sizeOf(tensors, layer + "self_attn.q_proj.weight", 2, 0), headDim);
    const auto keyHeads = dividedBy(sizeOf(tensors, layer + "self_attn.k_proj.weight", 2, 0), headDim);
    // Adopted: sizes that nothing else depends on.  Refused: head_dim goes with query_pre_attn_scalar and RoPE, the width with
    // the scalar of 27B, the depth with layer_types; no shape tells those.
    return {{"hidden_size", &text.hiddenSize, sizeOf(tensors, prefix + "embed_tokens.weight", 2, 1), Rule::Refuse},
            {"num_hidden_layers", &text.numHiddenLayers, layerCount(tensors, prefix + "layers."), Rule::Refuse},
            {"head_dim", &text.headDim, headDim, Rule::Refuse},
            {"vocab_size", &text.vocabSize, sizeOf(tensors, prefix + "embed_tokens.weight", 2, 0), Rule::Adopt},
            {"intermediate_size", &text.intermediateSize, sizeOf(tensors, layer + "mlp.gate_proj.weight", 2, 0), Rule::Adopt},
            {"num_attention_heads", &text.numAttentionHeads, heads, Rule::Adopt},
            {"num_key_value_heads", &text.numKeyValueHeads, keyHeads, Rule::Adopt}};
}

std::vector<Row> visionRows(config::VisionConfig& vision, const TensorList& tensors) {
    const std::string prefix = "vision_tower.vision_model.";
    const std::string patch = prefix + "embeddings.patch_embedding.weight";
    return {{"vision_config.hidden_size", &vision.hiddenSize, sizeOf(tensors, patch, 4, 0), Rule::Refuse},
            {"vision_config.patch_size", &vision.patchSize, sizeOf(tensors, patch, 4, 2), Rule::Refuse},
            {"vision_config.num_hidden_layers", &vision.numHiddenLayers, layerCount(tensors, prefix + "encoder.layers."),
             Rule::Refuse},
            {"vision_config.intermediate_size", &vision.intermediateSize,
             sizeOf(tensors, prefix + "encoder.layers.0.mlp.fc1.weight", 2, 0), Rule::Adopt}};
}

// "num_attention_heads: configuration 8, weights 4"
std::string describe(const Row& row) {
    return row.key + ": configuration " + std::to_string(*row.configured) + ", weights " + std::to_string(*row.stored);
}

}  // namespace

Result<void> adoptShapes(config::Gemma3Config& config, const TensorList& tensors) {
    std::vector<Row> rows = textRows(config, tensors);
    if (config.vision) {
        for (Row& row : visionRows(*config.vision, tensors)) rows.push_back(std::move(row));
    }
    std::string table;
    bool refused = false;
    for (const Row& row : rows) {
        if (!row.stored || *row.stored == *row.configured) continue;
        table += (table.empty() ? "" : "; ") + describe(row);
        refused = refused || row.rule == Rule::Refuse;
    }
    if (table.empty()) return {};
    if (refused) {
        return Error{ErrorCode::InvalidData,
                     "config.json belongs to another model than the weights (" + table +
                         "); sizes that carry more than a shape cannot be taken from the weights",
                     ""};
    }
    for (const Row& row : rows) {
        if (row.stored) *row.configured = *row.stored;
    }
    config::TextConfig& text = config.text;
    if (text.numAttentionHeads % text.numKeyValueHeads != 0) {
        return Error{ErrorCode::InvalidData,
                     "the weights have " + std::to_string(text.numAttentionHeads) + " query heads, no multiple of their " +
                         std::to_string(text.numKeyValueHeads) + " key heads (" + table + ")",
                     ""};
    }
    config.warnings.push_back("config.json and the weights disagree, and the weights win: " + table);
    return {};
}

Result<TensorList> selectParameters(const config::Gemma3Config& config, bool untiedHead, const TensorList& stored,
                                    std::vector<std::string>& warnings) {
    TensorList selected;
    std::vector<std::string> missing;
    std::vector<std::string> wrong;
    for (const plan::Parameter& parameter : plan::parameterTable(config, untiedHead)) {
        const StoredTensor* tensor = stored.find(parameter.name);
        if (tensor == nullptr) {
            missing.push_back(parameter.name);
        } else if (tensor->shape != parameter.shape) {
            wrong.push_back(parameter.name + " (expected " + shapeText(parameter.shape) + ", found " +
                            shapeText(tensor->shape) + ")");
        } else {
            selected.add(*tensor);
        }
    }
    if (!missing.empty()) {
        return Error{
            ErrorCode::NotFound,
            std::to_string(missing.size()) + " tensors that the configuration needs are not stored: " + someNames(missing), ""};
    }
    if (!wrong.empty()) {
        return Error{
            ErrorCode::InvalidData,
            std::to_string(wrong.size()) + " tensors have other shapes than the configuration says: " + someNames(wrong, 3),
            ""};
    }
    std::vector<std::string> extra;
    for (const std::string& name : stored.names()) {
        if (!selected.contains(name)) extra.push_back(name);
    }
    if (!extra.empty()) {
        warnings.push_back(std::to_string(extra.size()) +
                           " tensors are no part of the model and are ignored: " + someNames(extra));
    }
    return selected;
}

}  // namespace lapidary::checkpoint
