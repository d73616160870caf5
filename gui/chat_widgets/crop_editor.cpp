#include "gui/chat_widgets/crop_editor.h"

#include <QAccessible>
#include <QApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>

#include "gui/chat_widgets/engine_pictures.h"
#include "gui/chat_widgets/tile_delegate.h"

namespace lapidary::gui {
namespace {

constexpr double kMargin = 6.0;  // so that handles at the border can be seen and caught
constexpr double kHandle = 7.0;
constexpr std::int64_t kLongStep = 10;  // pixels, with Shift

Qt::CursorShape cursorOf(Grip grip) {
    switch (grip) {
        case Grip::None: return Qt::ArrowCursor;
        case Grip::Inside: return Qt::SizeAllCursor;
        case Grip::Left:
        case Grip::Right: return Qt::SizeHorCursor;
        case Grip::Top:
        case Grip::Bottom: return Qt::SizeVerCursor;
        case Grip::TopLeft:
        case Grip::BottomRight: return Qt::SizeFDiagCursor;
        case Grip::TopRight:
        case Grip::BottomLeft: return Qt::SizeBDiagCursor;
    }
    return Qt::ArrowCursor;
}

void paintHandles(QPainter& painter, const QRectF& rect) {
    painter.setPen(QPen(Qt::black, 1.0));
    painter.setBrush(Qt::white);
    const double xs[] = {rect.left(), rect.center().x(), rect.right()};
    const double ys[] = {rect.top(), rect.center().y(), rect.bottom()};
    for (int i = 0; i < 9; ++i) {
        if (i == 4) continue;  // the middle moves it
        const QPointF middle(xs[i % 3], ys[i / 3]);
        painter.drawRect(QRectF(middle - QPointF(kHandle, kHandle) / 2.0, QSizeF(kHandle, kHandle)));
    }
}

}  // namespace

CropEditor::CropEditor(PreviewViewModel& preview, EnginePictures& pictures, QWidget* parent)
    : QWidget(parent), m_preview(preview), m_pictures(pictures) {
    setObjectName(QStringLiteral("cropEditor"));
    setAccessibleName(tr("The picture with its crops"));
    setToolTip(
        tr("Dragging over the picture draws a crop. Page Up and Page Down choose a crop. Arrow keys move it, with Ctrl they "
           "resize it, with Shift by ten pixels. "
           "Insert adds a "
           "crop, Delete removes it."));
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    connect(&preview, &PreviewViewModel::changed, this, &CropEditor::follow);
    connect(&pictures, &EnginePictures::loaded, this, qOverload<>(&QWidget::update));
    follow();
}

PanAndScanGeometry CropEditor::geometryNow() const {
    PanAndScanGeometry geometry(m_preview.width(), m_preview.height());
    geometry.fit(QRectF(rect()).adjusted(kMargin, kMargin, -kMargin, -kMargin));
    return geometry;
}

void CropEditor::setCurrent(int crop) {
    const int count = static_cast<int>(m_preview.crops().size());
    const int wanted = crop >= 0 && crop < count ? crop : -1;
    if (wanted == m_current) return;
    m_current = wanted;
    follow();
    emit currentChanged(m_current);
}

void CropEditor::follow() {
    if (m_picture != m_preview.picture()) {
        m_picture = m_preview.picture();
        m_drag.reset();
    }
    const auto crops = m_preview.crops();
    if (m_current >= static_cast<int>(crops.size())) {
        m_current = static_cast<int>(crops.size()) - 1;
        emit currentChanged(m_current);
    }
    const QString summary = geometryNow().summary(crops, m_current);
    if (summary != accessibleDescription()) {
        setAccessibleDescription(summary);
        QAccessibleEvent event(this, QAccessible::DescriptionChanged);
        QAccessible::updateAccessibility(&event);
    }
    update();
}

void CropEditor::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    if (hasFocus()) {
        painter.setPen(QPen(palette().color(QPalette::Highlight), 2.0));
        painter.drawRect(QRectF(rect()).adjusted(1.0, 1.0, -1.0, -1.0));
    }
    const PanAndScanGeometry geometry = geometryNow();
    if (geometry.isEmpty()) return;
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    const QImage image = m_pictures.image(m_preview.original());
    if (image.isNull())
        painter.fillRect(geometry.pictureRect(), palette().color(QPalette::AlternateBase));
    else
        painter.drawImage(geometry.pictureRect(), image);
    const auto crops = m_preview.crops();
    for (int crop = 0; crop < static_cast<int>(crops.size()); ++crop) {
        if (crop != m_current) paintCrop(painter, geometry, crops[static_cast<std::size_t>(crop)], crop);
    }
    if (m_current >= 0 && m_current < static_cast<int>(crops.size()))
        paintCrop(painter, geometry, crops[static_cast<std::size_t>(m_current)], m_current);
}

