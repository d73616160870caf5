// Draws a model of the catalog in two lines: its name, and where it comes from.
#pragma once

#include <QStyledItemDelegate>

namespace lapidary::gui {

class ModelDelegate final : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace lapidary::gui
