#include "kernels/adam_w.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace lapidary::kernels {
namespace {

// The dynamic data type: seven decades, the n-th of them cut into `first · 2^n` equal parts, each stood for by its middle.
std::array<float, 256> dynamicMap(int firstParts, bool negatives) {
    std::array<float, 256> map{};
    std::size_t count = 0;
    for (int decade = 0; decade < 7; ++decade) {
        const int parts = firstParts << decade;
        const double scale = std::pow(10.0, decade - 6);
        for (int i = 0; i < parts; ++i) {
            const double middle = 0.1 + 0.9 * (i + 0.5) / parts;
            map[count++] = static_cast<float>(scale * middle);
            if (negatives) map[count++] = static_cast<float>(-scale * middle);
        }
    }
    map[count++] = 0.0F;
    map[count++] = 1.0F;
    std::sort(map.begin(), map.end());
    return map;
}

// The index of the nearest value; of two equally near the lower.
std::uint8_t nearest(const std::array<float, 256>& map, float value) {
    const auto above = std::lower_bound(map.begin(), map.end(), value);
    if (above == map.begin()) return 0;
    if (above == map.end()) return 255;
    const auto index = static_cast<std::uint8_t>(above - map.begin());
    return value - map[index - 1U] <= *above - value ? static_cast<std::uint8_t>(index - 1U) : index;
}

// Sets the scale and returns its inverse, 0 for a block of zeros.
float setScale(const float* values, float* scale, std::int64_t count) {
    *scale = 0.0F;
    for (std::int64_t i = 0; i < count; ++i) *scale = std::max(*scale, std::fabs(values[i]));
    return *scale > 0.0F ? 1.0F / *scale : 0.0F;
}

}  // namespace

void adamWUpdate(const AdamWStep& step, float* parameter, const float* gradient, float* m, float* v, std::int64_t count) {
    const AdamWStep s = step;
    for (std::int64_t i = 0; i < count; ++i) {
        const float g = gradient[i] * s.gradientScale;
        const float first = m[i] + s.oneMinusBeta1 * (g - m[i]);
        const float second = v[i] * s.beta2 + s.oneMinusBeta2 * g * g;
        m[i] = first;
        v[i] = second;
        const float denominator = std::sqrt(second) / s.rootCorrection2 + s.eps;
        parameter[i] = parameter[i] * s.decayFactor - s.stepSize * first / denominator;
    }
}

const std::array<float, 256>& signedEightBitMap() {
    static const std::array<float, 256> map = dynamicMap(1, true);
    return map;
}

const std::array<float, 256>& unsignedEightBitMap() {
    static const std::array<float, 256> map = dynamicMap(2, false);
    return map;
}

void adamWUpdateEightBit(const AdamWStep& step, float* parameter, const float* gradient, std::uint8_t* m, float* mScale,
                         std::uint8_t* v, float* vScale, std::int64_t count) {
    std::array<float, kEightBitBlock> first{};
    std::array<float, kEightBitBlock> second{};
    for (std::int64_t i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        first[at] = signedEightBitMap()[m[i]] * *mScale;
        const float root = unsignedEightBitMap()[v[i]] * *vScale;
        second[at] = root * root;
    }
    adamWUpdate(step, parameter, gradient, first.data(), second.data(), count);
    const float firstInverse = setScale(first.data(), mScale, count);
    for (std::int64_t i = 0; i < count; ++i)
        m[i] = nearest(signedEightBitMap(), first[static_cast<std::size_t>(i)] * firstInverse);
    for (float& value : std::span(second).first(static_cast<std::size_t>(count))) value = std::sqrt(value);
    const float secondInverse = setScale(second.data(), vScale, count);
    for (std::int64_t i = 0; i < count; ++i) {
        const float value = second[static_cast<std::size_t>(i)] * secondInverse;
        v[i] = std::max(nearest(unsignedEightBitMap(), value), static_cast<std::uint8_t>(value > 0.0F ? 1 : 0));
    }
}

}  // namespace lapidary::kernels
