#include "core/shared/config/released_sizes.h"

#include <array>

namespace lapidary::config {
namespace {

struct Size {
    const char* name;
    std::int64_t hidden, layers, heads, keyValueHeads, headDim, intermediate, vocab, window;
    double queryPreAttnScalar, ropeFactor;
    std::int64_t positions;
    bool vision;
};

// Specification 1.1, column by column.
constexpr std::array<Size, 5> kSizes{{
    {"270m", 640, 18, 4, 1, 256, 2048, 262144, 512, 256, 1, 32768, false},
    {"1b", 1152, 26, 4, 1, 256, 6912, 262144, 512, 256, 1, 32768, false},
    {"4b", 2560, 34, 8, 4, 256, 10240, 262208, 1024, 256, 8, 131072, true},
    {"12b", 3840, 48, 16, 8, 256, 15360, 262208, 1024, 256, 8, 131072, true},
    {"27b", 5376, 62, 32, 16, 128, 21504, 262208, 1024, 168, 8, 131072, true},
}};

Gemma3Config build(const Size& size) {
    Gemma3Config config;
    TextConfig& text = config.text;
    text.vocabSize = size.vocab;
    text.hiddenSize = size.hidden;
    text.intermediateSize = size.intermediate;
    text.numHiddenLayers = size.layers;
    text.numAttentionHeads = size.heads;
    text.numKeyValueHeads = size.keyValueHeads;
    text.headDim = size.headDim;
    text.maxPositionEmbeddings = size.positions;
    text.slidingWindow = size.window;
    text.queryPreAttnScalar = size.queryPreAttnScalar;
    text.fullRope.factor = size.ropeFactor;
    text.eosTokenIds = {1, 106};
    for (std::int64_t i = 0; i < size.layers; ++i) {
        text.layerTypes.push_back((i + 1) % 6 == 0 ? LayerType::FullAttention : LayerType::SlidingAttention);
    }
    if (size.vision) config.vision = VisionConfig{1152, 4304, 27, 16, 3, 896, 14, 1e-6};
    return config;
}

}  // namespace

std::vector<std::string> releasedSizes() {
    std::vector<std::string> names;
    names.reserve(std::size(kSizes));
    for (const Size& size : kSizes) names.emplace_back(size.name);
    return names;
}

Result<Gemma3Config> releasedConfig(std::string_view name) {
    for (const Size& size : kSizes) {
        if (name == size.name) return build(size);
    }
    return Error{ErrorCode::NotFound,
                 "no released Gemma 3 size '" + std::string(name.substr(0, 40)) + "'; expected 270m, 1b, 4b, 12b or 27b", ""};
}

}  // namespace lapidary::config
