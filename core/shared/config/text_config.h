// Sizes and constants of the Gemma 3 language model, as resolved from any style of config.json (specification 1.2-1.4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lapidary::config {

enum class LayerType : std::uint8_t { SlidingAttention, FullAttention };

// Rotary embedding of one layer type.  `factor` divides the inverse frequencies (linear scaling); 1 is none.
struct RopeParameters {
    double theta = 10000.0;
    double factor = 1.0;
    bool operator==(const RopeParameters&) const = default;
};

struct TextConfig {
    std::int64_t vocabSize = 262208;  // rows of the embedding
    std::int64_t hiddenSize = 2304;
    std::int64_t intermediateSize = 9216;
    std::int64_t numHiddenLayers = 26;
    std::int64_t numAttentionHeads = 8;
    std::int64_t numKeyValueHeads = 4;
    std::int64_t headDim = 256;
    std::int64_t maxPositionEmbeddings = 131072;
    std::int64_t slidingWindow = 4096;  // as stored; see effectiveWindow()
    double rmsNormEps = 1e-6;
    double queryPreAttnScalar = 256.0;
    double initializerRange = 0.02;
    std::string hiddenActivation = "gelu_pytorch_tanh";
    bool attentionBias = false;
    bool tieWordEmbeddings = true;
    bool useBidirectionalAttention = false;              // EmbeddingGemma
    std::optional<double> finalLogitSoftcapping;         // applied by the text-only class alone (specification 2.7)
    std::vector<LayerType> layerTypes;                   // one a layer
    RopeParameters fullRope{1000000.0, 1.0};
    RopeParameters slidingRope{10000.0, 1.0};
    std::int64_t padTokenId = 0;
    std::int64_t bosTokenId = 2;
    std::vector<std::int64_t> eosTokenIds{1};

    // Attention scale: query_pre_attn_scalar^-0.5 (not head_dim^-0.5: 27B differs).
    [[nodiscard]] double attentionScale() const;
    // Keys a sliding query may look back on, itself included; halved plus one when attention is bidirectional (1.4, step 7).
    [[nodiscard]] std::int64_t effectiveWindow() const;
    [[nodiscard]] const RopeParameters& rope(LayerType type) const {
        return type == LayerType::FullAttention ? fullRope : slidingRope;
    }
    bool operator==(const TextConfig&) const = default;
};

}  // namespace lapidary::config
