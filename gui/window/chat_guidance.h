// What an empty conversation says: what to do next with the model that is open, or that none is.
#pragma once

#include <QWidget>

#include "gui/chat/model_session.h"

class QLabel;
class QPushButton;

namespace lapidary::gui {

class ChatGuidance final : public QWidget {
    Q_OBJECT

public:
    explicit ChatGuidance(const ModelSession& session, QWidget* parent = nullptr);

signals:
    // A picture of the scenes that the demo model knows.
    void examplePicked(const QString& path);

private:
    void showModel();

    const ModelSession& m_session;
    QString m_example;  // empty where none is shipped
    QLabel* m_text = nullptr;
    QPushButton* m_useExample = nullptr;
};

}  // namespace lapidary::gui
