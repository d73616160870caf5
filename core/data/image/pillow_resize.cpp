#include "core/data/image/pillow_resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/data/image/weighted_rows.h"

namespace lapidary::image {
namespace {

// Pillow keeps its weights in fixed point with 32 - 8 - 2 fractional bits (Resample.c, PRECISION_BITS).
constexpr int kFractionBits = 22;
constexpr std::int32_t kHalf = 1 << (kFractionBits - 1);
// Rows resized sideways at a time: the strip stays in the second-level cache for pictures of a few thousand columns.
constexpr std::int64_t kStripRows = 32;
constexpr std::int64_t kStripLanes = 3 * kStripRows;

// For every output index the first source index and its fixed-point weights.
struct Weights {
    std::vector<std::int64_t> first;   // [out]
    std::vector<std::int64_t> count;   // [out]
    std::vector<std::int64_t> offset;  // [out], into `fixed`
    std::vector<std::int32_t> fixed;
};

Weights triangleWeights(std::int64_t in, std::int64_t out) {
    const double scale = static_cast<double>(in) / static_cast<double>(out);
    const double support = std::max(scale, 1.0);  // the triangle's half width: 1 source pixel, widened when shrinking
    const double inverse = 1.0 / support;         // Pillow multiplies by the reciprocal
    Weights weights;
    std::vector<double> exact;
    for (std::int64_t i = 0; i < out; ++i) {
        const double center = (static_cast<double>(i) + 0.5) * scale;
        // Cut towards zero, as Pillow's casts do: not std::lround, which differs below zero.
        const double lowest = center - support + 0.5;
        const double highest = center + support + 0.5;
        const auto low = std::max<std::int64_t>(0, static_cast<std::int64_t>(lowest));
        const auto high = std::min<std::int64_t>(in, static_cast<std::int64_t>(highest));
        exact.clear();
        double sum = 0.0;
        for (std::int64_t j = low; j < high; ++j) {
            const double distance = std::abs((static_cast<double>(j) - center + 0.5) * inverse);
            exact.push_back(distance < 1.0 ? 1.0 - distance : 0.0);
            sum += exact.back();
        }
        weights.first.push_back(low);
        weights.count.push_back(high - low);
        weights.offset.push_back(static_cast<std::int64_t>(weights.fixed.size()));
        for (const double weight : exact) {
            const double normalised = sum != 0.0 ? weight / sum : weight;
            const double scaled = 0.5 + normalised * (1 << kFractionBits);
            weights.fixed.push_back(static_cast<std::int32_t>(scaled));
        }
    }
    return weights;
}

std::uint8_t roundToByte(std::int32_t sum) { return static_cast<std::uint8_t>(std::clamp(sum >> kFractionBits, 0, 255)); }

// The horizontal pass, kStripRows rows at a time.  A strip is turned on its side first ([width][row, channel]), so that the
// sum over columns runs over contiguous lanes, as the vertical pass does by nature.
class SidewaysPass {
public:
    SidewaysPass(std::int64_t width, std::int64_t outWidth, detail::AddWeightedRows add)
        : m_width(width),
          m_outWidth(outWidth),
          m_add(add),
          m_weights(triangleWeights(width, outWidth)),
          m_turned(static_cast<std::size_t>(width * kStripLanes)) {}

    // source: [rows, width, 3]  target: [rows, outWidth, 3]
    void run(const std::uint8_t* source, std::int64_t rows, std::uint8_t* target) {
        turn(source, rows);
        std::int32_t sums[kStripLanes];
        for (std::int64_t i = 0; i < m_outWidth; ++i) {
            const auto at = static_cast<std::size_t>(i);
            std::fill(std::begin(sums), std::end(sums), kHalf);
            m_add(m_turned.data() + m_weights.first[at] * kStripLanes, kStripLanes,
                  m_weights.fixed.data() + m_weights.offset[at], m_weights.count[at], 3 * rows, sums);
            for (std::int64_t row = 0; row < rows; ++row) {
                std::uint8_t* pixel = target + (row * m_outWidth + i) * 3;
                for (int channel = 0; channel < 3; ++channel) pixel[channel] = roundToByte(sums[row * 3 + channel]);
            }
        }
    }

private:
    void turn(const std::uint8_t* source, std::int64_t rows) {
        for (std::int64_t row = 0; row < rows; ++row) {
            const std::uint8_t* from = source + row * m_width * 3;
            std::uint8_t* to = m_turned.data() + row * 3;
            for (std::int64_t x = 0; x < m_width; ++x, from += 3, to += kStripLanes) {
                to[0] = from[0];
                to[1] = from[1];
                to[2] = from[2];
            }
        }
    }

