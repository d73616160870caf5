#include "core/engine/generate/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <set>

namespace lapidary::generate {
namespace {

const float kInf = std::numeric_limits<float>::infinity();

Sampler sampling(SamplerSettings settings) {
    settings.doSample = true;
    auto sampler = Sampler::create(settings);
    EXPECT_TRUE(sampler.has_value());
    return *sampler;
}

Sampler greedy(double repetitionPenalty = 1.0) { return *Sampler::create({.repetitionPenalty = repetitionPenalty}); }

// The definitions of specification 8 once more, each as its sentence reads and with full sorts.
struct Restatement {
    SamplerSettings s;

    static std::vector<float> softmax(const std::vector<float>& x) {
        float top = -kInf;
        for (const float v : x) top = std::max(top, v);
        std::vector<float> p;
        p.reserve(x.size());
        double total = 0;
        for (const float v : x) total += std::exp(static_cast<double>(v) - top);
        for (const float v : x) p.push_back(static_cast<float>(std::exp(static_cast<double>(v) - top) / total));
        return p;
    }

    [[nodiscard]] std::vector<float> scores(std::vector<float> x, const std::vector<std::int64_t>& seen) const {
        for (const std::int64_t id : std::set<std::int64_t>(seen.begin(), seen.end())) {
            float& v = x[static_cast<std::size_t>(id)];
            v = v < 0 ? v * static_cast<float>(s.repetitionPenalty) : v / static_cast<float>(s.repetitionPenalty);
        }
        for (float& v : x) v = v / static_cast<float>(s.temperature);
        if (s.topK > 0) {
            std::vector<float> sorted = x;
            std::sort(sorted.rbegin(), sorted.rend());
            const float kth = sorted[std::min(sorted.size(), static_cast<std::size_t>(s.topK)) - 1];
            for (float& v : x) v = v >= kth ? v : -kInf;
        }
        if (s.topP < 1) {
            std::vector<std::size_t> order(x.size());
            std::iota(order.begin(), order.end(), 0);
            std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return x[a] < x[b]; });
            std::vector<float> p = softmax(x);
            double cumulative = 0;
            for (std::size_t i = 0; i + 1 < order.size(); ++i) {
                cumulative += p[order[i]];
                if (static_cast<float>(cumulative) <= static_cast<float>(1 - s.topP)) x[order[i]] = -kInf;
            }
        }
        if (s.minP > 0) {
            const std::vector<float> p = softmax(x);
            const float best = *std::max_element(p.begin(), p.end());
            for (std::size_t i = 0; i < x.size(); ++i) {
                if (p[i] < static_cast<float>(s.minP) * best) x[i] = -kInf;
            }
        }
        return x;
    }
};

TEST(Sampler, GreedyTakesTheFirstOfEqualMaxima) { EXPECT_EQ(*greedy().next(std::vector<float>{1, 5, 5, 2}, {}), 1); }

TEST(Sampler, GreedyAppliesTheRepetitionPenaltyButNoWarper) {
    auto sampler = *Sampler::create({.temperature = 0.5, .topK = 1, .topP = 0.1, .minP = 0.9, .repetitionPenalty = 2.0});
    const std::vector<float> logits{4, -4, 3, 1};
    const std::vector<std::int64_t> seen{0, 1, 0};
    EXPECT_EQ(sampler.scores(logits, seen), (std::vector<float>{2, -8, 3, 1}));
    EXPECT_EQ(*sampler.next(logits, seen), 2);
}

TEST(Sampler, PenaltyCountsAnIdOnceAndIgnoresIdsBeyondTheHead) {
    const std::vector<std::int64_t> seen{1, 1, 1, 7, -1};
    EXPECT_EQ(greedy(2.0).scores(std::vector<float>{1, 8}, seen), (std::vector<float>{1, 4}));
}

TEST(Sampler, TemperatureDivides) {
    EXPECT_EQ(sampling({.temperature = 0.5}).scores(std::vector<float>{1, -2, 0}, {}), (std::vector<float>{2, -4, 0}));
}

