#include "gui/chat_widgets/stream_announcer.h"

#include <utility>

namespace lapidary::gui {

StreamAnnouncer::StreamAnnouncer(QObject* parent) : QObject(parent) {
    m_timer.setSingleShot(true);
    m_timer.setInterval(kIntervalMs);
    connect(&m_timer, &QTimer::timeout, this, &StreamAnnouncer::announceWords);
}

void StreamAnnouncer::add(const QString& text) {
    m_waiting += text;
    if (!m_timer.isActive()) m_timer.start();
}

void StreamAnnouncer::announceWords() {
    qsizetype end = m_waiting.size();
    while (end > 0 && !m_waiting[end - 1].isSpace()) --end;
    const QString words = m_waiting.left(end);
    m_waiting.remove(0, end);
    if (!words.trimmed().isEmpty()) emit announced(words);
}

void StreamAnnouncer::finish() {
    m_timer.stop();
    const QString words = std::exchange(m_waiting, {});
    if (!words.trimmed().isEmpty()) emit announced(words);
}

}  // namespace lapidary::gui
