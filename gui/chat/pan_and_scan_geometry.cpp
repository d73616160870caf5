#include "gui/chat/pan_and_scan_geometry.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lapidary::gui {
namespace {

using rules::CropBox;

constexpr double kReach = 7.0;        // widget points on both sides of an edge
constexpr double kSmallestZoom = 1e-6;  // pictures of 65 535 pixels on a hidden widget

// -1 at the lower edge, 1 at the higher, 0 between.  A third of a small crop stays for moving it.
int edgeAt(double at, double low, double high) {
    const double reach = std::min(kReach, (high - low) / 3.0);
    const double toLow = at - low;
    const double toHigh = high - at;
    if (toLow > reach && toHigh > reach) return 0;
    return toLow <= toHigh ? -1 : 1;
}

Grip gripAt(const QRectF& rect, const QPointF& point) {
    if (!rect.adjusted(-kReach, -kReach, kReach, kReach).contains(point)) return Grip::None;
    constexpr Grip kGrips[3][3] = {{Grip::TopLeft, Grip::Top, Grip::TopRight},
                                   {Grip::Left, Grip::Inside, Grip::Right},
                                   {Grip::BottomLeft, Grip::Bottom, Grip::BottomRight}};
    return kGrips[edgeAt(point.y(), rect.top(), rect.bottom()) + 1][edgeAt(point.x(), rect.left(), rect.right()) + 1];
}

bool holdsLeft(Grip grip) { return grip == Grip::Left || grip == Grip::TopLeft || grip == Grip::BottomLeft; }
bool holdsRight(Grip grip) { return grip == Grip::Right || grip == Grip::TopRight || grip == Grip::BottomRight; }
bool holdsTop(Grip grip) { return grip == Grip::Top || grip == Grip::TopLeft || grip == Grip::TopRight; }
bool holdsBottom(Grip grip) { return grip == Grip::Bottom || grip == Grip::BottomLeft || grip == Grip::BottomRight; }

// The pixels between two places on one side of the picture, as begin and end.
std::pair<std::int64_t, std::int64_t> span(double one, double other, std::int64_t limit) {
    const auto bound = static_cast<double>(limit);
    const auto [low, high] =
        std::minmax({std::llround(std::clamp(one, 0.0, bound)), std::llround(std::clamp(other, 0.0, bound))});
    const std::int64_t begin = std::min<std::int64_t>(low, limit - 1);
    return {begin, std::max<std::int64_t>(high, begin + 1)};
}

std::int64_t pixels(double points, double zoom, std::int64_t limit) {
    const auto bound = static_cast<double>(limit);
    return std::llround(std::clamp(points / zoom, -bound, bound));
}

}  // namespace

PanAndScanGeometry::PanAndScanGeometry(std::int64_t width, std::int64_t height)
    : m_width(std::max<std::int64_t>(width, 0)), m_height(std::max<std::int64_t>(height, 0)) {}

void PanAndScanGeometry::fit(const QRectF& area) {
    if (isEmpty()) return;
    const auto width = static_cast<double>(m_width);
    const auto height = static_cast<double>(m_height);
    const double zoom = std::max(std::min(area.width() / width, area.height() / height), kSmallestZoom);
    setZoom(zoom, area.center() - QPointF(width, height) * zoom / 2.0);
}

void PanAndScanGeometry::setZoom(double zoom, const QPointF& origin) {
    m_zoom = std::max(zoom, kSmallestZoom);
    m_origin = origin;
}

QRectF PanAndScanGeometry::rectOf(const CropBox& box) const {
    return {toWidget(QPointF(static_cast<double>(box.left), static_cast<double>(box.top))),
            toWidget(QPointF(static_cast<double>(box.right), static_cast<double>(box.bottom)))};
}

CropHit PanAndScanGeometry::hit(const std::vector<CropBox>& crops, const QPointF& point, int current) const {
    const int count = static_cast<int>(crops.size());
    const auto at = [&](int crop) { return CropHit{crop, gripAt(rectOf(crops[static_cast<std::size_t>(crop)]), point)}; };
    if (current >= 0 && current < count) {
        if (const CropHit found = at(current); found.grip != Grip::None) return found;
    }
    for (int crop = count - 1; crop >= 0; --crop) {
        if (const CropHit found = at(crop); found.grip != Grip::None) return found;
    }
    return {};
}

