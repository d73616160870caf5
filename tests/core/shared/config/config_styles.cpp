#include "tests/core/shared/config/config_styles.h"

#include <algorithm>

namespace lapidary::config {
namespace {

using Json = nlohmann::json;

// Only what differs from the defaults of specification 1.2.
Json sparseText(const ReleasedRow& row) {
    Json text{{"model_type", "gemma3_text"}};
    const auto say = [&](const char* key, const Json& value, const Json& byDefault) {
        if (value != byDefault) text[key] = value;
    };
    say("vocab_size", row.vocab, 262208);
    say("hidden_size", row.hidden, 2304);
    say("intermediate_size", row.intermediate, 9216);
    say("num_hidden_layers", row.layers, 26);
    say("num_attention_heads", row.heads, 8);
    say("num_key_value_heads", row.keyValueHeads, 4);
    say("head_dim", row.headDim, 256);
    say("max_position_embeddings", row.positions, 131072);
    say("sliding_window", row.window, 4096);
    say("query_pre_attn_scalar", row.queryPreAttnScalar, 256);
    if (row.ropeFactor != 1) text["rope_scaling"] = {{"factor", row.ropeFactor}, {"rope_type", "linear"}};
    return text;
}

Json fullText(const ReleasedRow& row) {
    return {{"model_type", "gemma3_text"},
            {"vocab_size", row.vocab},
            {"hidden_size", row.hidden},
            {"intermediate_size", row.intermediate},
            {"num_hidden_layers", row.layers},
            {"num_attention_heads", row.heads},
            {"num_key_value_heads", row.keyValueHeads},
            {"head_dim", row.headDim},
            {"max_position_embeddings", row.positions},
            {"sliding_window", row.window},
            {"query_pre_attn_scalar", row.queryPreAttnScalar},
            {"rms_norm_eps", 1e-6},
            {"hidden_activation", "gelu_pytorch_tanh"},
            {"attention_bias", false},
            {"attention_dropout", 0.0},
            {"attn_logit_softcapping", nullptr},
            {"final_logit_softcapping", nullptr},
            {"initializer_range", 0.02},
            {"pad_token_id", 0},
            {"bos_token_id", 2},
            {"use_cache", true}};
}

Json layerTypes(const ReleasedRow& row) {
    Json list = Json::array();
    for (std::size_t i = 0; i < static_cast<std::size_t>(row.layers); ++i) {
        const bool full = std::find(row.fullLayers.begin(), row.fullLayers.end(), i) != row.fullLayers.end();
        list.push_back(full ? "full_attention" : "sliding_attention");
    }
    return list;
}

Json oldRope(const ReleasedRow& row, Json text) {
    text["rope_theta"] = 1000000;
    text["rope_local_base_freq"] = 10000;
    text["rope_scaling"] = row.ropeFactor != 1 ? Json{{"factor", row.ropeFactor}, {"rope_type", "linear"}} : Json(nullptr);
    return text;
}

Json newRope(const ReleasedRow& row, Json text) {
    text["rope_parameters"]["sliding_attention"] = {{"rope_type", "default"}, {"rope_theta", 10000.0}};
    text["rope_parameters"]["full_attention"] = {{"rope_type", "default"}, {"rope_theta", 1000000.0}};
    if (row.ropeFactor != 1) {
        text["rope_parameters"]["full_attention"]["rope_type"] = "linear";
        text["rope_parameters"]["full_attention"]["factor"] = row.ropeFactor;
    }
    return text;
}

Json textInStyle(const ReleasedRow& row, Style style) {
    Json text = style == Style::SparseMarch2025 ? sparseText(row) : fullText(row);
    switch (style) {
        case Style::SparseMarch2025: break;
        case Style::FlatFull:
            text = oldRope(row, text);
            text["sliding_window_pattern"] = 6;
            text["cache_implementation"] = "hybrid";
            break;
        case Style::LayerTypes:
            text = oldRope(row, text);
            text["layer_types"] = layerTypes(row);
            text["_sliding_window_pattern"] = 6;
            text["use_bidirectional_attention"] = false;
            break;
        case Style::RopeParameters:
            text = newRope(row, text);
            text["layer_types"] = layerTypes(row);
            break;
        case Style::Hybrid:
            text = newRope(row, text);
            text["rope_parameters"]["full_attention"].erase("rope_theta");
            text["rope_parameters"]["sliding_attention"] = nullptr;
            text["rope_theta"] = 1000000.0;
            text["rope_local_base_freq"] = 10000.0;
            text["rope_scaling"] = nullptr;
            text["layer_types"] = layerTypes(row);
            text["_sliding_window_pattern"] = 6;
            break;
    }
    return text;
}

}  // namespace

const std::vector<ReleasedRow>& releasedRows() {
    static const std::vector<ReleasedRow> rows{
        {"270m", 640, 18, 4, 1, 256, 2048, 262144, 512, 256, 1, 32768, false, {5, 11, 17}},
        {"1b", 1152, 26, 4, 1, 256, 6912, 262144, 512, 256, 1, 32768, false, {5, 11, 17, 23}},
        {"4b", 2560, 34, 8, 4, 256, 10240, 262208, 1024, 256, 8, 131072, true, {5, 11, 17, 23, 29}},
        {"12b", 3840, 48, 16, 8, 256, 15360, 262208, 1024, 256, 8, 131072, true, {5, 11, 17, 23, 29, 35, 41, 47}},
        {"27b", 5376, 62, 32, 16, 128, 21504, 262208, 1024, 168, 8, 131072, true, {5, 11, 17, 23, 29, 35, 41, 47, 53, 59}},
    };
    return rows;
}

Json configInStyle(const ReleasedRow& row, Style style) {
    const bool newer = style == Style::RopeParameters || style == Style::Hybrid;
    Json text = textInStyle(row, style);
    Json root;
    if (row.vision) {
        root["model_type"] = "gemma3";
        root["text_config"] = text;
        root["boi_token_index"] = 255999;
        root["eoi_token_index"] = 256000;
        root["image_token_index"] = 262144;
        root["mm_tokens_per_image"] = 256;
        root["vision_config"] = {
            {"hidden_size", 1152},     {"image_size", 896}, {"intermediate_size", 4304}, {"num_attention_heads", 16},
            {"num_hidden_layers", 27}, {"patch_size", 14},  {"vision_use_head", false},  {"model_type", "siglip_vision_model"}};
    } else {
        root = text;
    }
    root["eos_token_id"] = {1, 106};
    root["initializer_range"] = 0.02;
    root["transformers_version"] = "4.50.0.dev0";
    root["unsloth_fixed"] = true;
    root[newer ? "dtype" : "torch_dtype"] = "bfloat16";
    return root;
}

}  // namespace lapidary::config
