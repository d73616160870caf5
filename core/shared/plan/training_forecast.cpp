#include "core/shared/plan/training_forecast.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "core/shared/plan/recipe_rules.h"

namespace lapidary::plan {
namespace {

using std::int64_t;

constexpr int64_t kFloat = 4;
constexpr int64_t kBfloat16 = 2;

// Numbers that learn, by what the optimizer does with them.
struct Learning {
    int64_t numbers = 0;
    int64_t large = 0;    // of tensors that may have eight-bit states
    int64_t largest = 0;  // numbers of the largest tensor

    void add(int64_t elements, const TrainingCosts& costs) {
        numbers += elements;
        if (elements >= costs.eightBitSmallest) large += elements;
        largest = std::max(largest, elements);
    }
    [[nodiscard]] int64_t stateBytes(const TrainingForecastSettings& settings) const {
        if (settings.states == StateDtype::Float32) return 2 * kFloat * numbers;
        return 2 * kFloat * (numbers - large) + 2 * large + 2 * kFloat * (large / settings.costs.eightBitBlock);
    }
};

class Forecaster {
public:
    Forecaster(const config::Gemma3Config& config, const TrainingForecastSettings& settings)
        : m_text(config.text),
          m_vision(config.vision),
          m_config(config),
          m_settings(settings),
          m_tokens(settings.rows * settings.tokens),
          m_element(settings.precision == Precision::Float32 ? kFloat : kBfloat16) {}

    TrainingForecast forecast() {
        countWeights();
        const int64_t mapped = m_mapped;
        put("trained weights", m_weights.numbers * m_element + m_copied);
        if (m_settings.precision == Precision::Bfloat16Mixed) put("master weights", m_weights.numbers * kFloat);
        put("gradients", m_weights.numbers * kFloat);
        put("optimizer states", m_weights.stateBytes(m_settings));
        put("adapter", adapterBytes());
        put("activations", activations());
        put("vision activations", visionActivations());
        put("logits", logits());
        put("working memory", workingMemory());
        // The allocator gives back in pages and keeps what it may need again.
        const auto kept = static_cast<int64_t>(
            std::llround(static_cast<double>(m_memory.totalBytes()) * (m_settings.costs.allocatorOverhead - 1.0)));
        put("program", m_settings.costs.programBytes + kept);
        return {std::move(m_memory), mapped, m_weights.numbers + m_adapterNumbers};
    }

private:
    void put(const char* name, int64_t bytes) {
        if (bytes > 0) m_memory.items.push_back({name, bytes});
    }

    [[nodiscard]] bool saved(const Parameter& parameter) const {
        if (m_settings.adapter == nullptr) return false;
        const auto& list = m_settings.adapter->saved;
        return std::any_of(list.begin(), list.end(), [&](const Parameter& each) { return each.name == parameter.name; });
    }

    void countWeights() {
        for (const Parameter& parameter : parameterTable(m_config, m_settings.untiedHead)) {
            const int64_t stored =
                m_settings.weightBytes ? m_settings.weightBytes(parameter) : parameter.elements() * kBfloat16;
            if (m_settings.freeze.trainsWeights(parameter.part) || saved(parameter)) {
                m_weights.add(parameter.elements(), m_settings.costs);
                if (parameter.kind == Kind::Embedding) m_embeddingLearns = true;
                continue;
            }
            const bool small =
                parameter.kind == Kind::Norm || parameter.kind == Kind::Bias || parameter.kind == Kind::Positions;
            const bool isFloat = stored == parameter.elements() * kFloat;
            if (small && !isFloat)
                m_copied += parameter.elements() * kFloat;
            else
                m_mapped += stored;
        }
    }

    int64_t adapterBytes() {
        if (m_settings.adapter == nullptr) return 0;
        Learning learning;
        for (const AdapterTarget& target : m_settings.adapter->targets) {
            learning.add(target.r * target.in, m_settings.costs);
            learning.add(target.r * target.out, m_settings.costs);
            if (m_settings.adapterKind == AdapterKind::Dora) learning.add(target.out, m_settings.costs);
        }
        m_adapterNumbers = learning.numbers;
        return learning.numbers * 2 * kFloat + learning.stateBytes(m_settings);  // weight and gradient
    }

