// What the engine wrote on its standard error, newest last.
#pragma once

#include <QWidget>

class QPlainTextEdit;

namespace lapidary::gui {

class LogPage final : public QWidget {
    Q_OBJECT

public:
    explicit LogPage(QWidget* parent = nullptr);
    void append(const QString& line);

private:
    QPlainTextEdit* m_text = nullptr;
};

}  // namespace lapidary::gui
