#include "core/engine/generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <sstream>
#include <string>
#include <utility>

namespace lapidary::generate {
namespace {

constexpr float kRemoved = -std::numeric_limits<float>::infinity();

Error badSetting(const std::string& name, const std::string& expected, double found) {
    std::ostringstream number;  // "-1", not "-1.000000"
    number << found;
    return Error{ErrorCode::Usage, name + ": expected " + expected + ", found " + number.str(), ""};
}

// transformers' RepetitionPenaltyLogitsProcessor: each id once, however often it was seen, since it gathers before it scatters.
void penaliseRepetition(std::vector<float>& scores, std::span<const std::int64_t> seen, double penalty) {
    const auto factor = static_cast<float>(penalty);
    std::vector<bool> done(scores.size(), false);
    for (const std::int64_t id : seen) {
        // An image token of a vision-language model may lie beyond the rows of a head that was trimmed to the vocabulary.
        if (id < 0 || id >= static_cast<std::int64_t>(scores.size()) || done[static_cast<std::size_t>(id)]) continue;
        done[static_cast<std::size_t>(id)] = true;
        float& score = scores[static_cast<std::size_t>(id)];
        score = score < 0.0F ? score * factor : score / factor;
    }
}

// Keeps what is >= the k-th largest: ties at the threshold all survive.
void keepTopK(std::vector<float>& scores, std::int64_t topK) {
    const auto k = std::min<std::size_t>(static_cast<std::size_t>(topK), scores.size());
    std::vector<float> ordered = scores;
    std::nth_element(ordered.begin(), ordered.begin() + static_cast<std::ptrdiff_t>(k - 1), ordered.end(), std::greater<>());
    const float threshold = ordered[k - 1];
    for (float& score : scores) {
        if (score < threshold) score = kRemoved;
    }
}

// Softmax in float32 over `scores`; -infinity becomes exactly 0.  The sum is kept in double: the reference's own float32 sum
// depends on its vector width, so no order of additions is "the" one.
std::vector<float> softmax(std::span<const float> scores) {
    const float largest = *std::max_element(scores.begin(), scores.end());
    std::vector<float> probabilities(scores.size());
    double sum = 0.0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        probabilities[i] = std::exp(scores[i] - largest);
        sum += probabilities[i];
    }
    for (float& probability : probabilities) probability = static_cast<float>(probability / sum);
    return probabilities;
}

// Ascending order, cumulative sum, drop while cumulative <= 1 - p; the largest always stays.
// Of a vocabulary of 262,144 nearly all tokens are far below the cut: all below (1 - p) / 2 / count together hold less than
// (1 - p) / 2, so they go whatever their order, and only the rest is sorted.
void keepTopP(std::vector<float>& scores, double topP) {
    const std::vector<float> probabilities = softmax(scores);
    const auto limit = static_cast<float>(1.0 - topP);
    const float surelyBelow = limit / 2.0F / static_cast<float>(scores.size());
    double cumulative = 0.0;  // torch.cumsum adds float32 in double on a CPU and rounds each partial sum
    std::vector<std::uint32_t> order;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        if (probabilities[i] >= surelyBelow) {
            order.push_back(static_cast<std::uint32_t>(i));
        } else {
            cumulative += probabilities[i];
            scores[i] = kRemoved;
        }
    }
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return scores[a] < scores[b]; });
    for (std::size_t i = 0; i + 1 < order.size(); ++i) {
        cumulative += probabilities[order[i]];
        if (static_cast<float>(cumulative) > limit) break;
        scores[order[i]] = kRemoved;
    }
}

// Drops probabilities < min_p times the largest; the largest stays even where min_p is 1.
void keepMinP(std::vector<float>& scores, double minP) {
    const std::vector<float> probabilities = softmax(scores);
    const auto best = std::max_element(probabilities.begin(), probabilities.end());
    const float threshold = static_cast<float>(minP) * *best;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        if (probabilities[i] < threshold && static_cast<std::ptrdiff_t>(i) != best - probabilities.begin())
            scores[i] = kRemoved;
    }
}

Result<void> checkLogits(std::span<const float> logits) {
    bool anyFinite = false;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (std::isnan(logits[i])) {
            return Error{ErrorCode::InvalidData,
                         "the model's output is not a number at token id " + std::to_string(i) +
                             ": weights with NaN or Inf, or an overflow, are the usual cause",
                         "sampler"};
        }
        anyFinite = anyFinite || std::isfinite(logits[i]);
    }
    if (!anyFinite) return Error{ErrorCode::InvalidData, "the model's output has no finite value", "sampler"};
    return {};
}

SamplerSettings withoutSampling(SamplerSettings settings) {
    settings.doSample = false;
    return settings;
}

