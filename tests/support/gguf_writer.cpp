#include "tests/support/gguf_writer.h"

#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>

#include "core/data/files/block_format.h"
#include "core/data/files/gguf_file.h"
#include "kernels/quantize.h"
#include "tests/support/checkpoint_builder.h"

namespace lapidary::test {
namespace {

template <class T>
void put(std::string& bytes, T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void putString(std::string& bytes, const std::string& text) {
    put(bytes, static_cast<std::uint64_t>(text.size()));
    bytes += text;
}

std::string scalar(auto value) {
    std::string bytes;
    put(bytes, value);
    return bytes;
}

template <class T>
std::string arrayOf(files::GgufType type, const std::vector<T>& values) {
    std::string bytes;
    put(bytes, static_cast<std::uint32_t>(type));
    put(bytes, static_cast<std::uint64_t>(values.size()));
    for (const T& value : values) put(bytes, value);
    return bytes;
}

std::uint64_t padded(std::uint64_t size, std::uint64_t alignment) {
    return alignment == 0 ? size : (size + alignment - 1) / alignment * alignment;
}

std::uint32_t typeNumber(files::GgufType type) { return static_cast<std::uint32_t>(type); }

struct Rename {
    const char* canonical;
    const char* gguf;
};

// Specification 7.4 and 7.5; `%` stands for the layer.
constexpr Rename kNames[] = {
    {"language_model.model.embed_tokens.weight", "token_embd.weight"},
    {"language_model.model.norm.weight", "output_norm.weight"},
    {"language_model.lm_head.weight", "output.weight"},
    {"language_model.model.layers.%.input_layernorm.weight", "blk.%.attn_norm.weight"},
    {"language_model.model.layers.%.self_attn.q_proj.weight", "blk.%.attn_q.weight"},
    {"language_model.model.layers.%.self_attn.k_proj.weight", "blk.%.attn_k.weight"},
    {"language_model.model.layers.%.self_attn.v_proj.weight", "blk.%.attn_v.weight"},
    {"language_model.model.layers.%.self_attn.o_proj.weight", "blk.%.attn_output.weight"},
    {"language_model.model.layers.%.self_attn.q_norm.weight", "blk.%.attn_q_norm.weight"},
    {"language_model.model.layers.%.self_attn.k_norm.weight", "blk.%.attn_k_norm.weight"},
    {"language_model.model.layers.%.post_attention_layernorm.weight", "blk.%.post_attention_norm.weight"},
    {"language_model.model.layers.%.pre_feedforward_layernorm.weight", "blk.%.ffn_norm.weight"},
    {"language_model.model.layers.%.mlp.gate_proj.weight", "blk.%.ffn_gate.weight"},
    {"language_model.model.layers.%.mlp.up_proj.weight", "blk.%.ffn_up.weight"},
    {"language_model.model.layers.%.mlp.down_proj.weight", "blk.%.ffn_down.weight"},
    {"language_model.model.layers.%.post_feedforward_layernorm.weight", "blk.%.post_ffw_norm.weight"},
    {"vision_tower.vision_model.embeddings.patch_embedding.", "v.patch_embd."},
    {"vision_tower.vision_model.embeddings.position_embedding.", "v.position_embd."},
    {"vision_tower.vision_model.encoder.layers.%.layer_norm1.", "v.blk.%.ln1."},
    {"vision_tower.vision_model.encoder.layers.%.layer_norm2.", "v.blk.%.ln2."},
    {"vision_tower.vision_model.encoder.layers.%.self_attn.q_proj.", "v.blk.%.attn_q."},
    {"vision_tower.vision_model.encoder.layers.%.self_attn.k_proj.", "v.blk.%.attn_k."},
    {"vision_tower.vision_model.encoder.layers.%.self_attn.v_proj.", "v.blk.%.attn_v."},
    {"vision_tower.vision_model.encoder.layers.%.self_attn.out_proj.", "v.blk.%.attn_out."},
    {"vision_tower.vision_model.encoder.layers.%.mlp.fc1.", "v.blk.%.ffn_up."},
    {"vision_tower.vision_model.encoder.layers.%.mlp.fc2.", "v.blk.%.ffn_down."},
    {"vision_tower.vision_model.post_layernorm.", "v.post_ln."},
    {"multi_modal_projector.mm_soft_emb_norm.weight", "mm.soft_emb_norm.weight"},
    {"multi_modal_projector.mm_input_projection_weight", "mm.input_projection.weight"},
};

void addTensors(GgufBytes& file, const config::Gemma3Config& config, const GgufModelOptions& options,
                const std::function<bool(const plan::Parameter&)>& wanted) {
    for (const plan::Parameter& parameter : plan::parameterTable(config)) {
        if (!wanted(parameter)) continue;
        std::vector<float> values = seededValues(parameter, options.seed);
        if (isOffsetNorm(parameter)) {
            for (float& value : values) value += 1.0F;
        }
        std::string name = ggufName(parameter.name);
        if (options.swappedFeedForward && parameter.part == plan::Part::Vision) {
            const std::size_t up = name.find("ffn_up");
            const std::size_t down = name.find("ffn_down");
            if (up != std::string::npos) name.replace(up, 6, "ffn_down");
            if (down != std::string::npos) name.replace(down, 8, "ffn_up");
        }
        const kernels::BlockFormat format = ggufFormatOf(parameter, options.matrices);
        const std::int64_t cols = parameter.shape.back();
        file.addTensor(name, parameter.shape, files::ggmlTypeOf(format).value(),
                       encodeRows(format, values.data(), parameter.elements() / cols, cols));
    }
}

void writeBytes(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream out(path, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace

bool isOffsetNorm(const plan::Parameter& parameter) {
    return parameter.kind == plan::Kind::Norm &&
           parameter.part != plan::Part::Vision;  // SigLIP's LayerNorms are stored as they are
}

void addVocabulary(GgufBytes& file, std::int64_t size) {
    const bool gemmaSize = size >= 256001;
    std::vector<std::string> pieces(static_cast<std::size_t>(size));
    std::vector<std::int32_t> types(pieces.size(), 1);
    const auto put = [&](std::int64_t id, const std::string& piece, std::int32_t type) {
        if (id >= size) return;
        pieces[static_cast<std::size_t>(id)] = piece;
        types[static_cast<std::size_t>(id)] = type;
    };
    for (std::int64_t id = 0; id < size; ++id) put(id, "\xE2\x96\x81t" + std::to_string(id), 1);
    const char* const first[] = {"<pad>", "<eos>", "<bos>", "<unk>"};
    for (int id = 0; id < 4; ++id) put(id, first[id], id == 3 ? 2 : 3);
    for (int byte = 0; byte < 256; ++byte) {
        char name[8];
        std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(byte));
        put((gemmaSize ? 238 : 4) + byte, name, 6);
    }
    put(gemmaSize ? 255999 : 260, "<start_of_image>", 3);
    put(gemmaSize ? 256000 : 261, "<end_of_image>", 3);
    if (!gemmaSize) put(262, "<image_soft_token>", 3);
    put(gemmaSize ? 105 : 264, "<start_of_turn>", 3);
    put(gemmaSize ? 106 : 265, "<end_of_turn>", 3);
    std::vector<float> scores(pieces.size());
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = -static_cast<float>(i);
    file.addString("tokenizer.ggml.model", "llama");
    file.addString("tokenizer.ggml.pre", "default");
    file.addStrings("tokenizer.ggml.tokens", pieces);
    file.addF32s("tokenizer.ggml.scores", scores);
    file.addI32s("tokenizer.ggml.token_type", types);
    file.addU32("tokenizer.ggml.bos_token_id", 2);
    file.addU32("tokenizer.ggml.eos_token_id", 1);
    file.addU32("tokenizer.ggml.unknown_token_id", 3);
    file.addU32("tokenizer.ggml.padding_token_id", 0);
    file.addBool("tokenizer.ggml.add_bos_token", true);
    file.addBool("tokenizer.ggml.add_eos_token", false);
    file.addBool("tokenizer.ggml.add_space_prefix", false);
}

void GgufBytes::addString(const std::string& key, const std::string& value) {
    std::string bytes;
    putString(bytes, value);
    addRawValue(key, typeNumber(files::GgufType::String), bytes);
}
void GgufBytes::addU32(const std::string& key, std::uint32_t value) {
    addRawValue(key, typeNumber(files::GgufType::U32), scalar(value));
}
void GgufBytes::addF32(const std::string& key, float value) {
    addRawValue(key, typeNumber(files::GgufType::F32), scalar(value));
}
void GgufBytes::addBool(const std::string& key, bool value) {
    addRawValue(key, typeNumber(files::GgufType::Bool), std::string(1, value ? '\1' : '\0'));
}
void GgufBytes::addF32s(const std::string& key, const std::vector<float>& values) {
    addRawValue(key, typeNumber(files::GgufType::Array), arrayOf(files::GgufType::F32, values));
}
void GgufBytes::addI32s(const std::string& key, const std::vector<std::int32_t>& values) {
    addRawValue(key, typeNumber(files::GgufType::Array), arrayOf(files::GgufType::I32, values));
}
void GgufBytes::addStrings(const std::string& key, const std::vector<std::string>& values) {
    std::string bytes;
    put(bytes, typeNumber(files::GgufType::String));
    put(bytes, static_cast<std::uint64_t>(values.size()));
    for (const std::string& value : values) putString(bytes, value);
    addRawValue(key, typeNumber(files::GgufType::Array), bytes);
}

void GgufBytes::addRawValue(const std::string& key, std::uint32_t type, std::string_view bytes) {
    putString(m_values, key);
    put(m_values, type);
    m_values += bytes;
    ++m_valueCount;
}

void GgufBytes::addTensor(const std::string& name, const std::vector<std::int64_t>& shape, std::uint32_t ggmlType,
                          std::string bytes) {
    const std::uint64_t size = bytes.size();
    m_tensors.push_back({name, shape, ggmlType, std::move(bytes), size});
}

void GgufBytes::declareTensor(const std::string& name, const std::vector<std::int64_t>& shape, std::uint32_t ggmlType,
                              std::uint64_t sizeBytes) {
    m_tensors.push_back({name, shape, ggmlType, {}, sizeBytes});
}

std::string GgufBytes::header() const {
    std::string bytes = "GGUF";
    put(bytes, version);
    put(bytes, static_cast<std::uint64_t>(m_tensors.size()));
    put(bytes, m_valueCount);
    bytes += m_values;
    std::uint64_t offset = 0;
    for (const Tensor& tensor : m_tensors) {
        putString(bytes, tensor.name);
        put(bytes, static_cast<std::uint32_t>(tensor.shape.size()));
        for (auto dimension = tensor.shape.rbegin(); dimension != tensor.shape.rend(); ++dimension)
            put(bytes, static_cast<std::uint64_t>(*dimension));
        put(bytes, tensor.type);
        put(bytes, offset);
        offset += padded(tensor.sizeBytes, alignment);
    }
    bytes.resize(padded(bytes.size(), alignment), '\0');
    return bytes;
}

std::string GgufBytes::finish() const {
    std::string bytes = header();
    for (const Tensor& tensor : m_tensors) {
        bytes += tensor.bytes;
        bytes.append(padded(tensor.sizeBytes, alignment) - tensor.bytes.size(), '\0');
    }
    return bytes;
}

std::string ggufName(const std::string& canonicalName) {
    std::string name = canonicalName;
    if (name.starts_with("model.") || name == "lm_head.weight") name = "language_model." + name;
    for (const Rename& rename : kNames) {
        const std::string_view pattern = rename.canonical;
        const std::size_t star = pattern.find('%');
        if (star == std::string_view::npos) {
            if (name.starts_with(pattern)) return rename.gguf + name.substr(pattern.size());
            continue;
        }
        if (!name.starts_with(pattern.substr(0, star))) continue;
        const std::size_t dot = name.find('.', star);
        if (dot == std::string::npos || name.compare(dot, pattern.size() - star - 1, pattern.substr(star + 1)) != 0) continue;
        std::string result = rename.gguf;
        result.replace(result.find('%'), 1, name.substr(star, dot - star));
        return result + name.substr(dot + pattern.size() - star - 1);
    }
    return "";
}

kernels::BlockFormat ggufFormatOf(const plan::Parameter& parameter, kernels::BlockFormat matrices) {
    const bool matrix = parameter.kind == plan::Kind::Matrix || parameter.kind == plan::Kind::Embedding;
    if (!matrix) return kernels::BlockFormat::F32;
    return kernels::rowBytes(matrices, parameter.shape.back()) ? matrices : kernels::BlockFormat::F16;
}

std::string encodeRows(kernels::BlockFormat format, const float* values, std::int64_t rows, std::int64_t cols) {
    if (kernels::isPlain(format))
        return encodeValues(kernels::formatName(format), values, static_cast<std::size_t>(rows * cols));
    const std::int64_t rowBytes = kernels::rowBytes(format, cols).value();
    std::string bytes(static_cast<std::size_t>(rows * rowBytes), '\0');
    for (std::int64_t row = 0; row < rows; ++row) {
        kernels::quantizeRow(format, values + row * cols, reinterpret_cast<std::byte*>(bytes.data()) + row * rowBytes, cols);
    }
    return bytes;
}

void addTextMetadata(GgufBytes& file, const config::Gemma3Config& config) {
    const config::TextConfig& text = config.text;
    const auto u32 = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
    file.addString("general.architecture", "gemma3");
    file.addString("general.name", "seeded random model");
    file.addU32("gemma3.context_length", u32(text.maxPositionEmbeddings));
    file.addU32("gemma3.embedding_length", u32(text.hiddenSize));
    file.addU32("gemma3.block_count", u32(text.numHiddenLayers));
    file.addU32("gemma3.feed_forward_length", u32(text.intermediateSize));
    file.addU32("gemma3.attention.head_count", u32(text.numAttentionHeads));
    file.addU32("gemma3.attention.head_count_kv", u32(text.numKeyValueHeads));
    file.addU32("gemma3.attention.key_length", u32(text.headDim));
    file.addU32("gemma3.attention.value_length", u32(text.headDim));
    file.addF32("gemma3.attention.layer_norm_rms_epsilon", static_cast<float>(text.rmsNormEps));
    file.addU32("gemma3.attention.sliding_window", u32(text.slidingWindow));
    file.addF32("gemma3.rope.freq_base", static_cast<float>(text.fullRope.theta));
    if (text.fullRope.factor != 1.0) {
        file.addString("gemma3.rope.scaling.type", "linear");
        file.addF32("gemma3.rope.scaling.factor", static_cast<float>(text.fullRope.factor));
    }
}

void writeTextGguf(const std::filesystem::path& path, const config::Gemma3Config& config, const GgufModelOptions& options) {
    GgufBytes file;
    addTextMetadata(file, config);
    if (options.vocabulary) addVocabulary(file, config.text.vocabSize);
    addTensors(file, config, options, [](const plan::Parameter& parameter) { return parameter.part == plan::Part::Language; });
    writeBytes(path, file.finish());
}

void addMmprojMetadata(GgufBytes& file, const config::Gemma3Config& config) {
    const config::VisionConfig& vision = config.vision.value();
    const auto u32 = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
    file.addString("general.architecture", "clip");
    file.addString("general.type", "mmproj");
    file.addBool("clip.has_vision_encoder", true);
    file.addString("clip.projector_type", "gemma3");
    file.addU32("clip.vision.image_size", u32(vision.imageSize));
    file.addU32("clip.vision.patch_size", u32(vision.patchSize));
    file.addU32("clip.vision.embedding_length", u32(vision.hiddenSize));
    file.addU32("clip.vision.feed_forward_length", u32(vision.intermediateSize));
    file.addU32("clip.vision.block_count", u32(vision.numHiddenLayers));
    file.addU32("clip.vision.attention.head_count", u32(vision.numAttentionHeads));
    file.addF32("clip.vision.attention.layer_norm_epsilon", static_cast<float>(vision.layerNormEps));
    file.addU32("clip.vision.projection_dim", u32(config.text.hiddenSize));
    file.addF32s("clip.vision.image_mean", {0.5F, 0.5F, 0.5F});
    file.addF32s("clip.vision.image_std", {0.5F, 0.5F, 0.5F});
    file.addBool("clip.use_gelu", true);
    std::int64_t side = 1;  // soft tokens along a side of the picture
    while (side * side < config.mmTokensPerImage) ++side;
    file.addU32("clip.vision.projector.scale_factor", u32(vision.patchesPerSide() / side));
}

void writeMmprojGguf(const std::filesystem::path& path, const config::Gemma3Config& config, const GgufModelOptions& options) {
    GgufBytes file;
    addMmprojMetadata(file, config);
    addTensors(file, config, options, [](const plan::Parameter& parameter) { return parameter.part != plan::Part::Language; });
    writeBytes(path, file.finish());
}

}  // namespace lapidary::test
