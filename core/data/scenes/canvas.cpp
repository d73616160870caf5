#include "core/data/scenes/canvas.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lapidary::scenes {
namespace {

constexpr int kLinesPerPixel = 4;

std::int64_t floorToPixel(double value) { return static_cast<std::int64_t>(std::floor(value)); }

double squared(double value) { return value * value; }

// Squared distance of a point from a segment.
class SegmentDistance {
public:
    explicit SegmentDistance(const Segment& segment)
        : m_from(segment.from), m_x(segment.to.x - segment.from.x), m_y(segment.to.y - segment.from.y) {
        const double length = squared(m_x) + squared(m_y);
        m_inverse = length > 0.0 ? 1.0 / length : 0.0;
    }
    [[nodiscard]] double operator()(double x, double y) const {
        const double toX = x - m_from.x;
        const double toY = y - m_from.y;
        const double along = std::clamp((toX * m_x + toY * m_y) * m_inverse, 0.0, 1.0);
        return squared(toX - along * m_x) + squared(toY - along * m_y);
    }

private:
    Point m_from;
    double m_x;
    double m_y;
    double m_inverse = 0.0;
};

}  // namespace

Canvas::Canvas(std::int64_t width, std::int64_t height, Rgb background)
    : m_width(width),
      m_height(height),
      m_pixels(static_cast<std::size_t>(width * height * 3)),
      m_coverage(static_cast<std::size_t>(width)) {
    for (std::size_t i = 0; i < m_pixels.size(); i += 3) {
        m_pixels[i] = background.red;
        m_pixels[i + 1] = background.green;
        m_pixels[i + 2] = background.blue;
    }
}

// Calls `spansOfLine(y)` for every line between top and bottom; it calls cover() for what is filled there.
template <class SpansOfLine>
void Canvas::fill(double top, double bottom, Rgb colour, const SpansOfLine& spansOfLine) {
    const std::int64_t firstRow = std::max<std::int64_t>(0, floorToPixel(top));
    const std::int64_t lastRow = std::min(m_height - 1, floorToPixel(bottom));
    for (std::int64_t row = firstRow; row <= lastRow; ++row) {
        m_first = m_width;
        m_last = -1;
        for (int line = 0; line < kLinesPerPixel; ++line) {
            const double y = static_cast<double>(row) + (line + 0.5) / kLinesPerPixel;
            if (y >= top && y < bottom) spansOfLine(y);
        }
        blendRow(row, colour);
    }
}

void Canvas::cover(double left, double right) {
    left = std::max(left, 0.0);
    right = std::min(right, static_cast<double>(m_width));
    if (!(left < right)) return;
    const std::int64_t first = floorToPixel(left);
    const std::int64_t last = std::min(m_width - 1, floorToPixel(right));
    constexpr double kWeight = 1.0 / kLinesPerPixel;
    double* const coverage = m_coverage.data();
    if (first == last) {
        coverage[first] += (right - left) * kWeight;
    } else {
        coverage[first] += (static_cast<double>(first + 1) - left) * kWeight;
        for (std::int64_t x = first + 1; x < last; ++x) coverage[x] += kWeight;
        coverage[last] += (right - static_cast<double>(last)) * kWeight;
    }
    m_first = std::min(m_first, first);
    m_last = std::max(m_last, last);
}

void Canvas::blendRow(std::int64_t row, Rgb colour) {
    for (std::int64_t x = m_first; x <= m_last; ++x) {
        blend(x, row, m_coverage[static_cast<std::size_t>(x)], colour);
        m_coverage[static_cast<std::size_t>(x)] = 0.0;
    }
}

void Canvas::blend(std::int64_t x, std::int64_t y, double coverage, Rgb colour) {
    if (coverage <= 0.0) return;
    std::uint8_t* const pixel = m_pixels.data() + (y * m_width + x) * 3;
    const auto share = static_cast<int>(std::lround(std::min(coverage, 1.0) * 256.0));
    const auto mixed = [share](std::uint8_t below, std::uint8_t above) {
        return static_cast<std::uint8_t>((below * (256 - share) + above * share + 128) >> 8U);
    };
    pixel[0] = mixed(pixel[0], colour.red);
    pixel[1] = mixed(pixel[1], colour.green);
    pixel[2] = mixed(pixel[2], colour.blue);
}