double logSumExp(std::span<const float> logits) {
    const double largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0.0;
    for (const float logit : logits) sum += std::exp(logit - largest);
    return largest + std::log(sum);
}

}  // namespace

Result<void> checkSamplerSettings(const SamplerSettings& s) {
    // Written so that a NaN fails too.
    if (!(s.temperature > 0.0 && std::isfinite(s.temperature)))
        return badSetting("temperature", "0 (greedy) or above", s.temperature);
    if (s.topK < 0) return badSetting("top_k", "0 (off) or more", static_cast<double>(s.topK));
    if (!(s.topP > 0.0 && s.topP <= 1.0)) return badSetting("top_p", "a number above 0 and at most 1", s.topP);
    if (!(s.minP >= 0.0 && s.minP <= 1.0)) return badSetting("min_p", "a number from 0 to 1", s.minP);
    if (!(s.repetitionPenalty > 0.0 && std::isfinite(s.repetitionPenalty))) {
        return badSetting("repetition_penalty", "a number above 0", s.repetitionPenalty);
    }
    return {};
}

Sampler::Sampler(const SamplerSettings& settings) : m_settings(settings), m_random(settings.seed) {}

Result<Sampler> Sampler::create(const SamplerSettings& settings) {
    RETURN_IF_ERROR(checkSamplerSettings(settings));
    return Sampler(settings);
}

std::vector<float> Sampler::scores(std::span<const float> logits, std::span<const std::int64_t> seen) const {
    std::vector<float> scores(logits.begin(), logits.end());
    if (m_settings.repetitionPenalty != 1.0) penaliseRepetition(scores, seen, m_settings.repetitionPenalty);
    if (!m_settings.doSample) return scores;
    if (m_settings.temperature != 1.0) {
        const auto temperature = static_cast<float>(m_settings.temperature);
        for (float& score : scores) score /= temperature;
    }
    if (m_settings.topK > 0) keepTopK(scores, m_settings.topK);
    if (m_settings.topP < 1.0) keepTopP(scores, m_settings.topP);
    if (m_settings.minP > 0.0) keepMinP(scores, m_settings.minP);
    return scores;
}

std::vector<float> Sampler::distribution(std::span<const float> logits, std::span<const std::int64_t> seen) const {
    return softmax(scores(logits, seen));
}

Result<std::int64_t> Sampler::next(std::span<const float> logits, std::span<const std::int64_t> seen) {
    RETURN_IF_ERROR(checkLogits(logits));
    const std::vector<float> warped = scores(logits, seen);
    const auto best = std::max_element(warped.begin(), warped.end());
    if (!m_settings.doSample) return best - warped.begin();
    if (std::isinf(*best)) {
        // A division by a tiny temperature overflowed, which leaves no softmax; its limit is the best token.
        const std::vector<float> penalised = Sampler(withoutSampling(m_settings)).scores(logits, seen);
        return std::max_element(penalised.begin(), penalised.end()) - penalised.begin();
    }
    const std::vector<float> probabilities = softmax(warped);
    const double total = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
    // 53 random bits to [0, 1): std::uniform_real_distribution differs between standard libraries.
    const double draw = static_cast<double>(m_random() >> 11U) * 0x1p-53 * total;
    double cumulative = 0.0;
    std::int64_t chosen = 0;
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
        if (probabilities[i] == 0.0F) continue;
        cumulative += probabilities[i];
        chosen = static_cast<std::int64_t>(i);
        if (draw < cumulative) break;
    }
    return chosen;
}

double logProbability(std::span<const float> logits, std::int64_t id) {
    return static_cast<double>(logits[static_cast<std::size_t>(id)]) - logSumExp(logits);
}

std::vector<TokenLogProbability> topLogProbabilities(std::span<const float> logits, std::int64_t count) {
    const auto wanted = std::min<std::size_t>(static_cast<std::size_t>(std::max<std::int64_t>(count, 0)), logits.size());
    std::vector<std::int64_t> order(logits.size());
    std::iota(order.begin(), order.end(), 0);
    const auto better = [&](std::int64_t a, std::int64_t b) {
        const float left = logits[static_cast<std::size_t>(a)];
        const float right = logits[static_cast<std::size_t>(b)];
        return left > right || (left == right && a < b);
    };
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(wanted), order.end(), better);
    const double normaliser = logSumExp(logits);
    std::vector<TokenLogProbability> best;
    for (std::size_t i = 0; i < wanted; ++i) {
        best.push_back({order[i], static_cast<double>(logits[static_cast<std::size_t>(order[i])]) - normaliser});
    }
    return best;
}

}  // namespace lapidary::generate
