#include "core/shared/plan/memory_forecast.h"

#include <algorithm>
#include <array>

namespace lapidary::plan {
namespace {

constexpr std::int64_t kBfloat16Bytes = 2;

// Elements alive at once for one token of a chunk: the residual, the normed input and the block's output; beside them either
// queries, keys, values and the attention's output, or gate, up and their product.
std::int64_t textElementsPerToken(const config::TextConfig& text) {
    const std::int64_t attention = (2 * text.numAttentionHeads + 2 * text.numKeyValueHeads) * text.headDim;
    return 3 * text.hiddenSize + std::max(attention, 3 * text.intermediateSize);
}

// The same for one patch; the tower's attention walks blocks of keys, so no square of scores is counted.
std::int64_t visionElementsPerPatch(const config::VisionConfig& vision) {
    return 3 * vision.hiddenSize + std::max(4 * vision.hiddenSize, 2 * vision.intermediateSize);
}

}  // namespace

std::int64_t MemoryForecast::totalBytes() const {
    std::int64_t total = 0;
    for (const Item& item : items) total += item.bytes;
    return total;
}

std::int64_t MemoryForecast::bytesOf(const std::string& name) const {
    const auto item = std::find_if(items.begin(), items.end(), [&](const Item& candidate) { return candidate.name == name; });
    return item == items.end() ? 0 : item->bytes;
}

MemoryForecast forecastMemory(const config::Gemma3Config& config, const ForecastSettings& settings) {
    std::array<std::int64_t, 3> weights{};
    for (const Parameter& parameter : parameterTable(config, settings.untiedHead)) {
        weights[static_cast<std::size_t>(parameter.part)] +=
            settings.weightBytes ? settings.weightBytes(parameter) : parameter.elements() * kBfloat16Bytes;
    }
    const std::int64_t rows = std::max<std::int64_t>(settings.rows, 1);
    const std::int64_t chunk =
        std::clamp<std::int64_t>(settings.cache.chunkTokens, 1, std::max<std::int64_t>(settings.cache.contextTokens, 1));
    MemoryForecast forecast;
    for (const Part part : {Part::Language, Part::Vision, Part::Projection}) {
        if (part != Part::Language && !config.vision) continue;
        forecast.items.push_back({std::string(partName(part)) + " weights", weights[static_cast<std::size_t>(part)]});
    }
    forecast.items.push_back({"kv cache", rows * planKvCache(config.text, settings.cache).totalBytes()});
    // Logits are float32 whatever the activations are.
    forecast.items.push_back({"activations", rows * (chunk * textElementsPerToken(config.text) * settings.activationBytes +
                                                     config.text.vocabSize * std::int64_t{4})});
    if (config.vision) {
        forecast.items.push_back({"vision activations", config.vision->numPatches() * visionElementsPerPatch(*config.vision) *
                                                            settings.activationBytes});
    }
    return forecast;
}

}  // namespace lapidary::plan
