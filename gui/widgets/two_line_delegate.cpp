#include "gui/widgets/two_line_delegate.h"

#include <QApplication>
#include <QPainter>
#include <QTextLayout>
#include <algorithm>

namespace lapidary::gui {
namespace {

constexpr int kSideMargin = 10;
constexpr int kTopMargin = 6;
constexpr int kLineGap = 3;
constexpr int kAsideGap = 16;

// One line of text in which some of it is bold; what does not fit is not painted.
void paintLine(QPainter& painter, const QRect& area, const QFont& font, const QString& text,
               const std::vector<TwoLineDelegate::Lines::Range>& bold) {
    QTextLayout layout(text, font);
    QTextCharFormat format;
    format.setFontWeight(QFont::Bold);
    QList<QTextLayout::FormatRange> formats;
    for (const auto& range : bold)
        formats.append({static_cast<int>(range.begin), static_cast<int>(range.end - range.begin), format});
    layout.setFormats(formats);
    layout.beginLayout();
    if (QTextLine line = layout.createLine(); line.isValid()) line.setLineWidth(1e6);
    layout.endLayout();
    painter.save();
    painter.setClipRect(area, Qt::IntersectClip);
    layout.draw(&painter, area.topLeft());
    painter.restore();
}

}  // namespace

void TwoLineDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    QStyleOptionViewItem item = option;
    initStyleOption(&item, index);
    item.text.clear();
    const QStyle& style = item.widget != nullptr ? *item.widget->style() : *QApplication::style();
    style.drawControl(QStyle::CE_ItemViewItem, &item, painter, item.widget);
    const bool selected = (item.state & QStyle::State_Selected) != 0;
    const Lines shown = lines(index);
    const QRect inside = item.rect.adjusted(kSideMargin, kTopMargin, -kSideMargin, -kTopMargin);
    const int height = item.fontMetrics.height();
    QRect first(inside.left(), inside.top(), inside.width(), height);
    const QRect second(inside.left(), inside.top() + height + kLineGap, inside.width(), height);
    QFont titleFont = item.font;
    titleFont.setBold(shown.boldTitle);
    painter->save();
    painter->setPen(item.palette.color(selected ? QPalette::HighlightedText : QPalette::Text));
    painter->setFont(item.font);
    painter->drawText(first, Qt::AlignRight, shown.aside);
    if (!shown.aside.isEmpty()) first.setRight(first.right() - item.fontMetrics.horizontalAdvance(shown.aside) - kAsideGap);
    painter->setFont(titleFont);
    painter->drawText(first, Qt::AlignLeft, QFontMetrics(titleFont).elidedText(shown.title, Qt::ElideRight, first.width()));
    // Muted, as the theme mutes what a field says while it is empty.
    if (!selected) painter->setPen(item.palette.color(QPalette::PlaceholderText));
    painter->setFont(item.font);
    if (shown.bold.empty())
        painter->drawText(second, Qt::AlignLeft, item.fontMetrics.elidedText(shown.detail, Qt::ElideRight, second.width()));
    else
        paintLine(*painter, second, item.font, shown.detail, shown.bold);
    painter->restore();
}

QSize TwoLineDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const QSize base = QStyledItemDelegate::sizeHint(option, index);
    return {std::min(base.width(), 100), 2 * option.fontMetrics.height() + kLineGap + 2 * kTopMargin};
}

}  // namespace lapidary::gui