void Canvas::rectangle(double left, double top, double right, double bottom, Rgb colour) {
    fill(top, bottom, colour, [&](double) { cover(left, right); });
}

void Canvas::polygon(std::span<const Point> corners, Rgb colour) {
    double top = corners.front().y;
    double bottom = top;
    for (const Point& corner : corners) {
        top = std::min(top, corner.y);
        bottom = std::max(bottom, corner.y);
    }
    std::array<double, 32> crossings{};
    fill(top, bottom, colour, [&](double y) {
        std::size_t count = 0;
        for (std::size_t i = 0; i < corners.size(); ++i) {
            const Point& from = corners[i];
            const Point& to = corners[(i + 1) % corners.size()];
            if ((from.y <= y) == (to.y <= y)) continue;
            crossings[count++] = from.x + (y - from.y) / (to.y - from.y) * (to.x - from.x);
        }
        std::sort(crossings.begin(), crossings.begin() + static_cast<std::ptrdiff_t>(count));
        for (std::size_t i = 0; i + 1 < count; i += 2) cover(crossings[i], crossings[i + 1]);
    });
}

void Canvas::ring(Point centre, double outer, double inner, Rgb colour) {
    fill(centre.y - outer, centre.y + outer, colour, [&](double y) {
        const double down = squared(y - centre.y);
        const double far = std::sqrt(std::max(0.0, squared(outer) - down));
        if (down >= squared(inner)) {
            cover(centre.x - far, centre.x + far);
            return;
        }
        const double near = std::sqrt(squared(inner) - down);
        cover(centre.x - far, centre.x - near);
        cover(centre.x + near, centre.x + far);
    });
}

void Canvas::strokes(std::span<const Segment> segments, double radius, Rgb colour) {
    if (segments.empty()) return;
    Point low = segments.front().from;
    Point high = low;
    for (const Segment& segment : segments) {
        for (const Point& end : {segment.from, segment.to}) {
            low = {std::min(low.x, end.x), std::min(low.y, end.y)};
            high = {std::max(high.x, end.x), std::max(high.y, end.y)};
        }
    }
    const double reach = radius + 1.0;
    const std::int64_t left = std::max<std::int64_t>(0, floorToPixel(low.x - reach));
    const std::int64_t top = std::max<std::int64_t>(0, floorToPixel(low.y - reach));
    const std::int64_t right = std::min(m_width - 1, floorToPixel(high.x + reach));
    const std::int64_t bottom = std::min(m_height - 1, floorToPixel(high.y + reach));
    if (left > right || top > bottom) return;
    const std::int64_t columns = right - left + 1;
    m_distances.assign(static_cast<std::size_t>(columns * (bottom - top + 1)), squared(reach));
    for (const Segment& segment : segments) {
        const SegmentDistance distance(segment);
        const auto [fromX, toX] = std::minmax(segment.from.x, segment.to.x);
        const auto [fromY, toY] = std::minmax(segment.from.y, segment.to.y);
        const std::int64_t firstX = std::max(left, floorToPixel(fromX - reach));
        const std::int64_t lastX = std::min(right, floorToPixel(toX + reach));
        const std::int64_t lastY = std::min(bottom, floorToPixel(toY + reach));
        for (std::int64_t y = std::max(top, floorToPixel(fromY - reach)); y <= lastY; ++y) {
            double* const row = m_distances.data() + (y - top) * columns - left;
            for (std::int64_t x = firstX; x <= lastX; ++x)
                row[x] = std::min(row[x], distance(static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5));
        }
    }
    // Half covered where the stroke's edge runs through the pixel's centre.
    for (std::int64_t y = top; y <= bottom; ++y) {
        const double* const row = m_distances.data() + (y - top) * columns - left;
        for (std::int64_t x = left; x <= right; ++x) {
            if (row[x] < squared(radius + 0.5)) blend(x, y, radius + 0.5 - std::sqrt(row[x]), colour);
        }
    }
}

}  // namespace lapidary::scenes