    [[nodiscard]] bool textLearns() const { return m_settings.freeze.language != Training::Frozen; }
    // Gradients flow back through the language model to a projection or tower that learns, also where it is frozen itself.
    [[nodiscard]] bool textRecords() const {
        const bool picturesLearn =
            m_settings.freeze.vision != Training::Frozen || m_settings.freeze.projection != Training::Frozen;
        return textLearns() || (picturesLearn && m_settings.views > 0);
    }

    // What the deltas of one part keep of one token, summed over all layers: their inputs where several share one, A·x, and what
    // dropout and DoRA add.
    [[nodiscard]] int64_t deltaElements(Part part) const {
        if (m_settings.adapter == nullptr) return 0;
        int64_t elements = 0;
        for (const AdapterTarget& target : m_settings.adapter->targets) {
            if (target.part != part) continue;
            const std::string_view name = target.module;
            const bool shares = name.ends_with("k_proj") || name.ends_with("v_proj") || name.ends_with("up_proj");
            elements += (shares ? 0 : target.in) + target.r;
            if (m_settings.adapterDropout > 0.0) elements += 2 * target.in;
            if (m_settings.adapterKind == AdapterKind::Dora) elements += 2 * target.out;
        }
        return elements;
    }

    // Elements that one token leaves in one decoder layer.
    [[nodiscard]] int64_t textElements() const {
        const int64_t hidden = m_text.hiddenSize, queries = m_text.numAttentionHeads * m_text.headDim;
        const int64_t keys = m_text.numKeyValueHeads * m_text.headDim, width = m_text.intermediateSize;
        int64_t elements = 4 * hidden + 2 * queries + 3 * keys + 2 * width;
        if (m_settings.freeze.language == Training::Full) elements += 2 * hidden + queries + width;
        // The norms by whole operations keep x and its normed value as float32.
        if (m_element == kBfloat16) elements += 2 * (4 * hidden + queries + keys);
        return elements;
    }

    [[nodiscard]] int64_t activations() const {
        const int64_t embedded =
            2 * m_tokens * m_text.hiddenSize * m_element;  // looked up, and with the pictures' features in it
        if (!textRecords()) return embedded + m_tokens * textElements() * m_element;
        const int64_t layers = m_text.numHiddenLayers;
        const int64_t whole = m_tokens * (layers * textElements() + deltaElements(Part::Language)) * m_element;
        if (!m_settings.activationCheckpointing) return embedded + whole;
        return embedded + m_tokens * layers * m_text.hiddenSize * m_element + whole / layers;
    }

    // Elements that one patch leaves in one layer of the tower.
    [[nodiscard]] int64_t visionElements() const {
        return 9 * m_vision->hiddenSize + 2 * m_vision->intermediateSize + m_vision->numAttentionHeads;
    }

    [[nodiscard]] int64_t visionActivations() const {
        if (!m_vision || m_settings.views == 0) return 0;
        const config::VisionConfig& vision = *m_vision;
        const int64_t views = m_settings.views, hidden = vision.hiddenSize;
        const int64_t projected = views * m_config.mmTokensPerImage * (2 * hidden + 2 * m_text.hiddenSize) * m_element;
        if (m_settings.visionStatesCached) return projected;
        const int64_t pixels = 2 * views * vision.numChannels * vision.imageSize * vision.imageSize * kFloat;
        const int64_t patches = vision.numPatches() * m_settings.costs.viewsAtOnce;
        const int64_t inFlight = patches * (3 * hidden + std::max(4 * hidden, 2 * vision.intermediateSize)) * m_element;
        if (m_settings.freeze.vision == Training::Frozen) return projected + pixels + inFlight;
        const int64_t kept =
            views * vision.numPatches() * (vision.numHiddenLayers * visionElements() + deltaElements(Part::Vision)) * m_element;
        if (!m_settings.activationCheckpointing) return projected + pixels + kept + inFlight;
        const int64_t entering = views * vision.numPatches() * vision.numHiddenLayers * hidden * m_element;
        return projected + pixels + entering + kept / std::max<int64_t>(1, vision.numHiddenLayers * views) + inFlight;
    }