    std::int64_t m_width;
    std::int64_t m_outWidth;
    detail::AddWeightedRows m_add;
    Weights m_weights;
    std::vector<std::uint8_t> m_turned;  // [width, kStripRows, 3]
};

// The vertical pass as running sums, so that memory does not grow with the picture's height: a strip is added to every
// output row that it touches.  The sums are integers, hence the order does not matter.
class DownwardPass {
public:
    DownwardPass(std::int64_t height, std::int64_t outHeight, std::int64_t lanes, detail::AddWeightedRows add)
        : m_lanes(lanes),
          m_add(add),
          m_weights(triangleWeights(height, outHeight)),
          m_sums(static_cast<std::size_t>(outHeight * lanes), kHalf) {}

    // strip: [rows, lanes], the source rows [top, top + rows); strips come from top to bottom.
    void addStrip(const std::uint8_t* strip, std::int64_t top, std::int64_t rows) {
        const auto outHeight = m_weights.first.size();
        while (m_done < outHeight && m_weights.first[m_done] + m_weights.count[m_done] <= top) ++m_done;
        for (std::size_t i = m_done; i < outHeight && m_weights.first[i] < top + rows; ++i) {
            const std::int64_t begin = std::max(m_weights.first[i], top);
            const std::int64_t end = std::min(m_weights.first[i] + m_weights.count[i], top + rows);
            if (begin >= end) continue;
            m_add(strip + (begin - top) * m_lanes, m_lanes,
                  m_weights.fixed.data() + m_weights.offset[i] + (begin - m_weights.first[i]), end - begin, m_lanes,
                  m_sums.data() + static_cast<std::int64_t>(i) * m_lanes);
        }
    }

    [[nodiscard]] std::vector<std::uint8_t> bytes() const {
        std::vector<std::uint8_t> result(m_sums.size());
        std::transform(m_sums.begin(), m_sums.end(), result.begin(), roundToByte);
        return result;
    }

private:
    std::int64_t m_lanes;
    detail::AddWeightedRows m_add;
    Weights m_weights;
    std::vector<std::int32_t> m_sums;  // [outHeight, lanes]
    std::size_t m_done = 0;            // output rows whose sources lie all above the next strip
};

}  // namespace

std::vector<std::uint8_t> pillowResizeBilinear(std::span<const std::uint8_t> pixels, std::int64_t width, std::int64_t height,
                                               std::int64_t outWidth, std::int64_t outHeight) {
    const detail::AddWeightedRows add = detail::chooseAddWeightedRows();
    if (width == outWidth && height == outHeight) return {pixels.begin(), pixels.end()};

    std::vector<std::uint8_t> result;
    if (height == outHeight) {
        SidewaysPass sideways(width, outWidth, add);
        result.resize(static_cast<std::size_t>(outWidth * height * 3));
        for (std::int64_t top = 0; top < height; top += kStripRows) {
            sideways.run(pixels.data() + top * width * 3, std::min(kStripRows, height - top),
                         result.data() + top * outWidth * 3);
        }
        return result;
    }
    DownwardPass downward(height, outHeight, outWidth * 3, add);
    if (width == outWidth) {
        downward.addStrip(pixels.data(), 0, height);
        return downward.bytes();
    }
    SidewaysPass sideways(width, outWidth, add);
    std::vector<std::uint8_t> strip(static_cast<std::size_t>(kStripRows * outWidth * 3));
    for (std::int64_t top = 0; top < height; top += kStripRows) {
        const std::int64_t rows = std::min(kStripRows, height - top);
        sideways.run(pixels.data() + top * width * 3, rows, strip.data());
        downward.addStrip(strip.data(), top, rows);
    }
    return downward.bytes();
}

}  // namespace lapidary::image
