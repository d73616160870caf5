#include "core/shared/config/gemma3_config.h"

#include <cmath>

#include "core/shared/config/rope_reader.h"
#include "core/shared/config/section_reader.h"

namespace lapidary::config {
namespace {

// Bounds no Gemma comes near; they keep every product of sizes below 2^63 and every allocation honest.
constexpr std::int64_t kMaxVocab = 1 << 24;
constexpr std::int64_t kMaxWidth = 1 << 20;
constexpr std::int64_t kMaxLayers = 1024;
constexpr std::int64_t kMaxHeads = 4096;
constexpr std::int64_t kMaxAttentionWidth = 1 << 18;  // heads * head_dim
constexpr std::int64_t kMaxPositions = std::int64_t{1} << 30;

// layer_types, else every n-th layer is a global one (specification 1.4, step 3).
void readLayerTypes(SectionReader& section, TextConfig& text) {
    if (section.failed()) return;
    std::int64_t period = 6;
    // transformers 5.17 writes _sliding_window_pattern 6 whatever the real pattern is: it counts only where nothing else is said.
    if (!section.has("sliding_window_pattern")) section.integer("_sliding_window_pattern", period, 1, kMaxLayers);
    section.integer("sliding_window_pattern", period, 1, kMaxLayers);
    if (section.failed()) return;
    text.layerTypes.clear();
    if (!section.has("layer_types")) {
        for (std::int64_t i = 0; i < text.numHiddenLayers; ++i) {
            text.layerTypes.push_back((i + 1) % period == 0 ? LayerType::FullAttention : LayerType::SlidingAttention);
        }
        return;
    }
    const Json& list = section.json().at("layer_types");
    if (!list.is_array()) return section.fail("layer_types", "a list", describeJson(list));
    if (static_cast<std::int64_t>(list.size()) != text.numHiddenLayers) {
        return section.fail("layer_types", std::to_string(text.numHiddenLayers) + " entries (num_hidden_layers)",
                            std::to_string(list.size()));
    }
    for (const Json& entry : list) {
        const bool full = entry == "full_attention";
        if (!full && entry != "sliding_attention") {
            return section.fail("layer_types[" + std::to_string(text.layerTypes.size()) + "]",
                                "\"sliding_attention\" or \"full_attention\"", describeJson(entry));
        }
        text.layerTypes.push_back(full ? LayerType::FullAttention : LayerType::SlidingAttention);
    }
}

void checkMultiple(SectionReader& section, const char* key, std::int64_t value, const char* ofKey, std::int64_t of) {
    if (value % of != 0)
        section.fail(key, "a multiple of " + std::string(ofKey) + " (" + std::to_string(of) + ")", std::to_string(value));
}

void checkText(SectionReader& section, const TextConfig& text) {
    if (section.failed()) return;
    checkMultiple(section, "num_attention_heads", text.numAttentionHeads, "num_key_value_heads", text.numKeyValueHeads);
    // The reference refuses this since 5.0, though head_dim is a key of its own (specification 1.2).
    checkMultiple(section, "hidden_size", text.hiddenSize, "num_attention_heads", text.numAttentionHeads);
    if (text.headDim % 2 != 0) section.fail("head_dim", "an even number (rotary pairs)", std::to_string(text.headDim));
    if (text.numAttentionHeads * text.headDim > kMaxAttentionWidth) {
        section.fail("head_dim", "num_attention_heads * head_dim up to " + std::to_string(kMaxAttentionWidth),
                     std::to_string(text.numAttentionHeads) + " * " + std::to_string(text.headDim));
    }
    if (text.hiddenActivation != "gelu_pytorch_tanh") {
        section.fail("hidden_activation", "\"gelu_pytorch_tanh\"", '"' + text.hiddenActivation.substr(0, 40) + '"',
                     ErrorCode::Unsupported);
    }
}

Result<TextConfig> parseText(const Json& object, const std::string& where, std::vector<std::string>& warnings) {
    TextConfig text;
    SectionReader section(object, where);
    section.integer("vocab_size", text.vocabSize, 1, kMaxVocab);
    section.integer("hidden_size", text.hiddenSize, 1, kMaxWidth);
    section.integer("intermediate_size", text.intermediateSize, 1, kMaxWidth);
    section.integer("num_hidden_layers", text.numHiddenLayers, 1, kMaxLayers);
    section.integer("num_attention_heads", text.numAttentionHeads, 1, kMaxHeads);
    section.integer("num_key_value_heads", text.numKeyValueHeads, 1, kMaxHeads);
    section.integer("head_dim", text.headDim, 2, kMaxHeads);
    section.integer("max_position_embeddings", text.maxPositionEmbeddings, 1, kMaxPositions);
    section.integer("sliding_window", text.slidingWindow, 1, kMaxPositions);
    section.numberIn("rms_norm_eps", text.rmsNormEps, 0.0, 1.0);
    section.positive("query_pre_attn_scalar", text.queryPreAttnScalar);
    section.numberIn("initializer_range", text.initializerRange, 0.0, 1e6);
    section.text("hidden_activation", text.hiddenActivation);
    section.flag("attention_bias", text.attentionBias);
    section.flag("tie_word_embeddings", text.tieWordEmbeddings);
    section.flag("use_bidirectional_attention", text.useBidirectionalAttention);
    section.integer("pad_token_id", text.padTokenId, 0, SectionReader::kMaxId);
    section.integer("bos_token_id", text.bosTokenId, 0, SectionReader::kMaxId);
    section.ids("eos_token_id", text.eosTokenIds);
    if (section.has("final_logit_softcapping")) {
        text.finalLogitSoftcapping = 1.0;
        section.positive("final_logit_softcapping", *text.finalLogitSoftcapping);
    }
    if (section.has("attn_logit_softcapping")) {
        warnings.emplace_back("attn_logit_softcapping is ignored, as the reference does");
    }
    readLayerTypes(section, text);
    readRope(section, text, warnings);
    checkText(section, text);
    RETURN_IF_ERROR(section.result());
    return text;
}

Result<VisionConfig> parseVision(const Json& object) {
    VisionConfig vision;
    std::string activation = "gelu_pytorch_tanh";
    SectionReader section(object, "vision_config");
    section.integer("hidden_size", vision.hiddenSize, 1, kMaxWidth);
    section.integer("intermediate_size", vision.intermediateSize, 1, kMaxWidth);
    section.integer("num_hidden_layers", vision.numHiddenLayers, 1, kMaxLayers);
    section.integer("num_attention_heads", vision.numAttentionHeads, 1, kMaxHeads);
    section.integer("num_channels", vision.numChannels, 3, 3);  // pictures are RGB
    section.integer("image_size", vision.imageSize, 1, 16384);
    section.integer("patch_size", vision.patchSize, 1, 16384);
    section.numberIn("layer_norm_eps", vision.layerNormEps, 0.0, 1.0);
    section.text("hidden_act", activation);
    checkMultiple(section, "hidden_size", vision.hiddenSize, "num_attention_heads", vision.numAttentionHeads);
    checkMultiple(section, "image_size", vision.imageSize, "patch_size", vision.patchSize);
    if (activation != "gelu_pytorch_tanh") {
        section.fail("hidden_act", "\"gelu_pytorch_tanh\"", '"' + activation.substr(0, 40) + '"', ErrorCode::Unsupported);
    }
    RETURN_IF_ERROR(section.result());
    return vision;
}

// The projector pools the square of patches to a square of tokens (specification 4.2).
void checkPooling(SectionReader& section, const VisionConfig& vision, std::int64_t tokens) {
    const auto side = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(tokens))));
    if (side * side == tokens && vision.patchesPerSide() % side == 0) return;
    section.fail("mm_tokens_per_image",
                 "the square of a divisor of the " + std::to_string(vision.patchesPerSide()) +
                     " patches a side (vision_config.image_size / patch_size)",
                 std::to_string(tokens));
}

