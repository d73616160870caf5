// A window reduced to its stream: says words into a history until it is killed.  history_stream_words FOLDER
// Prints the conversation's id, then "said 100" and waits for a line; then goes on, printing every word's number.
#include <QCoreApplication>
#include <QThread>
#include <QTimer>
#include <iostream>
#include <string>

#include "gui/chat/conversation.h"
#include "gui/history/history_recorder.h"
#include "gui/history/history_store.h"

int main(int argc, char** argv) {
    using lapidary::gui::Conversation;
    using lapidary::gui::HistoryRecorder;
    using lapidary::gui::HistoryStore;
    using lapidary::gui::Message;
    using lapidary::gui::Role;
    QCoreApplication application(argc, argv);
    HistoryStore history(QString::fromLocal8Bit(argv[argc - 1]));
    Conversation conversation;
    const HistoryRecorder recorder(conversation, history, history.create(QStringLiteral("Stream"), {}, {}));
    std::cout << recorder.id().toStdString() << std::endl;
    Message asking;
    asking.append(QStringLiteral("Count."));
    const std::int64_t question = conversation.add(asking, 0);
    Message streaming;
    streaming.role = Role::Assistant;
    streaming.state = Message::State::Streaming;
    const std::int64_t answer = conversation.add(streaming, question);
    int said = 0;
    QTimer words;
    QObject::connect(&words, &QTimer::timeout, &application, [&] {
        conversation.append(answer, QStringLiteral("word%1 ").arg(++said));
        if (said < 100) return;
        std::cout << "said " << said << std::endl;
        if (said != 100) return;
        words.stop();
        // Elsewhere than on the main thread: that has to go on.
        auto* waiter = QThread::create([] {
            std::string ignored;
            std::getline(std::cin, ignored);
        });
        QObject::connect(waiter, &QThread::finished, &application, [&words] { words.start(1); });
        waiter->start();
    });
    words.start(1);
    return QCoreApplication::exec();
}
