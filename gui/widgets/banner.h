// One notice above a page: a sentence, what to do about it as a button, and the original words under "Details".
#pragma once

#include <QFrame>
#include <functional>

class QLabel;
class QPushButton;

namespace lapidary::gui {

struct Notice {
    enum class Kind : std::uint8_t { Info, Warning, Problem };
    Kind kind = Kind::Info;
    QString text;     // in plain words
    QString details;  // the engine's own, may be empty
    QString action;   // of the button; empty: none
    std::function<void()> act = {};  // what the button does, once; empty: it is told by actionClicked()
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
    std::function<void()> m_act;
    bool m_isEmpty = true;
};

}  // namespace lapidary::gui