// "dtype" wins over "torch_dtype", the root over its parts (specification 1.4, step 5).
std::string readDtype(SectionReader& root, const Json& text, std::vector<std::string>& warnings) {
    SectionReader inner(text, "text_config");
    std::string dtype = "bfloat16";
    std::string innerDtype;
    inner.text("torch_dtype", innerDtype);
    inner.text("dtype", innerDtype);
    if (inner.failed()) root.fail(inner.result().error());
    if (!innerDtype.empty()) dtype = innerDtype;
    root.text("torch_dtype", dtype);
    root.text("dtype", dtype);
    if (dtype.starts_with("torch.")) dtype.erase(0, 6);
    if (dtype != "float32" && dtype != "float16" && dtype != "bfloat16") {
        warnings.push_back("dtype '" + dtype.substr(0, 40) + "' is not one of float32, float16, bfloat16; bfloat16 is assumed");
        dtype = "bfloat16";
    }
    return dtype;
}

Result<void> parseVisionLanguage(SectionReader& root, Gemma3Config& config) {
    const Json empty = Json::object();
    const Json* textObject = root.object("text_config");
    const Json* visionObject = root.object("vision_config");
    RETURN_IF_ERROR(root.result());
    for (const auto& [key, object] : {std::pair("text_config", textObject), std::pair("vision_config", visionObject)}) {
        if (object == nullptr)
            config.warnings.push_back(std::string(key) + " is missing; transformers' default sizes are assumed");
    }
    const Json& textJson = textObject != nullptr ? *textObject : empty;
    ASSIGN_OR_RETURN(config.text, parseText(textJson, "text_config", config.warnings));
    ASSIGN_OR_RETURN(config.vision, parseVision(visionObject != nullptr ? *visionObject : empty));
    root.integer("mm_tokens_per_image", config.mmTokensPerImage, 1, kMaxWidth);
    root.integer("boi_token_index", config.boiTokenIndex, 0, SectionReader::kMaxId);
    root.integer("eoi_token_index", config.eoiTokenIndex, 0, SectionReader::kMaxId);
    root.integer("image_token_index", config.imageTokenIndex, 0, SectionReader::kMaxId);
    // The root speaks for the whole model where it says something.
    root.flag("tie_word_embeddings", config.text.tieWordEmbeddings);
    root.ids("eos_token_id", config.text.eosTokenIds);
    const SectionReader text(textJson, "text_config");
    if (!text.has("bos_token_id")) root.integer("bos_token_id", config.text.bosTokenId, 0, SectionReader::kMaxId);
    if (!text.has("pad_token_id")) root.integer("pad_token_id", config.text.padTokenId, 0, SectionReader::kMaxId);
    config.dtype = readDtype(root, textJson, config.warnings);
    checkPooling(root, *config.vision, config.mmTokensPerImage);
    return root.result();
}

