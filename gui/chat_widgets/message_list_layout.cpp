// MessageListView: which rows have widgets, how high they are and where they stand.
#include <QApplication>
#include <QScrollBar>
#include <QToolButton>
#include <algorithm>

#include "gui/chat_widgets/message_list_view.h"

namespace lapidary::gui {
namespace {

constexpr int kNearRange = 300;       // pixels above and below the visible part that have widgets
constexpr int kColumn = 60;           // em: wider lines are hard to read
constexpr int kSide = 16;             // pixels beside the column
constexpr int kMessageHeight = 96;    // estimate of a message without text
constexpr int kPictureHeight = 140;

}  // namespace

int MessageListView::contentWidth() const {
    return std::clamp(viewport()->width() - 2 * kSide, 120, fontMetrics().averageCharWidth() * 2 * kColumn);
}

int MessageListView::margin() const { return kNearRange; }

int MessageListView::maximumTop() const { return std::max(0, m_heights.total() - viewport()->height()); }

// From the amount of text alone: exact heights are measured when a row comes near.
int MessageListView::estimate(int row) const {
    const Message& message = m_conversation->at(row);
    const int perLine = std::max(20, contentWidth() / std::max(1, fontMetrics().averageCharWidth()));
    int height = kMessageHeight;
    bool pictures = false;
    for (const MessagePart& part : message.parts) {
        pictures = pictures || part.picture.has_value();
        if (!part.picture) height += (1 + static_cast<int>(part.text.size()) / perLine) * fontMetrics().lineSpacing();
    }
    return height + (pictures ? kPictureHeight : 0);
}

MessagePlace MessageListView::placeOf(int row) const { return {row, m_conversation->size(), m_conversation->branchOf(row)}; }

MessageWidget* MessageListView::makeWidget() {
    ++m_work.widgetsMade;
    auto* widget = new MessageWidget(m_thumbnails, m_theme, viewport());
    connect(widget, &MessageWidget::actionRequested, this, &MessageListView::actionRequested);
    connect(widget, &MessageWidget::pictureActivated, this, &MessageListView::pictureActivated);
    connect(widget, &MessageWidget::tokenClicked, this, &MessageListView::tokenClicked);
    connect(widget, &MessageWidget::codeCopyRequested, this, &MessageListView::codeCopyRequested);
    connect(widget, &MessageWidget::linkActivated, this, &MessageListView::linkActivated);
    connect(widget, &MessageWidget::heightChanged, this, [this, widget] {
        const auto found = m_live.find(rowOf(widget));
        if (found == m_live.end()) return;
        found->second.dirty = true;
        schedule();
    });
    connect(widget, &MessageWidget::caretMoved, this, [this, widget](const QRect& place) { showRect(widget, place); });
    return widget;
}

MessageListView::Live& MessageListView::live(int row) {
    Live& entry = m_live[row];
    if (entry.widget != nullptr) return entry;
    const Message& message = m_conversation->at(row);
    entry.widget = makeWidget();
    entry.widget->setTinted(m_tinted, message);
    entry.widget->setMessage(message, placeOf(row));
    entry.widget->setCurrent(row == m_current);
    entry.dirty = true;
    m_changed.erase(row);
    return entry;
}

int MessageListView::measured(int row) {
    Live& entry = live(row);
    if (entry.dirty) {
        ++m_work.rowsMeasured;
        m_heights.set(row, entry.widget->heightForWidth(m_width));
        entry.dirty = false;
    }
    return m_heights.heightOf(row);
}

void MessageListView::dropRow(int row) {
    const auto found = m_live.find(row);
    // Not at once: what was pressed in it may have led here.
    found->second.widget->hide();
    found->second.widget->deleteLater();
    m_live.erase(found);
    m_tabStops.clear();  // another widget may come to have its address
}

void MessageListView::fillFrom(const Anchor& anchor) {
    const int end = viewport()->height() + margin();
    int y = -anchor.offset;
    for (int row = anchor.row; row < rows() && y < end; ++row) y += measured(row);
    y = -anchor.offset;
    for (int row = anchor.row - 1; row >= 0 && y > -margin(); --row) y -= measured(row);
}

void MessageListView::fillFromEnd() {
    int y = 0;
    for (int row = rows() - 1; row >= 0 && y < viewport()->height() + margin(); --row) y += measured(row);
}

// Measures what is near; where the visible part begins.  NOTE [Anchor]: a corrected estimate above changes where every row below
// begins, so the top is kept as a row and an offset into it, and the scroll bar follows.
int MessageListView::fill() {
    if (m_stick) {
        fillFromEnd();
        return maximumTop();
    }
    m_anchor.row = std::clamp(m_anchor.row, 0, rows() - 1);
    fillFrom(m_anchor);
    const int top = m_heights.offsetOf(m_anchor.row) + m_anchor.offset;
    const int allowed = std::clamp(top, 0, maximumTop());
    if (allowed == top) return top;
    // Beyond an end of the list.
    setAnchor(allowed);
    fillFrom(m_anchor);
    return std::clamp(m_heights.offsetOf(m_anchor.row) + m_anchor.offset, 0, maximumTop());
}

void MessageListView::relayout() {
    if (m_placing) return;
    m_placing = true;
    if (m_width != contentWidth()) {
        m_width = contentWidth();
        for (auto& [row, entry] : m_live) entry.dirty = true;
    }
    if (rows() > 0) {
        const int top = fill();
        removeFar(top);
        place(top);
        setAnchor(top);
    } else {
        verticalScrollBar()->setRange(0, 0);
    }
    placeEndButton();
    orderTabs();
    m_placing = false;
}

void MessageListView::removeFar(int top) {
    const int first = m_heights.rowAt(std::max(0, top - margin()));
    const int last = m_heights.rowAt(top + viewport()->height() + margin());
    const int focused = rowOf(QApplication::focusWidget());
    std::vector<int> far;
    for (const auto& [row, entry] : m_live) {
        if ((row < first || row > last) && row != focused) far.push_back(row);
    }
    for (const int row : far) dropRow(row);
}

void MessageListView::place(int top) {
    const int x = (viewport()->width() - m_width) / 2;
    for (auto& [row, entry] : m_live) {
        entry.widget->setGeometry(x, m_heights.offsetOf(row) - top, m_width, m_heights.heightOf(row));
        entry.widget->show();
    }
    QScrollBar* bar = verticalScrollBar();
    bar->setPageStep(viewport()->height());
    bar->setRange(0, maximumTop());
    bar->setValue(top);
    // The current message is one that can be seen, unless the person is in it.
    if (m_live.count(m_current) == 0) setCurrent(m_heights.rowAt(top + viewport()->height() / 2));
}

void MessageListView::setAnchor(int top) {
    m_anchor.row = m_heights.rowAt(top);
    m_anchor.offset = top - m_heights.offsetOf(m_anchor.row);
}

void MessageListView::placeEndButton() {
    m_endButton->setVisible(!m_stick && rows() > 0);
    if (m_endButton->isHidden()) return;
    const QSize size = m_endButton->sizeHint();
    m_endButton->setGeometry((viewport()->width() - size.width()) / 2, viewport()->height() - size.height() - 10, size.width(),
                             size.height());
    m_endButton->raise();
}

void MessageListView::resizeEvent(QResizeEvent* event) {
    QAbstractScrollArea::resizeEvent(event);
    updateNow();
}

void MessageListView::showEvent(QShowEvent* event) {
    QAbstractScrollArea::showEvent(event);
    updateNow();
}

void MessageListView::changeEvent(QEvent* event) {
    QAbstractScrollArea::changeEvent(event);
    if (event->type() != QEvent::FontChange) return;
    for (auto& [row, entry] : m_live) entry.dirty = true;
    schedule();
}

// The person scrolled.
void MessageListView::scrollContentsBy(int, int) {
    if (m_placing || rows() == 0) return;
    const int top = verticalScrollBar()->value();
    m_stick = top >= maximumTop();
    setAnchor(top);
    relayout();
}

}  // namespace lapidary::gui
