// MessageListView: focus, keys and going to a row.
#include <QApplication>
#include <QKeyEvent>
#include <QScrollBar>
#include <QToolButton>
#include <algorithm>
#include <utility>

#include "gui/chat_widgets/message_list_view.h"

namespace lapidary::gui {

int MessageListView::rowOf(const QWidget* inside) const {
    if (inside == nullptr || !viewport()->isAncestorOf(inside)) return -1;
    for (const auto& [row, entry] : m_live) {
        if (entry.widget == inside || entry.widget->isAncestorOf(inside)) return row;
    }
    return -1;
}

void MessageListView::focusMoved(QWidget* now) {
    const int row = rowOf(now);
    if (row >= 0) setCurrent(row);
}

void MessageListView::setCurrent(int row) {
    if (row == m_current) return;
    if (MessageWidget* before = messageAt(m_current)) before->setCurrent(false);
    m_current = row;
    if (MessageWidget* now = messageAt(row)) now->setCurrent(true);
    orderTabs();
    emit currentRowChanged(row);
}

// Widgets that are made while the page is there come last in its order of Tab; the current message's belong where the list is.
void MessageListView::orderTabs() {
    MessageWidget* const message = messageAt(m_current);
    std::vector<QWidget*> stops = message == nullptr ? std::vector<QWidget*>() : message->tabStops();
    if (stops == m_tabStops) return;
    m_tabStops = std::move(stops);
    QWidget* before = m_endButton;  // the list itself takes no focus, and has no place in the order
    for (QWidget* stop : m_tabStops) {
        setTabOrder(before, stop);
        before = stop;
    }
    setTabOrder(before, m_endButton);
}

void MessageListView::scrollTo(int top) {
    if (rows() == 0) return;
    const int allowed = std::clamp(top, 0, maximumTop());
    m_stick = allowed >= maximumTop();
    setAnchor(allowed);
    relayout();
}

void MessageListView::scrollToEnd() {
    m_stick = true;
    updateNow();
}

// The row comes into sight: its beginning at least.
void MessageListView::scrollToRow(int row) {
    if (row < 0 || row >= rows()) return;
    const int height = measured(row);
    const int begin = m_heights.offsetOf(row);
    const int top = m_heights.offsetOf(m_anchor.row) + m_anchor.offset;
    const int page = viewport()->height();
    if (begin < top || height >= page) {
        m_anchor = {row, 0};
    } else if (begin + height > top + page) {
        m_anchor = {row, height - page};
    } else {
        return;
    }
    m_stick = false;
    relayout();
    m_stick = m_heights.offsetOf(m_anchor.row) + m_anchor.offset >= maximumTop();
    placeEndButton();
}

void MessageListView::focusRow(int row) {
    if (rows() == 0) return;
    row = std::clamp(row, 0, rows() - 1);
    scrollToRow(row);
    setCurrent(row);
    if (MessageWidget* message = messageAt(row)) message->setFocus(Qt::OtherFocusReason);
}

// Follows the caret through a text that is longer than the page.
void MessageListView::showRect(const MessageWidget* message, const QRect& place) {
    const int y = message->y() + place.top();
    const int top = m_heights.offsetOf(m_anchor.row) + m_anchor.offset;
    if (y < 0) {
        scrollTo(top + y);
    } else if (y + place.height() > viewport()->height()) {
        scrollTo(top + y + place.height() - viewport()->height());
    }
}

// Keys that nobody inside wanted.  Between messages they go from the message itself, not from within its text.
void MessageListView::keyPressEvent(QKeyEvent* event) {
    const int top = verticalScrollBar()->value();
    const bool onMessage = qobject_cast<MessageWidget*>(QApplication::focusWidget()) != nullptr;
    switch (event->key()) {
        case Qt::Key_PageUp: scrollTo(top - viewport()->height() * 9 / 10); break;
        case Qt::Key_PageDown: scrollTo(top + viewport()->height() * 9 / 10); break;
        case Qt::Key_Up:
            if (onMessage) focusRow(m_current - 1);
            break;
        case Qt::Key_Down:
            if (onMessage) focusRow(m_current + 1);
            break;
        case Qt::Key_Home:
            if (onMessage) focusRow(0);
            break;
        case Qt::Key_End:
            if (onMessage) focusRow(rows() - 1);
            break;
        default: event->ignore(); return;
    }
    event->accept();
}

}  // namespace lapidary::gui
