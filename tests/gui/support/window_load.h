// What makes a window work hard: a conversation of thousands of messages, and an answer that comes fast.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <QTimer>
#include <QWidget>

#include "tests/support/fake_engine.h"

namespace lapidary::test {

// Into the history of a data folder, questions and answers of differing lengths by turns.  Waits until it is on the disk.
void writeLongChat(const QString& dataFolder, int messages);

// Answers a request with so many tokens a second, evenly; late ones are made up for.
class TokenStream final : public QObject {
public:
    TokenStream(FakeEngine& engine, std::int64_t request, int perSecond);
    [[nodiscard]] int sent() const { return m_sent; }
    [[nodiscard]] double seconds() const { return static_cast<double>(m_since.elapsed()) / 1000.0; }
    void end();

private:
    void sendDue();

    FakeEngine& m_engine;
    std::int64_t m_request;
    int m_perSecond;
    int m_sent = 0;
    QTimer m_timer;
    QElapsedTimer m_since;
};

// Counts what is painted of one widget, and of its window as a whole.
class RepaintCounter final : public QObject {
public:
    explicit RepaintCounter(QWidget& widget);
    [[nodiscard]] int ofWidget() const { return m_ofWidget; }
    [[nodiscard]] int ofWindow() const { return m_ofWindow; }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QWidget& m_widget;
    int m_ofWidget = 0;
    int m_ofWindow = 0;
};

}  // namespace lapidary::test