TEST(Sampler, TopKKeepsTiesAtTheThreshold) {
    EXPECT_EQ(sampling({.topK = 2}).scores(std::vector<float>{3, 2, 2, 1}, {}), (std::vector<float>{3, 2, 2, -kInf}));
    EXPECT_EQ(sampling({.topK = 99}).scores(std::vector<float>{3, 2}, {}), (std::vector<float>{3, 2}));
}

// Probabilities 0.5, 0.25, 0.125, 0.125 (logits are ln of them): ascending sums 0.125, 0.25, 0.5, 1.
TEST(Sampler, TopPDropsWhileTheAscendingSumIsAtMostOneMinusP) {
    const std::vector<float> logits{std::log(0.5F), std::log(0.25F), std::log(0.125F), std::log(0.125F)};
    const auto kept = [&](double p) {
        std::string mask;
        for (const float s : sampling({.topP = p}).scores(logits, {})) mask += s == -kInf ? '0' : '1';
        return mask;
    };
    EXPECT_EQ(kept(0.95), "1111");
    EXPECT_EQ(kept(0.8), "1101");   // of equals the lower index goes first: the sort is stable and ascending
    EXPECT_EQ(kept(0.7), "1100");
    EXPECT_EQ(kept(0.4), "1000");
    EXPECT_EQ(kept(0.01), "1000");  // the largest always stays
}

// p is relative to what top-k left: of 0.4 0.3 0.2 0.1 top-k 2 leaves 4/7 and 3/7; 1 - 0.5 >= 3/7 drops the second.
TEST(Sampler, TopPWorksOnTheRenormalisedTopKMass) {
    const std::vector<float> logits{std::log(0.4F), std::log(0.3F), std::log(0.2F), std::log(0.1F)};
    const auto scores = sampling({.topK = 2, .topP = 0.5}).scores(logits, {});
    EXPECT_EQ(std::count(scores.begin(), scores.end(), -kInf), 3);
    const auto without = sampling({.topP = 0.5}).scores(logits, {});
    EXPECT_EQ(std::count(without.begin(), without.end(), -kInf), 2);
}

TEST(Sampler, MinPIsRelativeToTheLargest) {
    const std::vector<float> logits{std::log(0.6F), std::log(0.3F), std::log(0.1F)};
    const auto scores = sampling({.minP = 0.25}).scores(logits, {});
    EXPECT_NE(scores[1], -kInf);
    EXPECT_EQ(scores[2], -kInf);
    const auto only = sampling({.minP = 1.0}).scores(logits, {});
    EXPECT_EQ(std::count(only.begin(), only.end(), -kInf), 2);
}

// The order matters: temperature before top-p.  p = 0.6 0.4, T = 0.1 makes the first 0.98: top-p 0.9 then keeps it alone.
TEST(Sampler, TemperatureComesBeforeTopP) {
    const std::vector<float> logits{std::log(0.6F), std::log(0.4F)};
    EXPECT_EQ(sampling({.temperature = 0.1, .topP = 0.9}).scores(logits, {})[1], -kInf);
    EXPECT_NE(sampling({.topP = 0.9}).scores(logits, {})[1], -kInf);
}

