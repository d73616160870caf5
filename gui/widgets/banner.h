// One notice above a page: a sentence, what to do about it as a button, and the original words under "Details".
#pragma once

#include <QFrame>

class QLabel;
class QPushButton;

namespace lapidary::gui {

struct Notice {
    enum class Kind : std::uint8_t { Info, Warning, Problem };
    Kind kind = Kind::Info;
    QString text;     // in plain words
    QString details;  // the engine's own, may be empty
    QString action;   // of the button; empty: none
};

class Banner final : public QFrame {
    Q_OBJECT

public:
    explicit Banner(QWidget* parent = nullptr);
    void show(const Notice& notice);
    void clear();
    [[nodiscard]] bool isEmpty() const { return m_isEmpty; }

signals:
    void actionClicked();

private:
    QLabel* m_sign = nullptr;
    QLabel* m_text = nullptr;
    QLabel* m_details = nullptr;
    QPushButton* m_action = nullptr;
    QPushButton* m_more = nullptr;
    QPushButton* m_close = nullptr;
    bool m_isEmpty = true;
};

}  // namespace lapidary::gui
