#include "gui/models/model_delegate.h"

#include <QApplication>
#include <QLocale>
#include <QPainter>

#include "gui/models/model_catalog.h"

namespace lapidary::gui {
namespace {

constexpr int kMargin = 10;
constexpr int kLineGap = 3;

QString placeText(const QModelIndex& index) {
    switch (static_cast<CatalogEntry::Place>(index.data(ModelCatalog::PlaceRole).toInt())) {
        case CatalogEntry::Place::Demo: return ModelDelegate::tr("built in");
        case CatalogEntry::Place::Recent: return ModelDelegate::tr("recent");
        case CatalogEntry::Place::Cache: return ModelDelegate::tr("Hugging Face cache");
        case CatalogEntry::Place::Folder: return ModelDelegate::tr("your folders");
    }
    return {};
}

}  // namespace

void ModelDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    QStyleOptionViewItem item = option;
    initStyleOption(&item, index);
    item.text.clear();
    const QStyle& style = item.widget != nullptr ? *item.widget->style() : *QApplication::style();
    style.drawControl(QStyle::CE_ItemViewItem, &item, painter, item.widget);
    const bool selected = (item.state & QStyle::State_Selected) != 0;
    const QPalette::ColorRole role = selected ? QPalette::HighlightedText : QPalette::Text;
    const QRect inside = item.rect.adjusted(kMargin, kMargin / 2, -kMargin, -kMargin / 2);
    const int line = item.fontMetrics.height();
    QFont bold = item.font;
    bold.setBold(true);
    painter->save();
    painter->setPen(item.palette.color(role));
    painter->setFont(bold);
    const qint64 bytes = index.data(ModelCatalog::SizeRole).toLongLong();
    const QString size = bytes > 0 ? QLocale().formattedDataSize(bytes) : QString();
    painter->drawText(QRect(inside.left(), inside.top(), inside.width(), line), Qt::AlignLeft,
                      QFontMetrics(bold).elidedText(index.data().toString(), Qt::ElideMiddle, inside.width() - 220));
    painter->setFont(item.font);
    painter->drawText(QRect(inside.left(), inside.top(), inside.width(), line), Qt::AlignRight,
                      QStringList{placeText(index), size}.join(size.isEmpty() ? QString() : QStringLiteral(" · ")));
    const QString detail = index.data(ModelCatalog::CompleteRole).toBool() ? index.data(ModelCatalog::DetailRole).toString()
                                                                           : tr("incomplete: download it again");
    painter->drawText(QRect(inside.left(), inside.top() + line + kLineGap, inside.width(), line), Qt::AlignLeft,
                      item.fontMetrics.elidedText(detail, Qt::ElideMiddle, inside.width()));
    painter->restore();
}

QSize ModelDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const QSize base = QStyledItemDelegate::sizeHint(option, index);
    return {base.width(), 2 * option.fontMetrics.height() + kLineGap + kMargin};
}

}  // namespace lapidary::gui
