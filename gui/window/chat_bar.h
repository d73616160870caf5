// Above a conversation: which model answers, what it does now, how full its context is.
#pragma once

#include <QWidget>

#include "gui/chat/chat_view_model.h"

class QLabel;
class QProgressBar;
class QPushButton;

namespace lapidary::gui {

class ChatBar final : public QWidget {
    Q_OBJECT

public:
    ChatBar(const ModelSession& session, const ChatViewModel& chat, QWidget* parent = nullptr);

signals:
    void openModelRequested();

private:
    void showModel();
    void showGauge();

    const ModelSession& m_session;
    const ChatViewModel& m_chat;
    QLabel* m_model = nullptr;
    QPushButton* m_openModel = nullptr;
    QLabel* m_state = nullptr;
    QProgressBar* m_gauge = nullptr;
};

}  // namespace lapidary::gui