    [[nodiscard]] int64_t logits() const {
        const int64_t rows = std::clamp<int64_t>(m_settings.lossBlockBytes / (kFloat * m_text.vocabSize), 1,
                                                 std::max<int64_t>(1, m_settings.answerTokens));
        const int64_t headRows = std::min(m_settings.costs.headRows, m_text.vocabSize);
        const int64_t head = m_embeddingLearns ? 0 : headRows * m_text.hiddenSize * kFloat;
        return rows * m_text.vocabSize * kFloat + head + 3 * m_settings.answerTokens * m_text.hiddenSize * kFloat;
    }

    // In the backward pass of one decoder layer: its feed-forward part, or its attention.
    [[nodiscard]] int64_t layerGradients() const {
        const int64_t hidden = m_text.hiddenSize, queries = m_text.numAttentionHeads * m_text.headDim;
        const int64_t keys = m_text.numKeyValueHeads * m_text.headDim;
        const int64_t feedForward = m_tokens * (4 * m_text.intermediateSize + 3 * hidden) * m_element;
        const int64_t block = std::min(m_settings.costs.attentionQueryBlock, m_settings.tokens);
        const int64_t scores = m_settings.costs.attentionScoreBuffers * m_settings.rows * m_text.numAttentionHeads * block *
                               m_settings.tokens * kFloat;
        const int64_t attention = m_tokens * (2 * hidden + 2 * queries + 4 * keys) * m_element + scores;
        return std::max(feedForward, attention);
    }

    [[nodiscard]] int64_t visionGradients() const {
        if (!m_vision || m_settings.views == 0 || m_settings.freeze.vision == Training::Frozen) return 0;
        const int64_t patches = m_vision->numPatches() * m_settings.costs.viewsAtOnce;
        return patches * (8 * m_vision->hiddenSize + 3 * m_vision->intermediateSize) * m_element;
    }

    [[nodiscard]] int64_t workingMemory() const {
        const int64_t backward = textRecords() ? std::max(layerGradients(), visionGradients()) : 0;
        // A second micro-batch adds to the gradient that is there; bfloat16 weights are updated through float32 copies.
        const int64_t largest = m_weights.largest * kFloat;
        const int64_t update = m_element == kBfloat16 ? 2 * largest : 0;
        return std::max(backward + largest, update) + m_settings.costs.productScratchBytes;
    }

    const config::TextConfig& m_text;
    const std::optional<config::VisionConfig>& m_vision;
    const config::Gemma3Config& m_config;
    const TrainingForecastSettings& m_settings;
    int64_t m_tokens;
    int64_t m_element;
    Learning m_weights;
    int64_t m_copied = 0;
    int64_t m_mapped = 0;
    int64_t m_adapterNumbers = 0;
    bool m_embeddingLearns = false;
    MemoryForecast m_memory;
};

}  // namespace

TrainingForecastSettings forecastSettings(const Recipe& recipe, const FreezePlan& freeze, std::int64_t viewsOfSample) {
    TrainingForecastSettings settings;
    settings.freeze = freeze;
    if (recipe.peft) {
        settings.adapterKind = recipe.peft->peftScheme == PeftScheme::Dora ? AdapterKind::Dora : AdapterKind::Lora;
        settings.adapterDropout = recipe.peft->dropout;
    }
    settings.precision = recipe.mixedPrecision;
    settings.states = recipe.optimizer.stateDtype;
    settings.activationCheckpointing = recomputesActivations(recipe);
    settings.rows = recipe.train.microBatchSize;
    settings.tokens = recipe.model.seqLength;
    settings.answerTokens = settings.rows * settings.tokens / 2;
    settings.views = settings.rows * viewsOfSample;
    settings.visionStatesCached = recipe.dataset.cacheVisionFeatures && freeze.vision == Training::Frozen;
    return settings;
}

TrainingForecast forecastTraining(const config::Gemma3Config& config, const TrainingForecastSettings& settings) {
    return Forecaster(config, settings).forecast();
}

}  // namespace lapidary::plan