CropBox PanAndScanGeometry::dragged(const CropBox& start, Grip grip, const QPointF& from, const QPointF& to) const {
    return changed(start, grip, pixels(to.x() - from.x(), m_zoom, m_width), pixels(to.y() - from.y(), m_zoom, m_height));
}

CropBox PanAndScanGeometry::drawn(const QPointF& from, const QPointF& to) const {
    if (isEmpty()) return {};
    const QPointF one = toPicture(from);
    const QPointF other = toPicture(to);
    const auto [left, right] = span(one.x(), other.x(), m_width);
    const auto [top, bottom] = span(one.y(), other.y(), m_height);
    return {left, top, right, bottom};
}

CropBox PanAndScanGeometry::nudged(const CropBox& box, Nudge nudge, std::int64_t dx, std::int64_t dy) const {
    return changed(box, nudge == Nudge::Move ? Grip::Inside : Grip::BottomRight, dx, dy);
}

CropBox PanAndScanGeometry::changed(const CropBox& start, Grip grip, std::int64_t dx, std::int64_t dy) const {
    if (isEmpty()) return start;
    CropBox box;  // inside the picture, whatever came in
    box.left = std::clamp<std::int64_t>(start.left, 0, m_width - 1);
    box.top = std::clamp<std::int64_t>(start.top, 0, m_height - 1);
    box.right = std::clamp(start.right, box.left + 1, m_width);
    box.bottom = std::clamp(start.bottom, box.top + 1, m_height);
    CropBox result = box;
    if (grip == Grip::Inside) {
        const std::int64_t x = std::clamp(dx, -box.left, m_width - box.right);
        const std::int64_t y = std::clamp(dy, -box.top, m_height - box.bottom);
        return {box.left + x, box.top + y, box.right + x, box.bottom + y};
    }
    if (holdsLeft(grip)) result.left = std::clamp<std::int64_t>(box.left + dx, 0, box.right - 1);
    if (holdsRight(grip)) result.right = std::clamp(box.right + dx, box.left + 1, m_width);
    if (holdsTop(grip)) result.top = std::clamp<std::int64_t>(box.top + dy, 0, box.bottom - 1);
    if (holdsBottom(grip)) result.bottom = std::clamp(box.bottom + dy, box.top + 1, m_height);
    return result;
}

CropBox PanAndScanGeometry::newCrop(const std::vector<CropBox>& crops) const {
    const std::int64_t width = std::max<std::int64_t>(m_width / 2, 1);
    const std::int64_t height = std::max<std::int64_t>(m_height / 2, 1);
    const CropBox middle{(m_width - width) / 2, (m_height - height) / 2, (m_width - width) / 2 + width,
                         (m_height - height) / 2 + height};
    CropBox candidate = middle;
    // Four steps lead from the middle to the corner; a person who adds more will not mind where they begin.
    for (std::int64_t step = 1; step <= 4 && std::find(crops.begin(), crops.end(), candidate) != crops.end(); ++step)
        candidate = changed(middle, Grip::Inside, step * std::max<std::int64_t>(m_width / 16, 1),
                            step * std::max<std::int64_t>(m_height / 16, 1));
    return candidate;
}

QString PanAndScanGeometry::summary(const std::vector<CropBox>& crops, int current) const {
    if (isEmpty()) return tr("There is no picture.");
    const int count = static_cast<int>(crops.size());
    if (count == 0) return tr("A picture of %1 by %2 pixels without crops.").arg(m_width).arg(m_height);
    QString all = tr("A picture of %1 by %2 pixels with %n crop(s).", nullptr, count).arg(m_width).arg(m_height);
    if (current < 0 || current >= count) return all;
    const CropBox& box = crops[static_cast<std::size_t>(current)];
    const QString one = tr("Crop %1: %2 by %3 pixels, %4 from the left and %5 from the top.")
                            .arg(current + 1)
                            .arg(box.right - box.left)
                            .arg(box.bottom - box.top)
                            .arg(box.left)
                            .arg(box.top);
    return all + QStringLiteral(" ") + one;
}

}  // namespace lapidary::gui
