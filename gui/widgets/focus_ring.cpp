#include "gui/widgets/focus_ring.h"

#include <QAbstractScrollArea>
#include <QApplication>
#include <QEvent>
#include <QPainter>
#include <QPointer>
#include <QPushButton>
#include <QToolButton>
#include <memory>

namespace lapidary::gui {
namespace {

constexpr double kWidth = 2.0;  // pixels

bool needsRing(const QWidget* control) {
    if (control == nullptr || !control->window()->testAttribute(Qt::WA_KeyboardFocusChange)) return false;
    // A dialog's default button looks as if it had the focus when it has not.
    const auto* const push = qobject_cast<const QPushButton*>(control);
    return (push != nullptr && push->isDefault()) || qobject_cast<const QAbstractScrollArea*>(control) != nullptr ||
           qobject_cast<const QToolButton*>(control) != nullptr;
}

}  // namespace

FocusRing::FocusRing(QWidget* control) : QWidget(control) {
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setFocusPolicy(Qt::NoFocus);
    setGeometry(control->rect());
    control->installEventFilter(this);
    raise();
    show();
}

void FocusRing::follow(QObject* context) {
    const auto ring = std::make_shared<QPointer<FocusRing>>();  // it goes with its control, which may go first
    connect(qApp, &QApplication::focusChanged, context, [ring](QWidget*, QWidget* now) {
        delete *ring;
        *ring = needsRing(now) ? new FocusRing(now) : nullptr;
    });
}

void FocusRing::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setPen(QPen(palette().color(QPalette::Highlight), kWidth));
    painter.drawRect(QRectF(rect()).adjusted(kWidth / 2, kWidth / 2, -kWidth / 2, -kWidth / 2));
}

bool FocusRing::eventFilter(QObject*, QEvent* event) {
    if (event->type() == QEvent::Resize) setGeometry(parentWidget()->rect());
    return false;
}

}  // namespace lapidary::gui
