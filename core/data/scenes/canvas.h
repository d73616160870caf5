// An anti-aliased rasteriser for a few filled forms on 8-bit RGB.  Coverage is exact sideways and sampled on four lines a pixel
// downwards; only additions, products and square roots, so that the bytes are the same on every machine.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/data/scenes/scene.h"

namespace lapidary::scenes {

struct Point {
    double x = 0.0;
    double y = 0.0;
};

struct Segment {
    Point from;
    Point to;
};

// Pixel (0, 0) covers [0, 1) x [0, 1).  What lies outside the canvas is not drawn.
class Canvas {
public:
    Canvas(std::int64_t width, std::int64_t height, Rgb background);

    void rectangle(double left, double top, double right, double bottom, Rgb colour);
    // Closed; where it crosses itself, the even-odd rule holds.  3 to 32 corners.
    void polygon(std::span<const Point> corners, Rgb colour);
    // `inner` 0: a disc.
    void ring(Point centre, double outer, double inner, Rgb colour);
    // All points within `radius` of a segment; pixels are covered by distance.
    void strokes(std::span<const Segment> segments, double radius, Rgb colour);

    [[nodiscard]] std::vector<std::uint8_t> takePixels() { return std::move(m_pixels); }  // [height, width, 3]

private:
    template <class SpansOfLine>
    void fill(double top, double bottom, Rgb colour, const SpansOfLine& spansOfLine);
    void cover(double left, double right);
    void blendRow(std::int64_t row, Rgb colour);
    void blend(std::int64_t x, std::int64_t y, double coverage, Rgb colour);

    std::int64_t m_width;
    std::int64_t m_height;
    std::vector<std::uint8_t> m_pixels;
    std::vector<double> m_coverage;  // [width], of the row in work
    std::int64_t m_first = 0;  // columns of m_coverage that are not 0
    std::int64_t m_last = -1;
    std::vector<double> m_distances;  // of strokes()
};

}  // namespace lapidary::scenes
