// Paints a small picture with its number, its state and a few words below: pictures of a message, and views of a picture.
#pragma once

#include <QStyledItemDelegate>

namespace lapidary::gui {

class EnginePictures;

class TileDelegate final : public QStyledItemDelegate {
    Q_OBJECT

public:
    // `side`: of the place for the picture, in points.  `lines`: of words below it.
    TileDelegate(EnginePictures& pictures, int side, int lines, QObject* parent);

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    [[nodiscard]] QSize tileSize(const QFontMetrics& metrics) const;

private:
    void paintPicture(QPainter& painter, const QRect& area, const QModelIndex& index, const QPalette& palette) const;

    EnginePictures& m_pictures;
    int m_side;
    int m_lines;
};

// A number on a picture: white on black, readable on anything.
void paintBadge(QPainter& painter, const QPointF& topLeft, const QString& text, bool strong);
// Where a picture of that shape lies in the middle of an area.
QRectF fittedRect(const QSizeF& shape, const QRectF& area);

}  // namespace lapidary::gui
