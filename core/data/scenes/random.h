// Counter-based random numbers: value n of a key is a hash of (key, n), so that any scene can be made alone, in any order, on
// any machine.  The hash is SplitMix64's finaliser (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace lapidary::scenes {

inline constexpr std::uint64_t kGoldenRatio = 0x9E3779B97F4A7C15U;

constexpr std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
}

// A hash of text that is the same everywhere (FNV-1a, then mixed).
constexpr std::uint64_t hashText(std::string_view text) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char character : text) hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001B3U;
    return mix(hash);
}

class Random {
public:
    explicit constexpr Random(std::uint64_t key) : m_key(mix(key + kGoldenRatio)) {}

    constexpr std::uint64_t next() { return mix(m_key + kGoldenRatio * ++m_counter); }
    // A whole number of [0, limit); 1 <= limit < 2^31.
    constexpr int below(std::size_t limit) { return static_cast<int>(((next() >> 32U) * limit) >> 32U); }
    // A whole number of [low, high].
    constexpr int between(int low, int high) {
        return low + below(static_cast<std::size_t>(high) - static_cast<std::size_t>(low) + 1);
    }
    // [0, 1), 53 bits.
    constexpr double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
    constexpr double between(double low, double high) { return low + (high - low) * unit(); }
    constexpr bool chance(double probability) { return unit() < probability; }

    template <class Items>
    const auto& pick(const Items& items) {
        return items[static_cast<std::size_t>(below(items.size()))];
    }
    // An index, each as likely as its weight; the weights' sum is above 0.
    std::size_t weighted(std::span<const double> weights) {
        double sum = 0.0;
        for (const double weight : weights) sum += weight;
        double left = unit() * sum;
        std::size_t last = 0;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            if (weights[i] <= 0.0) continue;
            last = i;
            if (left < weights[i]) return i;
            left -= weights[i];
        }
        return last;
    }
    template <class T>
    void shuffle(std::vector<T>& items) {
        for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
    }

    // Numbers of their own for one purpose, whatever this one has drawn so far.
    [[nodiscard]] constexpr Random fork(std::uint64_t stream) const { return Random(m_key ^ mix(stream + 1)); }

private:
    std::uint64_t m_key;
    std::uint64_t m_counter = 0;
};

}  // namespace lapidary::scenes
