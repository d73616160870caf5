#include "gui/chat_widgets/message_list_view.h"

#include <QAccessible>
#include <QApplication>
#include <QScrollBar>
#include <QTextDocument>
#include <QToolButton>
#include <algorithm>

#include "gui/chat_widgets/markdown_view.h"
#include "gui/chat_widgets/message_accessibility.h"

namespace lapidary::gui {
namespace {

constexpr int kSingleStep = 40;  // pixels
constexpr int kEdge = 6;

}  // namespace

MessageListView::MessageListView(ThumbnailProvider* thumbnails, QWidget* parent)
    : QAbstractScrollArea(parent), m_thumbnails(thumbnails) {
    installMessageAccessibility();
    setObjectName(QStringLiteral("messageList"));
    setAccessibleName(tr("Conversation"));
    setFrameStyle(QFrame::NoFrame);
    setFocusPolicy(Qt::NoFocus);  // its current message has it
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);  // a bar that comes and goes would move the text
    verticalScrollBar()->setSingleStep(kSingleStep);
    setViewportMargins(0, kEdge, 0, kEdge);
    viewport()->setBackgroundRole(QPalette::Window);
    m_timer.setSingleShot(true);
    m_timer.setInterval(kUpdateMs);
    connect(&m_timer, &QTimer::timeout, this, &MessageListView::updateNow);
    connect(&m_announcer, &StreamAnnouncer::announced, this, &MessageListView::announce);
    connect(qApp, &QApplication::focusChanged, this, [this](QWidget*, QWidget* now) { focusMoved(now); });
    m_endButton = new QToolButton(viewport());
    m_endButton->setObjectName(QStringLiteral("toTheEnd"));
    m_endButton->setText(tr("↓ To the end"));
    m_endButton->setAccessibleName(tr("Scroll to the end of the conversation"));
    m_endButton->hide();
    connect(m_endButton, &QToolButton::clicked, this, &MessageListView::scrollToEnd);
}

void MessageListView::setConversation(Conversation* conversation) {
    if (m_conversation != nullptr) m_conversation->disconnect(this);
    m_conversation = conversation;
    if (conversation != nullptr) {
        connect(conversation, &Conversation::pathChanged, this, &MessageListView::pathChanged);
        connect(conversation, &Conversation::messageAdded, this, &MessageListView::messageAdded);
        connect(conversation, &Conversation::messageChanged, this, &MessageListView::messageChanged);
        connect(conversation, &Conversation::textAppended, this, &MessageListView::textAppended);
    }
    m_stick = true;
    m_current = -1;
    pathChanged(0);
}

void MessageListView::setTheme(const Theme& theme) {
    m_theme = theme;
    setPalette(theme.palette());
    for (auto& [row, entry] : m_live) entry.widget->setTheme(theme);
    updateNow();
}

void MessageListView::setTinted(bool tinted) {
    m_tinted = tinted;
    for (auto& [row, entry] : m_live) entry.widget->setTinted(tinted, m_conversation->at(row));
    updateNow();
}

MessageWidget* MessageListView::messageAt(int row) const {
    const auto found = m_live.find(row);
    return found == m_live.end() ? nullptr : found->second.widget;
}

std::vector<MessageWidget*> MessageListView::liveMessages() const {
    std::vector<MessageWidget*> messages;
    messages.reserve(m_live.size());
    for (const auto& [row, entry] : m_live) messages.push_back(entry.widget);
    return messages;
}

// ---- Changes of the conversation

void MessageListView::pathChanged(int firstRow) {
    const int first = std::clamp(firstRow, 0, m_heights.size());
    const bool hadFocus =
        m_current >= first && messageAt(m_current) != nullptr && rowOf(QApplication::focusWidget()) == m_current;
    const int before = m_current;
    for (auto at = m_live.lower_bound(first); at != m_live.end(); at = m_live.lower_bound(first)) dropRow(at->first);
    m_changed.erase(m_changed.lower_bound(first), m_changed.end());
    m_heights.truncate(first);
    const int count = m_conversation == nullptr ? 0 : m_conversation->size();
    for (int row = first; row < count; ++row) m_heights.append(estimate(row));
    m_current = -1;
    updateNow();
    const int wanted = before < 0 ? count - 1 : std::min(before, count - 1);
    if (hadFocus) {
        focusRow(wanted);
    } else if (messageAt(wanted) != nullptr) {
        setCurrent(wanted);
    }
}

void MessageListView::messageAdded(int row) {
    m_heights.append(estimate(row));
    // Who has just sent something wants to see it.
    if (m_conversation->at(row).role == Role::User) m_stick = true;
    for (auto& [other, entry] : m_live) entry.widget->setMessage(m_conversation->at(other), placeOf(other));
    updateNow();
    if (m_current < 0) setCurrent(row);
}

void MessageListView::messageChanged(int row) {
    const auto found = m_live.find(row);
    if (found != m_live.end()) {
        found->second.widget->setMessage(m_conversation->at(row), placeOf(row));
        found->second.dirty = true;
    } else {
        m_heights.set(row, estimate(row));
    }
    if (m_conversation->at(row).state != Message::State::Streaming) m_announcer.finish();
    schedule();
}

void MessageListView::textAppended(int row, const QString& text) {
    m_changed.insert(row);
    m_announcedRow = row;
    m_announcer.add(text);
    schedule();
}

void MessageListView::announce(const QString& words) {
    MessageWidget* message = messageAt(m_announcedRow);
    MarkdownView* text = message == nullptr ? nullptr : message->lastText();
    QObject* about = text == nullptr ? static_cast<QObject*>(this) : text;
    const int length = text == nullptr ? 0 : text->document()->characterCount() - 1;
    QAccessibleTextInsertEvent event(about, std::max(0, length - static_cast<int>(words.size())), words);
    QAccessible::updateAccessibility(&event);
    emit textAnnounced(words);
}

void MessageListView::schedule() {
    if (!m_timer.isActive()) m_timer.start();
}

void MessageListView::updateNow() {
    m_timer.stop();
    ++m_work.updates;
    for (const int row : m_changed) {
        const auto found = m_live.find(row);
        if (found != m_live.end()) {
            found->second.widget->showProgress(m_conversation->at(row));
            found->second.dirty = true;
        } else if (row < rows()) {
            m_heights.set(row, estimate(row));
        }
    }
    m_changed.clear();
    relayout();
    m_timer.stop();  // what the layout itself changed is dealt with
}

}  // namespace lapidary::gui
