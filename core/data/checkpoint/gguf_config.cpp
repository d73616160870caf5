#include "core/data/checkpoint/gguf_config.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/data/checkpoint/side_files.h"
#include "core/data/files/safetensors_header.h"

namespace lapidary::checkpoint {
namespace {

using Json = nlohmann::json;
using files::GgufFile;

constexpr std::int64_t kMaxLayers = 1024;          // as parseGemma3Config: layer_types is made before that looks
constexpr std::int64_t kLayersOf27B = 62;

Error wrong(const GgufFile& file, const std::string& key, const std::string& expected, const std::string& found) {
    return Error{ErrorCode::InvalidData, "'" + key + "': expected " + expected + ", found " + found, file.source()};
}

Result<std::int64_t> required(const GgufFile& file, const std::string& key) {
    ASSIGN_OR_RETURN(const auto value, file.findInteger(key));
    if (!value) return wrong(file, key, "an integer", "no such key");
    return *value;
}

Result<void> copyInteger(const GgufFile& file, const std::string& key, Json& object, const char* name) {
    ASSIGN_OR_RETURN(const auto value, file.findInteger(key));
    if (value) object[name] = *value;
    return {};
}

// GGUF stores float32; 1e-6 comes back as 9.99999997e-07, and is meant as the decimal that it was.
double fromFloat32(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.7g", value);
    return std::strtod(text, nullptr);
}

Result<double> numberOr(const GgufFile& file, const std::string& key, double fallback) {
    ASSIGN_OR_RETURN(const auto value, file.findNumber(key));
    return value ? fromFloat32(*value) : fallback;
}

// Every sixth layer is a global one unless the file says otherwise: by a period, or (newer files) by a list of flags, true = sliding.
Result<Json> layerTypes(const GgufFile& file, std::int64_t layers) {
    const std::string key = "gemma3.attention.sliding_window_pattern";
    std::vector<bool> sliding(static_cast<std::size_t>(layers));
    if (file.arraySize(key) > 0) {
        ASSIGN_OR_RETURN(const auto flags, file.findBools(key));
        if (flags.size() != sliding.size())
            return wrong(file, key, std::to_string(layers) + " flags", std::to_string(flags.size()));
        sliding = flags;
    } else {
        ASSIGN_OR_RETURN(const auto stored, file.findInteger(key));
        const std::int64_t period = stored.value_or(6);
        if (period < 1 || period > kMaxLayers) return wrong(file, key, "a period from 1 to 1024", std::to_string(period));
        for (std::int64_t i = 0; i < layers; ++i) sliding[static_cast<std::size_t>(i)] = (i + 1) % period != 0;
    }
    Json types = Json::array();
    for (const bool isSliding : sliding) types.push_back(isSliding ? "sliding_attention" : "full_attention");
    return types;
}

Result<Json> ropeParameters(const GgufFile& file) {
    ASSIGN_OR_RETURN(const double theta, numberOr(file, "gemma3.rope.freq_base", 1e6));
    ASSIGN_OR_RETURN(const double localTheta, numberOr(file, "gemma3.rope.freq_base_swa", 1e4));
    ASSIGN_OR_RETURN(const auto type, file.findString("gemma3.rope.scaling.type"));
    ASSIGN_OR_RETURN(const double factor, numberOr(file, "gemma3.rope.scaling.factor", 1.0));
    Json full{{"rope_type", "default"}, {"rope_theta", theta}};
    if (type && *type != "none" && *type != "linear") {
        return Error{
            ErrorCode::Unsupported,
            "'gemma3.rope.scaling.type': expected \"linear\" or \"none\", found \"" + files::printableName(*type) + "\"",
            file.source()};
    }
    if (type.value_or("none") == "linear") {
        full["rope_type"] = "linear";
        full["factor"] = factor;
    }
    return Json{{"full_attention", full}, {"sliding_attention", {{"rope_type", "default"}, {"rope_theta", localTheta}}}};
}

std::optional<std::int64_t> idOf(const text::GgufVocabulary* vocabulary, const std::string& piece) {
    if (vocabulary == nullptr) return std::nullopt;
    const auto found = std::find(vocabulary->pieces.begin(), vocabulary->pieces.end(), piece);
    if (found == vocabulary->pieces.end()) return std::nullopt;
    return found - vocabulary->pieces.begin();
}

// Files name one end token; instruction-tuned models stop on <eos> and <end_of_turn> (specification 8), known by their template.
std::vector<std::int64_t> endTokens(const GgufFile& file, const text::GgufVocabulary* vocabulary) {
    std::vector<std::int64_t> ids{idOf(vocabulary, "<eos>").value_or(1)};
    const auto add = [&](std::optional<std::int64_t> id) {
        if (id && std::find(ids.begin(), ids.end(), *id) == ids.end()) ids.push_back(*id);
    };
    if (vocabulary != nullptr) add(vocabulary->eosId);
    if (file.contains("tokenizer.chat_template")) add(idOf(vocabulary, "<end_of_turn>"));
    return ids;
}

Result<Json> textJson(const GgufFile& file, std::int64_t embeddingRows, const text::GgufVocabulary* vocabulary) {
    const std::string prefix = "gemma3.";
    ASSIGN_OR_RETURN(const std::int64_t hidden, required(file, prefix + "embedding_length"));
    ASSIGN_OR_RETURN(const std::int64_t layers, required(file, prefix + "block_count"));
    ASSIGN_OR_RETURN(const std::int64_t intermediate, required(file, prefix + "feed_forward_length"));
    ASSIGN_OR_RETURN(const std::int64_t heads, required(file, prefix + "attention.head_count"));
    ASSIGN_OR_RETURN(const std::int64_t window, required(file, prefix + "attention.sliding_window"));
    if (layers < 1 || layers > kMaxLayers) return wrong(file, prefix + "block_count", "1 to 1024", std::to_string(layers));
    if (heads < 1) return wrong(file, prefix + "attention.head_count", "at least 1", std::to_string(heads));
    ASSIGN_OR_RETURN(const auto keyHeads, file.findInteger(prefix + "attention.head_count_kv"));
    ASSIGN_OR_RETURN(const auto keyLength, file.findInteger(prefix + "attention.key_length"));
    const std::int64_t headDim = keyLength.value_or(hidden / heads);
    ASSIGN_OR_RETURN(const auto valueLength, file.findInteger(prefix + "attention.value_length"));
    if (valueLength.value_or(headDim) != headDim) {
        return wrong(file, prefix + "attention.value_length", std::to_string(headDim) + " (key_length)",
                     std::to_string(*valueLength));
    }
    ASSIGN_OR_RETURN(const double eps, numberOr(file, prefix + "attention.layer_norm_rms_epsilon", 1e-6));
    ASSIGN_OR_RETURN(const Json rope, ropeParameters(file));
    ASSIGN_OR_RETURN(const Json types, layerTypes(file, layers));
    Json object{{"model_type", "gemma3_text"},
                {"vocab_size", embeddingRows},
                {"hidden_size", hidden},
                {"intermediate_size", intermediate},
                {"num_hidden_layers", layers},
                {"num_attention_heads", heads},
                {"num_key_value_heads", keyHeads.value_or(heads)},
                {"head_dim", headDim},
                {"sliding_window", window},
                {"rms_norm_eps", eps},
                {"rope_parameters", rope},
                {"layer_types", types},
                // Not stored; llama.cpp knows 27B by its depth (specification 7.4).
                {"query_pre_attn_scalar", layers == kLayersOf27B ? hidden / heads : headDim},
                {"eos_token_id", endTokens(file, vocabulary)}};
    RETURN_IF_ERROR(copyInteger(file, prefix + "context_length", object, "max_position_embeddings"));
    RETURN_IF_ERROR(copyInteger(file, "tokenizer.ggml.bos_token_id", object, "bos_token_id"));
    RETURN_IF_ERROR(copyInteger(file, "tokenizer.ggml.padding_token_id", object, "pad_token_id"));
    ASSIGN_OR_RETURN(const auto softCap, file.findNumber(prefix + "final_logit_softcapping"));
    if (softCap && *softCap != 0.0) object["final_logit_softcapping"] = *softCap;
    return object;
}

Result<Json> visionJson(const GgufFile& file) {
    const std::string prefix = "clip.vision.";
    Json object{{"model_type", "siglip_vision_model"}, {"num_channels", 3}, {"vision_use_head", false}};
    const std::pair<const char*, const char*> keys[] = {
        {"image_size", "image_size"},         {"patch_size", "patch_size"},
        {"embedding_length", "hidden_size"},  {"feed_forward_length", "intermediate_size"},
        {"block_count", "num_hidden_layers"}, {"attention.head_count", "num_attention_heads"}};
    for (const auto& [key, name] : keys) {
        ASSIGN_OR_RETURN(object[name], required(file, prefix + key));
    }
    ASSIGN_OR_RETURN(object["layer_norm_eps"], numberOr(file, prefix + "attention.layer_norm_epsilon", 1e-6));
    return object;
}

// Soft tokens of a picture: patches a side, pooled by the scale factor (default 4), squared.
Result<std::int64_t> tokensPerImage(const GgufFile& file, const Json& vision) {
    ASSIGN_OR_RETURN(const auto scale, file.findInteger("clip.vision.projector.scale_factor"));
    const auto image = vision["image_size"].get<std::int64_t>();
    const auto patch = vision["patch_size"].get<std::int64_t>();
    const std::int64_t pool = scale.value_or(4);
    if (image < 1 || image > 16384 || patch < 1 || pool < 1 || image % patch != 0 || (image / patch) % pool != 0) {
        return wrong(file, "clip.vision.projector.scale_factor",
                     "a divisor of image_size / patch_size (" + std::to_string(image) + " / " + std::to_string(patch) + ")",
                     std::to_string(pool));
    }
    const std::int64_t side = image / patch / pool;
    return side * side;
}

Result<void> checkProjector(const GgufFile& mmproj, std::int64_t hidden) {
    RETURN_IF_ERROR(checkGgufArchitecture(mmproj, "clip"));
    ASSIGN_OR_RETURN(auto kind, mmproj.findString("clip.projector_type"));
    if (!kind) {
        ASSIGN_OR_RETURN(kind, mmproj.findString("clip.vision.projector_type"));  // files that also hold an audio encoder
    }
    if (kind != "gemma3") {
        return Error{
            ErrorCode::Unsupported,
            "clip.projector_type: expected 'gemma3', found " + (kind ? "'" + files::printableName(*kind) + "'" : "none"),
            mmproj.source()};
    }
    ASSIGN_OR_RETURN(const auto width, mmproj.findInteger("clip.vision.projection_dim"));
    if (width.value_or(hidden) == hidden) return {};
    return Error{ErrorCode::InvalidData,
                 "the mmproj file belongs to another model: it projects to a width of " + std::to_string(*width) +
                     ", the text model has " + std::to_string(hidden),
                 mmproj.source()};
}

}  // namespace

Result<void> checkGgufArchitecture(const GgufFile& file, const std::string& expected) {
    ASSIGN_OR_RETURN(const auto architecture, file.findString("general.architecture"));
    ASSIGN_OR_RETURN(const auto parts, file.findInteger("split.count"));
    if (parts.value_or(1) > 1) {
        return Error{ErrorCode::Unsupported,
                     "one of " + std::to_string(*parts) + " parts of a split GGUF; join them first (llama-gguf-split --merge)",
                     file.source()};
    }
    if (architecture == expected) return {};
    const std::string found = architecture ? "'" + files::printableName(*architecture) + "'" : "none";
    if (expected == "gemma3" && architecture == "clip") {
        return Error{ErrorCode::Unsupported,
                     "this is the vision part (mmproj) of a model; open the text model and give this file with --mmproj",
                     file.source()};
    }
    return Error{ErrorCode::Unsupported, "general.architecture: expected '" + expected + "', found " + found, file.source()};
}

Result<config::Gemma3Config> readGgufConfig(const GgufFile& text, const GgufFile* mmproj, std::int64_t embeddingRows,
                                            const text::GgufVocabulary* vocabulary) {
    RETURN_IF_ERROR(checkGgufArchitecture(text, "gemma3"));
    ASSIGN_OR_RETURN(Json root, textJson(text, embeddingRows, vocabulary));
    if (mmproj != nullptr) {
        RETURN_IF_ERROR(checkProjector(*mmproj, root["hidden_size"].get<std::int64_t>()));
        ASSIGN_OR_RETURN(const Json vision, visionJson(*mmproj));
        ASSIGN_OR_RETURN(const std::int64_t tokens, tokensPerImage(*mmproj, vision));
        const Json eos = root["eos_token_id"];
        root = Json{{"model_type", "gemma3"},
                    {"text_config", std::move(root)},
                    {"vision_config", vision},
                    {"mm_tokens_per_image", tokens},
                    {"eos_token_id", eos}};
        root["boi_token_index"] = idOf(vocabulary, "<start_of_image>").value_or(255999);
        root["eoi_token_index"] = idOf(vocabulary, "<end_of_image>").value_or(256000);
        // The 64 extra embedding rows are not in a GGUF; the id stays, its row is never looked up (specification 1.1).
        root["image_token_index"] = idOf(vocabulary, "<image_soft_token>").value_or(262144);
    }
    auto config = config::parseGemma3Config(root);  // every bound of config.json holds here as well
    if (!config) return std::move(config).error().within(text.source());
    return std::move(*config);
}

Result<ImageProcessorSettings> readGgufImageProcessor(const GgufFile& mmproj, const config::Gemma3Config& config) {
    const ImageProcessorSettings defaults = defaultImageProcessor(config);
    Json root = Json::object();
    for (const auto& [key, name] :
         {std::pair("clip.vision.image_mean", "image_mean"), std::pair("clip.vision.image_std", "image_std")}) {
        ASSIGN_OR_RETURN(const auto values, mmproj.findNumbers(key));
        if (!values.empty()) root[name] = values;
    }
    return parseImageProcessor(root, defaults, mmproj.source());
}

}  // namespace lapidary::checkpoint
