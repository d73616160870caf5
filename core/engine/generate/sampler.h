// Choosing the next token from float32 logits, in the order and arithmetic of transformers 5 (specification 8):
// repetition penalty, then (when sampling) temperature, top-k, top-p, min-p, softmax, one draw.
// Pure functions of their arguments but for the random state; knows no tensor.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::generate {

struct SamplerSettings {
    bool doSample = false;           // false: argmax of the penalised logits, first index on ties
    double temperature = 1.0;        // > 0
    std::int64_t topK = 0;           // 0: off
    double topP = 1.0;               // (0, 1]; 1: off
    double minP = 0.0;               // [0, 1]; 0: off
    double repetitionPenalty = 1.0;  // > 0; 1: off
    std::uint64_t seed = 0;
};

// Errors: Usage naming the setting, its range and what was found.
Result<void> checkSamplerSettings(const SamplerSettings& settings);

struct TokenLogProbability {
    std::int64_t id = 0;
    double logProbability = 0.0;
};

class Sampler {
public:
    // Errors: as checkSamplerSettings.
    static Result<Sampler> create(const SamplerSettings& settings);

    [[nodiscard]] const SamplerSettings& settings() const { return m_settings; }

    // logits [vocab]; `seen`: all ids of the row so far, prompt, pads and image tokens included (any length, repeats allowed).
    // Returns [vocab] scores after every processor and warper that applies; what was filtered out is -infinity.
    [[nodiscard]] std::vector<float> scores(std::span<const float> logits, std::span<const std::int64_t> seen) const;

    // softmax(scores): what a draw is made from. [vocab]
    [[nodiscard]] std::vector<float> distribution(std::span<const float> logits, std::span<const std::int64_t> seen) const;

    // The next token.  Errors: InvalidData when logits hold a NaN or no finite value at all.
    Result<std::int64_t> next(std::span<const float> logits, std::span<const std::int64_t> seen);

private:
    explicit Sampler(const SamplerSettings& settings);

    SamplerSettings m_settings;
    std::mt19937_64 m_random;
};

// log softmax of the raw logits at `id`.  id in [0, vocab).
double logProbability(std::span<const float> logits, std::int64_t id);

// The `count` likeliest tokens of the raw logits, best first, lower id first on ties.
std::vector<TokenLogProbability> topLogProbabilities(std::span<const float> logits, std::int64_t count);

}  // namespace lapidary::generate