Json layerTypesJson(const TextConfig& text) {
    Json list = Json::array();
    for (const LayerType type : text.layerTypes) {
        list.push_back(type == LayerType::FullAttention ? "full_attention" : "sliding_attention");
    }
    return list;
}

Json ropeJson(const RopeParameters& rope) {
    if (rope.factor == 1.0) return {{"rope_type", "default"}, {"rope_theta", rope.theta}};
    return {{"rope_type", "linear"}, {"factor", rope.factor}, {"rope_theta", rope.theta}};
}

// transformers declares some of its numbers as int and refuses 256.0.
Json wholeWhereItIs(double value) {
    const auto whole = static_cast<std::int64_t>(value);
    return static_cast<double>(whole) == value ? Json(whole) : Json(value);
}

Json textJson(const TextConfig& text) {
    return {
        {"model_type", "gemma3_text"},
        {"vocab_size", text.vocabSize},
        {"hidden_size", text.hiddenSize},
        {"intermediate_size", text.intermediateSize},
        {"num_hidden_layers", text.numHiddenLayers},
        {"num_attention_heads", text.numAttentionHeads},
        {"num_key_value_heads", text.numKeyValueHeads},
        {"head_dim", text.headDim},
        {"max_position_embeddings", text.maxPositionEmbeddings},
        {"sliding_window", text.slidingWindow},
        {"rms_norm_eps", text.rmsNormEps},
        {"query_pre_attn_scalar", wholeWhereItIs(text.queryPreAttnScalar)},
        {"initializer_range", text.initializerRange},
        {"hidden_activation", text.hiddenActivation},
        {"attention_bias", text.attentionBias},
        {"attention_dropout", 0.0},
        {"tie_word_embeddings", text.tieWordEmbeddings},
        {"use_bidirectional_attention", text.useBidirectionalAttention},
        {"use_cache", true},
        {"attn_logit_softcapping", nullptr},
        {"final_logit_softcapping", text.finalLogitSoftcapping ? Json(*text.finalLogitSoftcapping) : Json(nullptr)},
        {"layer_types", layerTypesJson(text)},
        {"rope_parameters", {{"full_attention", ropeJson(text.fullRope)}, {"sliding_attention", ropeJson(text.slidingRope)}}},
        {"pad_token_id", text.padTokenId},
        {"bos_token_id", text.bosTokenId},
        {"eos_token_id", text.eosTokenIds},
    };
}

}  // namespace

