// Rows of two lines: a title, and below it what there is to say of it.
#pragma once

#include <QStyledItemDelegate>
#include <vector>

namespace lapidary::gui {

class TwoLineDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    struct Lines {
        QString title;
        QString aside;  // at the end of the first line
        QString detail;
        // In the detail, painted bold: ascending, disjoint.
        struct Range {
            qsizetype begin = 0;
            qsizetype end = 0;
        };
        std::vector<Range> bold;
        bool boldTitle = false;
    };

    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

protected:
    [[nodiscard]] virtual Lines lines(const QModelIndex& index) const = 0;
};

}  // namespace lapidary::gui
