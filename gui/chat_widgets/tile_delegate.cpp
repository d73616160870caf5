#include "gui/chat_widgets/tile_delegate.h"

#include <QApplication>
#include <QPainter>
#include <QPalette>
#include <algorithm>

#include "gui/chat/tile_roles.h"
#include "gui/chat_widgets/engine_pictures.h"

namespace lapidary::gui {
namespace {

constexpr int kMargin = 5;

// Drawn, not written: fonts without these signs exist.
void paintCross(QPainter& painter, const QRectF& area) {
    const QPointF middle = area.center();
    const double arm = std::min(area.width(), area.height()) / 5.0;
    painter.setPen(QPen(painter.pen().color(), 3.0, Qt::SolidLine, Qt::RoundCap));
    painter.drawLine(middle + QPointF(-arm, -arm), middle + QPointF(arm, arm));
    painter.drawLine(middle + QPointF(-arm, arm), middle + QPointF(arm, -arm));
}

void paintDots(QPainter& painter, const QRectF& area) {
    painter.setPen(Qt::NoPen);
    for (int i = -1; i <= 1; ++i) painter.drawEllipse(area.center() + QPointF(12.0 * i, 0.0), 3.0, 3.0);
}

}  // namespace

QRectF fittedRect(const QSizeF& shape, const QRectF& area) {
    if (shape.isEmpty()) return area;
    const QSizeF size = shape.scaled(area.size(), Qt::KeepAspectRatio).expandedTo(QSizeF(1.0, 1.0));
    return {area.center() - QPointF(size.width(), size.height()) / 2.0, size};
}

void paintBadge(QPainter& painter, const QPointF& topLeft, const QString& text, bool strong) {
    if (text.isEmpty()) return;
    painter.save();
    QFont font = painter.font();
    font.setBold(true);
    painter.setFont(font);
    const QFontMetricsF metrics(font);
    const double height = metrics.height() + 2.0;
    const QRectF badge(topLeft, QSizeF(std::max(height, metrics.horizontalAdvance(text) + 8.0), height));
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(Qt::white, strong ? 2.0 : 1.0));
    painter.setBrush(Qt::black);
    painter.drawRoundedRect(badge, 3.0, 3.0);
    painter.drawText(badge, Qt::AlignCenter, text);
    painter.restore();
}

TileDelegate::TileDelegate(EnginePictures& pictures, int side, int lines, QObject* parent)
    : QStyledItemDelegate(parent), m_pictures(pictures), m_side(side), m_lines(lines) {}

QSize TileDelegate::tileSize(const QFontMetrics& metrics) const {
    const int width = std::max(m_side, 17 * metrics.averageCharWidth());
    return {width + 2 * kMargin, m_side + m_lines * metrics.lineSpacing() + 3 * kMargin};
}

QSize TileDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const {
    return tileSize(option.fontMetrics);
}

void TileDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    QStyleOptionViewItem panel = option;
    initStyleOption(&panel, index);
    panel.text.clear();
    const QStyle* const style = option.widget != nullptr ? option.widget->style() : QApplication::style();
    style->drawPrimitive(QStyle::PE_PanelItemViewItem, &panel, painter, option.widget);
    painter->save();
    const QRect inside = option.rect.adjusted(kMargin, kMargin, -kMargin, -kMargin);
    paintPicture(*painter, QRect(inside.left(), inside.top(), inside.width(), m_side), index, option.palette);
    const bool selected = option.state.testFlag(QStyle::State_Selected);
    painter->setPen(option.palette.color(selected ? QPalette::HighlightedText : QPalette::Text));
    QRect line(inside.left(), inside.top() + m_side + kMargin, inside.width(), option.fontMetrics.lineSpacing());
    for (const QString& text : index.data(TileLines).toStringList()) {
        painter->drawText(line, Qt::AlignHCenter | Qt::AlignVCenter,
                          option.fontMetrics.elidedText(text, Qt::ElideMiddle, line.width()));
        line.translate(0, line.height());
    }
    painter->restore();
    if (option.state.testFlag(QStyle::State_HasFocus)) {
        QStyleOptionFocusRect focus;
        focus.QStyleOption::operator=(option);
        focus.rect = option.rect.adjusted(1, 1, -1, -1);
        style->drawPrimitive(QStyle::PE_FrameFocusRect, &focus, painter, option.widget);
    }
}

void TileDelegate::paintPicture(QPainter& painter, const QRect& area, const QModelIndex& index, const QPalette& palette) const {
    const auto state = static_cast<TileState>(index.data(TileStateRole).toInt());
    const QImage image = state == TileState::Failed ? QImage() : m_pictures.image(index.data(TileImage).toString());
    const QRectF place = fittedRect(image.isNull() ? QSizeF(1.0, 1.0) : index.data(TileAspect).toSizeF(), area);
    painter.setRenderHints(QPainter::SmoothPixmapTransform | QPainter::Antialiasing);
    if (image.isNull()) {
        painter.fillRect(place, palette.color(QPalette::AlternateBase));
        painter.setPen(palette.color(QPalette::Text));
        painter.setBrush(palette.color(QPalette::Text));
        if (state == TileState::Failed)
            paintCross(painter, place);
        else
            paintDots(painter, place);
    } else {
        painter.drawImage(place, image);
    }
    paintBadge(painter, place.topLeft() + QPointF(2.0, 2.0), index.data(TileBadge).toString(), false);
}

}  // namespace lapidary::gui
