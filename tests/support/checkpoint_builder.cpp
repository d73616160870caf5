#include "tests/support/checkpoint_builder.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/data/files/safetensors_writer.h"
#include "kernels/reference/half.h"

namespace lapidary::test {
namespace {

constexpr std::string_view kTextPrefix = "language_model.model.";
constexpr std::string_view kVisionPrefix = "vision_tower.vision_model.";

// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014): a counter in, well-mixed bits out.
std::uint64_t splitMix(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31U);
}

// FNV-1a, so that values do not depend on the standard library's hash.
std::uint64_t hashOf(std::string_view text) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return hash;
}

bool isVisionNorm(const plan::Parameter& parameter) {
    return parameter.part == plan::Part::Vision && parameter.kind == plan::Kind::Norm;
}

float standardDeviation(const plan::Parameter& parameter) {
    switch (parameter.kind) {
        case plan::Kind::Norm: return 0.1F;
        case plan::Kind::Bias: return 0.02F;
        case plan::Kind::Positions: return 0.1F;
        default: break;
    }
    // Values that a product sums over; the projector's matrix is [in, out], every other one [out, in].
    std::int64_t fanIn = 1;
    if (parameter.part == plan::Part::Projection) {
        fanIn = parameter.shape.front();
    } else {
        for (std::size_t i = 1; i < parameter.shape.size(); ++i) fanIn *= parameter.shape[i];
    }
    return 1.0F / std::sqrt(static_cast<float>(std::max<std::int64_t>(fanIn, 1)));
}

void writeText(const std::filesystem::path& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    if (!out) throw std::runtime_error("cannot write " + path.string());
}

using Tensors = std::map<std::string, std::pair<plan::Parameter, std::vector<float>>>;

void writeShard(const std::filesystem::path& path, const std::vector<const Tensors::value_type*>& tensors,
                const std::string& dtype) {
    std::vector<std::string> data;
    std::vector<files::TensorToWrite> list;
    data.reserve(tensors.size());
    for (const Tensors::value_type* entry : tensors) {
        const auto& [parameter, values] = entry->second;
        data.push_back(encodeValues(dtype, values.data(), values.size()));
        list.push_back({{entry->first, dtype, parameter.shape}, std::as_bytes(std::span(data.back()))});
    }
    if (auto written = files::writeSafetensors(path, list); !written) throw std::runtime_error(written.error().toString());
}

void writeWeights(const std::filesystem::path& folder, const Tensors& tensors, const BuildOptions& options) {
    std::vector<std::vector<const Tensors::value_type*>> shards(static_cast<std::size_t>(options.shards));
    std::size_t index = 0;  // a layer's tensors may straddle shards, so they are dealt by count
    for (const auto& entry : tensors) shards[index++ * shards.size() / tensors.size()].push_back(&entry);
    if (shards.size() == 1) return writeShard(folder / "model.safetensors", shards.front(), options.dtype);
    nlohmann::json map = nlohmann::json::object();
    std::int64_t totalBytes = 0;
    for (std::size_t i = 0; i < shards.size(); ++i) {
        char name[64];
        std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", i + 1, shards.size());
        writeShard(folder / name, shards[i], options.dtype);
        for (const Tensors::value_type* entry : shards[i]) {
            map[entry->first] = name;
            totalBytes += static_cast<std::int64_t>(entry->second.second.size()) * (options.dtype == "F32" ? 4 : 2);
        }
    }
    const nlohmann::json root{{"metadata", {{"total_size", totalBytes}}}, {"weight_map", map}};
    writeText(folder / "model.safetensors.index.json", root.dump(1));
}

}  // namespace

config::Gemma3Config tinyTextConfig() {
    config::Gemma3Config config;
    config::TextConfig& text = config.text;
    text.vocabSize = 264;
    text.hiddenSize = 32;
    text.intermediateSize = 48;
    text.numHiddenLayers = 6;
    text.numAttentionHeads = 4;
    text.numKeyValueHeads = 2;
    text.headDim = 8;
    text.queryPreAttnScalar = 8.0;
    text.maxPositionEmbeddings = 512;
    text.slidingWindow = 8;
    text.layerTypes.assign(6, config::LayerType::SlidingAttention);
    text.layerTypes.back() = config::LayerType::FullAttention;
    config.dtype = "float32";
    return config;
}

config::Gemma3Config tinyVisionConfig() {
    config::Gemma3Config config = tinyTextConfig();
    config::VisionConfig vision;
    vision.hiddenSize = 16;
    vision.intermediateSize = 24;
    vision.numHiddenLayers = 2;
    vision.numAttentionHeads = 2;
    vision.imageSize = 56;
    vision.patchSize = 14;
    config.vision = vision;
    config.mmTokensPerImage = 4;
    config.boiTokenIndex = 260;
    config.eoiTokenIndex = 261;
    config.imageTokenIndex = 262;
    return config;
}

