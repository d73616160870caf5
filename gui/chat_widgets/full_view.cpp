#include "gui/chat_widgets/full_view.h"

#include <QPainter>
#include <QScreen>

#include "gui/chat_widgets/engine_pictures.h"
#include "gui/chat_widgets/tile_delegate.h"

namespace lapidary::gui {

FullView::FullView(EnginePictures& pictures, const QString& path, const QSizeF& shape, const QString& title,
                   const QString& description, QWidget* parent)
    : QDialog(parent), m_pictures(pictures), m_path(path), m_shape(shape) {
    setObjectName(QStringLiteral("fullView"));
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(title);
    setAccessibleName(title);
    setAccessibleDescription(description);
    setSizeGripEnabled(true);
    const QSizeF room = QSizeF(screen()->availableSize()) * 0.8;
    resize((shape.isEmpty() ? room : shape.scaled(room, Qt::KeepAspectRatio)).toSize());
    connect(&pictures, &EnginePictures::loaded, this, qOverload<>(&QWidget::update));
}

void FullView::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), Qt::black);
    const QImage image = m_pictures.image(m_path);
    if (image.isNull()) return;
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    painter.drawImage(fittedRect(m_shape, rect()), image);
}

}  // namespace lapidary::gui
