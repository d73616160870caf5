// A chat: what is sent, answered, stopped, edited and branched.  Answers run one after the other; what is asked meanwhile waits.
// Lives on the main thread; no widgets.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "gui/chat/conversation.h"
#include "gui/chat/model_session.h"

namespace lapidary::gui {

// A conversation with what belongs to it, shared by the page that shows it and the answer that still runs into it.
struct OpenConversation {
    QString key;  // the history's, and the name of the engine's cache
    Conversation messages;
    ConversationSettings settings;
};

class ChatViewModel final : public QObject {
    Q_OBJECT

public:
    ChatViewModel(EngineApi& engine, ModelSession& session, QObject* parent = nullptr);

    // What the page shows.  An answer to another conversation goes on.
    void show(std::shared_ptr<OpenConversation> conversation);
    [[nodiscard]] const std::shared_ptr<OpenConversation>& shown() const { return m_shown; }

    [[nodiscard]] bool isBusy() const { return m_running.has_value(); }
    [[nodiscard]] int waiting() const { return static_cast<int>(m_queue.size()); }
    [[nodiscard]] bool isAnswering(std::int64_t message) const;  // of the shown conversation: running or waiting
    // Tokens that the shown conversation takes, and that fit; 0 where not known.
    [[nodiscard]] std::int64_t contextUsed() const { return m_contextUsed; }
    [[nodiscard]] std::int64_t contextSize() const;
    // Tower and projector, milliseconds a view, as measured last with the open model; 0: not yet.
    [[nodiscard]] double millisecondsPerView() const { return m_millisecondsPerView; }

    // A sentence why nothing can be sent now; empty where it can.
    [[nodiscard]] QString whyNotSend(const std::vector<MessagePart>& parts) const;
    void send(std::vector<MessagePart> parts);
    void stop();
    void stopIfRunning(std::int64_t message);  // of the shown conversation
    // An answer beside the shown one of that row.
    void regenerate(int row);
    // Goes on where an answer was stopped, or ended for want of tokens.
    void continueAnswer(int row);
    // A changed message beside the shown one; a question is answered anew, an answer stays as it was written.
    void edit(int row, std::vector<MessagePart> parts);
    // A branch on which token `index` of the answer was another one.
    void chooseAlternative(int row, int index, const TokenChoice& choice);
    // After an engine died in an answer: the engine again, the model again, and the answer from where it was.
    void goOn();
    [[nodiscard]] bool canGoOn() const { return m_broken.has_value(); }

signals:
    void busyChanged();
    void gaugeChanged();
    void prefilled(qint64 done, qint64 total);
    void firstToken(qint64 message);
    void answered(qint64 message);
    void failed(qint64 message, const lapidary::protocol::ErrorEvent& error);
    void warned(const QString& message);

private:
    // An answer that runs or waits: its message is in the conversation already.
    struct Answer {
        std::shared_ptr<OpenConversation> conversation;
        std::int64_t message = 0;
        std::int64_t request = -1;
    };

    [[nodiscard]] QString tooManyTokens(const Message& message) const;
    void enqueue(std::int64_t parent, Message begun);
    void runNext();
    void countContext();
    void take(std::int64_t id, const protocol::EventBody& body);
    void takeToken(const protocol::TokenEvent& token);
    void finish(const protocol::DoneEvent& done);
    void fail(const protocol::ErrorEvent& error);
    void askForSeenViews(const OpenConversation& conversation, std::int64_t message);
    void takeSeenViews(std::int64_t id, const protocol::PreviewEvent& preview);

    EngineApi& m_engine;
    ModelSession& m_session;
    std::shared_ptr<OpenConversation> m_shown;
    std::optional<Answer> m_running;
    std::deque<Answer> m_queue;
    std::optional<Answer> m_broken;
    QElapsedTimer m_sinceAsked;
    double m_firstTokenSeconds = 0.0;
    std::int64_t m_contextUsed = 0;
    double m_millisecondsPerView = 0.0;

    struct SeenRequest {
        std::weak_ptr<OpenConversation> conversation;
        std::int64_t message = 0;
        std::size_t part = 0;
    };
    std::map<std::int64_t, SeenRequest> m_seen;
};

}  // namespace lapidary::gui