// A black line under a white one is seen on any picture; the current one is thick and has handles.
void CropEditor::paintCrop(QPainter& painter, const PanAndScanGeometry& geometry, const rules::CropBox& box, int crop) const {
    const bool isCurrent = crop == m_current;
    const QRectF rect = geometry.rectOf(box);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(Qt::black, isCurrent ? 5.0 : 3.0));
    painter.drawRect(rect);
    painter.setPen(QPen(Qt::white, isCurrent ? 2.0 : 1.0, isCurrent ? Qt::SolidLine : Qt::DashLine));
    painter.drawRect(rect);
    paintBadge(painter, rect.topLeft() + QPointF(6.0, 6.0), QString::number(crop + 1), isCurrent);
    if (isCurrent && m_preview.canEdit()) paintHandles(painter, rect);
}

void CropEditor::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    const auto crops = m_preview.crops();
    const CropHit hit = geometryNow().hit(crops, event->position(), m_current);
    setCurrent(hit.crop);
    m_drag.reset();
    if (!m_preview.canEdit()) return;
    if (hit.crop >= 0)
        m_drag = Drag{crops[static_cast<std::size_t>(hit.crop)], hit.grip, event->position()};
    else if (geometryNow().pictureRect().contains(event->position()))
        m_drag = Drag{{}, Grip::None, event->position()};
}

void CropEditor::mouseMoveEvent(QMouseEvent* event) {
    const PanAndScanGeometry geometry = geometryNow();
    if (!m_drag) {
        const CropHit hit = geometry.hit(m_preview.crops(), event->position(), m_current);
        const bool canDraw = hit.crop < 0 && m_preview.canEdit() && geometry.pictureRect().contains(event->position());
        setCursor(canDraw ? Qt::CrossCursor : cursorOf(hit.grip));
        return;
    }
    if (m_drag->grip == Grip::None) return draw(geometry, event->position());
    replaceCurrent(geometry.dragged(m_drag->start, m_drag->grip, m_drag->from, event->position()));
}

void CropEditor::mouseReleaseEvent(QMouseEvent*) { m_drag.reset(); }

// A crop of one's own begins only once the hand has really moved: a click alone makes none.
void CropEditor::draw(const PanAndScanGeometry& geometry, const QPointF& to) {
    const QPointF from = m_drag->from;
    if (m_current >= 0) return replaceCurrent(geometry.drawn(from, to));
    if ((to - from).manhattanLength() < QApplication::startDragDistance()) return;
    const int added = m_preview.addCrop(geometry.drawn(from, to));
    if (added >= 0) setCurrent(added);
}

void CropEditor::replaceCurrent(const rules::CropBox& box) {
    auto crops = m_preview.crops();
    if (m_current < 0 || m_current >= static_cast<int>(crops.size())) return;
    rules::CropBox& old = crops[static_cast<std::size_t>(m_current)];
    if (old == box) return;  // a click alone departs from nothing
    old = box;
    m_preview.editCrops(crops);
}

bool CropEditor::nudge(const QKeyEvent& event) {
    const auto crops = m_preview.crops();
    if (m_current < 0 || m_current >= static_cast<int>(crops.size())) return false;
    const std::int64_t step = event.modifiers().testFlag(Qt::ShiftModifier) ? kLongStep : 1;
    std::int64_t dx = 0;
    std::int64_t dy = 0;
    switch (event.key()) {
        case Qt::Key_Left: dx = -step; break;
        case Qt::Key_Right: dx = step; break;
        case Qt::Key_Up: dy = -step; break;
        case Qt::Key_Down: dy = step; break;
        default: return false;
    }
    const Nudge kind = event.modifiers().testFlag(Qt::ControlModifier) ? Nudge::Resize : Nudge::Move;
    replaceCurrent(geometryNow().nudged(crops[static_cast<std::size_t>(m_current)], kind, dx, dy));
    return true;
}

void CropEditor::keyPressEvent(QKeyEvent* event) {
    const int count = static_cast<int>(m_preview.crops().size());
    switch (event->key()) {
        case Qt::Key_PageUp: return setCurrent(m_current <= 0 ? count - 1 : m_current - 1);
        case Qt::Key_PageDown: return setCurrent(m_current + 1 >= count ? 0 : m_current + 1);
        case Qt::Key_Insert: return addCrop();
        case Qt::Key_Delete: return removeCrop();
        default: break;
    }
    if (!nudge(*event)) QWidget::keyPressEvent(event);
}

void CropEditor::addCrop() {
    const int added = m_preview.addCrop();
    if (added >= 0) setCurrent(added);
}

void CropEditor::removeCrop() {
    if (m_current >= 0) m_preview.removeCrop(m_current);
}

}  // namespace lapidary::gui
