// Where a picture and its crops lie on a widget, and what dragging and nudging make of a crop.  Values only, no painter.
// The crops of the reference come from core/shared/rules or from the engine's preview, never from here.
#pragma once

#include <QCoreApplication>
#include <QPointF>
#include <QRectF>
#include <QString>
#include <cstdint>
#include <vector>

#include "core/shared/rules/pan_and_scan.h"

namespace lapidary::gui {

// Where a crop is taken hold of.
enum class Grip : std::uint8_t { None, Inside, Left, Right, Top, Bottom, TopLeft, TopRight, BottomLeft, BottomRight };

struct CropHit {
    int crop = -1;  // place in the list
    Grip grip = Grip::None;
    bool operator==(const CropHit&) const = default;
};

enum class Nudge : std::uint8_t { Move, Resize };  // Resize: the right and the lower edge

class PanAndScanGeometry {
    Q_DECLARE_TR_FUNCTIONS(lapidary::gui::PanAndScanGeometry)

public:
    PanAndScanGeometry() = default;  // no picture
    PanAndScanGeometry(std::int64_t width, std::int64_t height);

    // The whole picture as large as `area` allows, in its middle.
    void fit(const QRectF& area);
    // Widget points a pixel, and the place of the picture's upper left corner.
    void setZoom(double zoom, const QPointF& origin);

    [[nodiscard]] bool isEmpty() const { return m_width < 1 || m_height < 1; }
    [[nodiscard]] double zoom() const { return m_zoom; }
    [[nodiscard]] QPointF toWidget(const QPointF& pixel) const { return m_origin + pixel * m_zoom; }
    [[nodiscard]] QPointF toPicture(const QPointF& point) const { return (point - m_origin) / m_zoom; }
    [[nodiscard]] QRectF rectOf(const rules::CropBox& box) const;
    [[nodiscard]] QRectF pictureRect() const { return rectOf({0, 0, m_width, m_height}); }

    // What lies under a point.  `current` is asked first, then those drawn last: crops that share an edge stay apart.
    [[nodiscard]] CropHit hit(const std::vector<rules::CropBox>& crops, const QPointF& point, int current = -1) const;
    // `start` as it is once its grip was dragged from one point to another: whole pixels, inside the picture, at least one pixel.
    [[nodiscard]] rules::CropBox dragged(const rules::CropBox& start, Grip grip, const QPointF& from, const QPointF& to) const;
    // What a person draws between two points: likewise whole pixels, inside the picture, at least one pixel.
    [[nodiscard]] rules::CropBox drawn(const QPointF& from, const QPointF& to) const;
    [[nodiscard]] rules::CropBox nudged(const rules::CropBox& box, Nudge nudge, std::int64_t dx, std::int64_t dy) const;
    // One more beside those that are there: half the picture's sides, from its middle on, never where another one is.
    [[nodiscard]] rules::CropBox newCrop(const std::vector<rules::CropBox>& crops) const;

    // For assistive technology: the picture, its crops, and where the current one is.
    [[nodiscard]] QString summary(const std::vector<rules::CropBox>& crops, int current) const;

private:
    [[nodiscard]] rules::CropBox changed(const rules::CropBox& start, Grip grip, std::int64_t dx, std::int64_t dy) const;

    std::int64_t m_width = 0;
    std::int64_t m_height = 0;
    double m_zoom = 1.0;
    QPointF m_origin;
};

}  // namespace lapidary::gui
