#include "core/data/checkpoint/gguf_names.h"

#include <span>

namespace lapidary::checkpoint {
namespace {

struct Rename {
    std::string_view gguf;
    std::string_view canonical;
};

constexpr Rename kTextLayer[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"},
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
    {"post_attention_norm", "post_attention_layernorm"},
    {"ffn_norm", "pre_feedforward_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
    {"post_ffw_norm", "post_feedforward_layernorm"},
};

constexpr Rename kVisionLayer[] = {
    {"ln1", "layer_norm1"},         {"ln2", "layer_norm2"},         {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"}, {"attn_v", "self_attn.v_proj"}, {"attn_out", "self_attn.out_proj"},
    {"ffn_up", "mlp.fc1"},          {"ffn_down", "mlp.fc2"},
};

// "<number>.<module>.weight" or ".bias" -> "<number>.<canonical module>.weight"; empty where the module is not listed.
std::string renameLayer(std::string_view rest, std::span<const Rename> table, bool swappedFeedForward) {
    const std::size_t dot = rest.find('.');
    const std::size_t lastDot = rest.rfind('.');
    if (dot == std::string_view::npos || lastDot <= dot) return "";
    const std::string_view number = rest.substr(0, dot);
    if (number.empty() || number.find_first_not_of("0123456789") != std::string_view::npos) return "";
    std::string_view module = rest.substr(dot + 1, lastDot - dot - 1);
    const std::string_view kind = rest.substr(lastDot);
    if (kind != ".weight" && kind != ".bias") return "";
    if (swappedFeedForward && module == "ffn_up") {
        module = "ffn_down";
    } else if (swappedFeedForward && module == "ffn_down") {
        module = "ffn_up";
    }
    for (const Rename& rename : table) {
        if (rename.gguf == module) return std::string(number) + "." + std::string(rename.canonical) + std::string(kind);
    }
    return "";
}

}  // namespace

std::string canonicalTextName(std::string_view ggufName, bool visionLanguage) {
    const std::string prefix = visionLanguage ? "language_model." : "";
    if (ggufName == "token_embd.weight") return prefix + "model.embed_tokens.weight";
    if (ggufName == "output_norm.weight") return prefix + "model.norm.weight";
    if (ggufName == "output.weight") return prefix + "lm_head.weight";
    if (!ggufName.starts_with("blk.")) return "";
    const std::string layer = renameLayer(ggufName.substr(4), kTextLayer, false);
    return layer.empty() ? "" : prefix + "model.layers." + layer;
}

std::string canonicalVisionName(std::string_view ggufName, bool swappedFeedForward) {
    const std::string prefix = "vision_tower.vision_model.";
    for (const std::string_view kind : {"weight", "bias"}) {
        const auto is = [&](std::string_view module) {
            return ggufName.size() == module.size() + 1 + kind.size() && ggufName.starts_with(module) &&
                   ggufName.ends_with(kind);
        };
        if (is("v.patch_embd")) return prefix + "embeddings.patch_embedding." + std::string(kind);
        if (is("v.position_embd")) return prefix + "embeddings.position_embedding." + std::string(kind);
        if (is("v.post_ln")) return prefix + "post_layernorm." + std::string(kind);
    }
    if (ggufName == "mm.input_projection.weight") return "multi_modal_projector.mm_input_projection_weight";
    if (ggufName == "mm.soft_emb_norm.weight") return "multi_modal_projector.mm_soft_emb_norm.weight";
    if (!ggufName.starts_with("v.blk.")) return "";
    const std::string layer = renameLayer(ggufName.substr(6), kVisionLayer, swappedFeedForward);
    return layer.empty() ? "" : prefix + "encoder.layers." + layer;
}

bool isStoredPlusOne(std::string_view canonicalName) {
    if (canonicalName.starts_with("vision_tower.")) return false;
    return canonicalName.ends_with("norm.weight");
}

}  // namespace lapidary::checkpoint