std::string nameIn(Naming naming, const std::string& canonicalName) {
    const bool flatVision = naming == Naming::StateDict56 || naming == Naming::HubFlatVision;
    const bool inModel = naming == Naming::StateDict452 || naming == Naming::StateDict56;
    const std::string_view name = canonicalName;
    if (name.starts_with(kTextPrefix)) {
        const std::string suffix(name.substr(kTextPrefix.size()));
        if (inModel) return "model.language_model." + suffix;
        return naming == Naming::BaseModel ? "language_model." + suffix : canonicalName;
    }
    if (name == "language_model.lm_head.weight")
        return inModel || naming == Naming::BaseModel ? "lm_head.weight" : canonicalName;
    if (name.starts_with(kVisionPrefix)) {
        const std::string rest = flatVision ? "vision_tower." + std::string(name.substr(kVisionPrefix.size())) : canonicalName;
        return inModel ? "model." + rest : rest;
    }
    if (name.starts_with("multi_modal_projector.")) return inModel ? "model." + canonicalName : canonicalName;
    if (naming == Naming::BareText && name.starts_with("model.")) return canonicalName.substr(6);
    return canonicalName;
}

void seededValues(const plan::Parameter& parameter, std::uint64_t seed, std::int64_t begin, std::int64_t count, float* out) {
    const std::uint64_t stream = splitMix(seed ^ hashOf(parameter.name));
    // Uniform on [-sqrt(3) s, sqrt(3) s) has standard deviation s and no outliers.
    const float scale = standardDeviation(parameter) * std::sqrt(3.0F) * 0x1p-31F;
    const float centre = isVisionNorm(parameter) ? 1.0F : 0.0F;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::uint64_t index = static_cast<std::uint64_t>(begin + i);
        const std::uint64_t bits = splitMix(stream + index / 2);
        const auto half = static_cast<std::int32_t>(static_cast<std::uint32_t>(index % 2 == 0 ? bits : bits >> 32U));
        out[i] = centre + scale * static_cast<float>(half);
    }
}

std::vector<float> seededValues(const plan::Parameter& parameter, std::uint64_t seed) {
    std::vector<float> values(static_cast<std::size_t>(parameter.elements()));
    seededValues(parameter, seed, 0, parameter.elements(), values.data());
    return values;
}

std::string encodeValues(const std::string& dtype, const float* values, std::size_t count) {
    const bool wide = dtype == "F32";
    std::string bytes(count * (wide ? 4 : 2), '\0');
    if (wide) {
        std::memcpy(bytes.data(), values, bytes.size());
        return bytes;
    }
    if (dtype != "BF16" && dtype != "F16") throw std::runtime_error("cannot write the dtype " + dtype);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint16_t half =
            dtype == "BF16" ? kernels::reference::floatToBfloat16(values[i]) : kernels::reference::floatToHalf(values[i]);
        std::memcpy(bytes.data() + 2 * i, &half, sizeof half);
    }
    return bytes;
}

void writeConfigFiles(const std::filesystem::path& folder, const config::Gemma3Config& given, const std::string& dtype) {
    config::Gemma3Config config = given;
    config.dtype = dtype == "F32" ? "float32" : dtype == "F16" ? "float16" : "bfloat16";
    writeText(folder / "config.json", config::toJson(config).dump(2));
    const nlohmann::json generation{
        {"bos_token_id", 2}, {"eos_token_id", config.text.eosTokenIds}, {"pad_token_id", 0}, {"do_sample", false}};
    writeText(folder / "generation_config.json", generation.dump(2));
    if (!config.vision) return;
    const std::int64_t size = config.vision->imageSize;
    const nlohmann::json picture{{"image_processor_type", "Gemma3ImageProcessor"},
                                 {"do_resize", true},
                                 {"do_rescale", true},
                                 {"do_normalize", true},
                                 {"do_convert_rgb", nullptr},
                                 {"do_pan_and_scan", nullptr},
                                 {"image_mean", {0.5, 0.5, 0.5}},
                                 {"image_std", {0.5, 0.5, 0.5}},
                                 {"resample", 2},
                                 {"rescale_factor", 1.0 / 255.0},
                                 {"image_seq_length", config.mmTokensPerImage},
                                 {"size", {{"height", size}, {"width", size}}}};
    writeText(folder / "preprocessor_config.json", picture.dump(2));
}

void buildCheckpoint(const std::filesystem::path& folder, const config::Gemma3Config& config, const BuildOptions& options) {
    std::filesystem::create_directories(folder);
    Tensors tensors;
    for (const plan::Parameter& parameter : plan::parameterTable(config, options.untiedHead)) {
        tensors[nameIn(options.naming, parameter.name)] = {parameter, seededValues(parameter, options.seed)};
    }
    if (options.edit) options.edit(tensors);
    writeWeights(folder, tensors, options);
    if (options.writeConfig) writeConfigFiles(folder, config, options.dtype);
}

}  // namespace lapidary::test
