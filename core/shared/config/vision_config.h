// Sizes of the SigLIP tower (specification 1.1, 4.1).  Defaults are transformers' SiglipVisionConfig, not Gemma's values.
#pragma once

#include <cstdint>

namespace lapidary::config {

struct VisionConfig {
    std::int64_t hiddenSize = 768;
    std::int64_t intermediateSize = 3072;
    std::int64_t numHiddenLayers = 12;
    std::int64_t numAttentionHeads = 12;
    std::int64_t numChannels = 3;
    std::int64_t imageSize = 224;
    std::int64_t patchSize = 16;
    double layerNormEps = 1e-6;

    [[nodiscard]] std::int64_t headDim() const { return hiddenSize / numAttentionHeads; }
    [[nodiscard]] std::int64_t patchesPerSide() const { return imageSize / patchSize; }
    [[nodiscard]] std::int64_t numPatches() const { return patchesPerSide() * patchesPerSide(); }
    bool operator==(const VisionConfig&) const = default;
};

}  // namespace lapidary::config
