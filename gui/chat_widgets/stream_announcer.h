// Hands a streamed answer to assistive technology in whole words, a few times a second at most: a screen reader that is told every
// token reads half words.
#pragma once

#include <QObject>
#include <QString>
#include <QTimer>

namespace lapidary::gui {

class StreamAnnouncer final : public QObject {
    Q_OBJECT

public:
    static constexpr int kIntervalMs = 500;

    explicit StreamAnnouncer(QObject* parent = nullptr);

    void add(const QString& text);
    // Announces whole words now; a word that may go on is kept.
    void announceWords();
    // The answer ended: all that is left.
    void finish();

signals:
    void announced(const QString& words);

private:
    QString m_waiting;
    QTimer m_timer;
};

}  // namespace lapidary::gui