TEST(Sampler, EqualsTheRestatementOnRandomLogits) {
    std::mt19937 random(20250312);
    std::normal_distribution<float> normal(0.0F, 3.0F);
    const auto pick = [&](auto... values) {
        const std::vector<double> all{static_cast<double>(values)...};
        return all[random() % all.size()];
    };
    for (int round = 0; round < 400; ++round) {
        SamplerSettings settings{.doSample = true,
                                 .temperature = pick(1.0, 0.7, 1.6),
                                 .topK = static_cast<std::int64_t>(pick(0, 1, 5, 64)),
                                 .topP = pick(1.0, 0.95, 0.5, 0.05),
                                 .minP = pick(0.0, 0.05, 0.6),
                                 .repetitionPenalty = pick(1.0, 1.3, 0.8)};
        std::vector<float> logits(round % 20 == 0 ? 20'000 : 1 + random() % 200);
        for (float& logit : logits) logit = round % 3 == 0 ? std::round(normal(random)) : normal(random);  // with ties too
        std::vector<std::int64_t> seen;
        for (std::size_t i = 0; i < random() % 20; ++i) seen.push_back(static_cast<std::int64_t>(random() % logits.size()));
        const std::vector<float> expected = Restatement{settings}.scores(logits, seen);
        const std::vector<float> found = sampling(settings).scores(logits, seen);
        ASSERT_EQ(found, expected) << "round " << round;
        // Something is always left, and a draw takes only from that.
        auto sampler = sampling(settings);
        const std::int64_t drawn = *sampler.next(logits, seen);
        ASSERT_NE(found[static_cast<std::size_t>(drawn)], -kInf) << "round " << round;
    }
}

TEST(Sampler, DistributionSumsToOneAndDrawsFollowIt) {
    auto sampler = sampling({.temperature = 0.8, .topK = 4, .seed = 7});
    const std::vector<float> logits{2, 1, 0, 1.5, -3, 0.5};
    const std::vector<float> p = sampler.distribution(logits, {});
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1.0, 1e-6);
    std::map<std::int64_t, int> counts;
    constexpr int kDraws = 20000;
    for (int i = 0; i < kDraws; ++i) ++counts[*sampler.next(logits, {})];
    for (std::size_t id = 0; id < p.size(); ++id) {
        // Five standard deviations of a binomial.
        const double sigma = std::sqrt(p[id] * (1 - p[id]) / kDraws);
        EXPECT_NEAR(counts[static_cast<std::int64_t>(id)] / double{kDraws}, p[id], 5 * sigma) << id;
    }
}

TEST(Sampler, ASeedRepeatsAndAnotherDiffers) {
    const std::vector<float> logits(50, 0.0F);
    const auto draws = [&](std::uint64_t seed) {
        auto sampler = sampling({.seed = seed});
        std::vector<std::int64_t> ids(20);
        for (std::int64_t& id : ids) id = *sampler.next(logits, {});
        return ids;
    };
    EXPECT_EQ(draws(1), draws(1));
    EXPECT_NE(draws(1), draws(2));
}

TEST(Sampler, RefusesSettingsOutOfRange) {
    const double nan = std::nan("");
    for (const SamplerSettings& bad : std::vector<SamplerSettings>{{.temperature = 0},
                                                                   {.temperature = nan},
                                                                   {.temperature = 1.0 / 0.0},
                                                                   {.topK = -1},
                                                                   {.topP = 0},
                                                                   {.topP = 1.5},
                                                                   {.topP = nan},
                                                                   {.minP = -0.1},
                                                                   {.minP = 2},
                                                                   {.repetitionPenalty = 0}}) {
        const auto sampler = Sampler::create(bad);
        ASSERT_FALSE(sampler.has_value());
        EXPECT_EQ(sampler.error().code, ErrorCode::Usage);
    }
}

TEST(Sampler, RefusesLogitsThatAreNotNumbers) {
    auto sampler = greedy();
    EXPECT_EQ(sampler.next(std::vector<float>{1, NAN, 2}, {}).error().code, ErrorCode::InvalidData);
    EXPECT_FALSE(sampler.next(std::vector<float>{-kInf, -kInf}, {}).has_value());
}

// A temperature so small that the division overflows: the best token, not a NaN.
TEST(Sampler, SurvivesOverflowByTemperature) {
    EXPECT_EQ(*sampling({.temperature = 1e-38}).next(std::vector<float>{10, 90, 20}, {}), 1);
}

TEST(LogProbabilities, AreTheLogSoftmaxOfTheRawLogits) {
    const std::vector<float> logits{std::log(0.5F), std::log(0.125F), std::log(0.25F), std::log(0.125F)};
    EXPECT_NEAR(logProbability(logits, 2), std::log(0.25), 1e-6);
    const auto best = topLogProbabilities(logits, 3);
    ASSERT_EQ(best.size(), 3U);
    EXPECT_EQ(best[0].id, 0);
    EXPECT_EQ(best[1].id, 2);
    EXPECT_EQ(best[2].id, 1);  // 1 and 3 are equal: the lower id first
    EXPECT_NEAR(best[0].logProbability, std::log(0.5), 1e-6);
    EXPECT_EQ(topLogProbabilities(logits, 99).size(), 4U);
    EXPECT_TRUE(topLogProbabilities(logits, 0).empty());
}

}  // namespace
}  // namespace lapidary::generate