bool Gemma3Config::operator==(const Gemma3Config& other) const {
    return text == other.text && vision == other.vision && mmTokensPerImage == other.mmTokensPerImage &&
           boiTokenIndex == other.boiTokenIndex && eoiTokenIndex == other.eoiTokenIndex &&
           imageTokenIndex == other.imageTokenIndex && dtype == other.dtype;
}

Result<Gemma3Config> parseGemma3Config(const Json& rootObject) {
    if (!rootObject.is_object()) {
        return Error{ErrorCode::InvalidData, "expected an object, found " + describeJson(rootObject), ""};
    }
    SectionReader root(rootObject, "");
    Gemma3Config config;
    std::string modelType;
    root.text("model_type", modelType);
    RETURN_IF_ERROR(root.result());
    if (!modelType.empty() && modelType != "gemma3" && modelType != "gemma3_text") {
        return Error{ErrorCode::Unsupported,
                     "'model_type': expected \"gemma3\" or \"gemma3_text\", found \"" + modelType.substr(0, 40) + '"', ""};
    }
    const bool visionLanguage = modelType == "gemma3" || (modelType.empty() && root.has("text_config"));
    if (visionLanguage) {
        RETURN_IF_ERROR(parseVisionLanguage(root, config));
        return config;
    }
    ASSIGN_OR_RETURN(config.text, parseText(rootObject, "", config.warnings));
    config.dtype = readDtype(root, Json::object(), config.warnings);
    RETURN_IF_ERROR(root.result());
    return config;
}

Json toJson(const Gemma3Config& config) {
    Json text = textJson(config.text);
    if (!config.vision) {
        text["architectures"] = {"Gemma3ForCausalLM"};
        text["dtype"] = config.dtype;
        return text;
    }
    const VisionConfig& vision = *config.vision;
    return {
        {"architectures", {"Gemma3ForConditionalGeneration"}},
        {"model_type", "gemma3"},
        {"dtype", config.dtype},
        {"mm_tokens_per_image", config.mmTokensPerImage},
        {"boi_token_index", config.boiTokenIndex},
        {"eoi_token_index", config.eoiTokenIndex},
        {"image_token_index", config.imageTokenIndex},
        {"initializer_range", config.text.initializerRange},
        {"tie_word_embeddings", config.text.tieWordEmbeddings},
        {"eos_token_id", config.text.eosTokenIds},
        {"text_config", text},
        {"vision_config",
         {{"model_type", "siglip_vision_model"},
          {"hidden_size", vision.hiddenSize},
          {"intermediate_size", vision.intermediateSize},
          {"num_hidden_layers", vision.numHiddenLayers},
          {"num_attention_heads", vision.numAttentionHeads},
          {"num_channels", vision.numChannels},
          {"image_size", vision.imageSize},
          {"patch_size", vision.patchSize},
          {"hidden_act", "gelu_pytorch_tanh"},
          {"layer_norm_eps", vision.layerNormEps},
          {"attention_dropout", 0.0},
          {"vision_use_head", false}}},
    };
}

}  // namespace lapidary::config
