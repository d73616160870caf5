#include "gui/chat/chat_view_model.h"

#include <QDateTime>
#include <QLocale>
#include <algorithm>
#include <utility>

#include "gui/chat/chat_request.h"
#include "gui/engine_client/error_sentences.h"

namespace lapidary::gui {
namespace {

TokenChoice choiceOf(const protocol::Alternative& alternative) {
    return {alternative.token, QString::fromStdString(alternative.text), alternative.logprob};
}

AnswerToken answerTokenOf(const protocol::TokenEvent& event) {
    AnswerToken token;
    token.chosen = {event.token, QString::fromStdString(event.text), event.logprob.value_or(0.0)};
    token.alternatives.reserve(event.alternatives.size());
    for (const protocol::Alternative& alternative : event.alternatives) token.alternatives.push_back(choiceOf(alternative));
    return token;
}

std::vector<const Message*> pathTo(const Conversation& conversation, std::int64_t id) {
    std::vector<const Message*> path;
    for (const Message* message = conversation.find(id); message != nullptr; message = conversation.find(message->parent))
        path.push_back(message);
    std::reverse(path.begin(), path.end());
    return path;
}

bool isEmpty(const Message& message) { return message.text().isEmpty() && message.pictures().empty(); }

}  // namespace

ChatViewModel::ChatViewModel(EngineApi& engine, ModelSession& session, QObject* parent)
    : QObject(parent), m_engine(engine), m_session(session) {
    connect(&engine, &EngineApi::received, this, &ChatViewModel::take);
    connect(&session, &ModelSession::stateChanged, this, [this] {
        if (m_session.state() != ModelSession::State::Loaded) m_millisecondsPerView = 0.0;
        emit gaugeChanged();
        runNext();
    });
}

void ChatViewModel::show(std::shared_ptr<OpenConversation> conversation) {
    if (m_shown) disconnect(&m_shown->messages, &Conversation::pathChanged, this, nullptr);
    m_shown = std::move(conversation);
    // Another branch, or messages that are gone, take other room.
    if (m_shown) connect(&m_shown->messages, &Conversation::pathChanged, this, &ChatViewModel::countContext);
    countContext();
    emit busyChanged();
}

// As the last answer that is shown left it.
void ChatViewModel::countContext() {
    m_contextUsed = 0;
    for (int row = m_shown ? m_shown->messages.size() - 1 : -1; row >= 0 && m_contextUsed == 0; --row) {
        const AnswerFigures& figures = m_shown->messages.at(row).figures;
        m_contextUsed = figures.promptTokens + figures.generatedTokens;
    }
    emit gaugeChanged();
}

std::int64_t ChatViewModel::contextSize() const {
    return m_session.state() == ModelSession::State::Loaded ? m_session.loaded().context : 0;
}

bool ChatViewModel::isAnswering(std::int64_t message) const {
    const auto isIt = [&](const Answer& answer) { return answer.conversation == m_shown && answer.message == message; };
    return (m_running && isIt(*m_running)) || std::any_of(m_queue.begin(), m_queue.end(), isIt);
}

QString ChatViewModel::whyNotSend(const std::vector<MessagePart>& parts) const {
    Message message;
    message.parts = parts;
    if (isEmpty(message)) return tr("There is nothing to send yet.");
    if (m_session.state() == ModelSession::State::Loading) return {};  // it waits for the model
    if (m_session.state() != ModelSession::State::Loaded) return tr("No model is open. Open one first.");
    if (!message.pictures().empty() && !m_session.acceptsPictures())
        return tr("The open model reads no pictures. Remove them, or open a vision-language model.");
    return tooManyTokens(message);
}

// Of the pictures alone: their tokens are known before anything is sent, those of the text are the engine's to count (fault 25).
QString ChatViewModel::tooManyTokens(const Message& message) const {
    std::int64_t tokens = 0;
    for (const Picture& picture : message.pictures()) {
        for (const SeenView& view : picture.seen) tokens += view.tokens;
    }
    if (contextSize() <= 0 || tokens < contextSize()) return {};
    const QLocale locale;
    return tr("The pictures of this message take %1 tokens, and the context of the open model holds %2. Remove some, cut them "
              "into "
              "fewer crops, or open the model with a longer context.")
        .arg(locale.toString(static_cast<qlonglong>(tokens)), locale.toString(static_cast<qlonglong>(contextSize())));
}

void ChatViewModel::send(std::vector<MessagePart> parts) {
    if (!m_shown || !whyNotSend(parts).isEmpty()) return;
    // Behind an answer that still comes stands the next question of the person who did not wait for it.
    Message question;
    question.role = Role::User;
    question.parts = std::move(parts);
    question.createdMs = QDateTime::currentMSecsSinceEpoch();
    const std::int64_t asked = m_shown->messages.add(std::move(question), m_shown->messages.leaf());
    askForSeenViews(*m_shown, asked);
    enqueue(asked, {});
}

void ChatViewModel::regenerate(int row) {
    const Message& answer = m_shown->messages.at(row);
    if (answer.role == Role::Assistant) enqueue(answer.parent, {});
}

void ChatViewModel::continueAnswer(int row) {
    const Message answer = m_shown->messages.at(row);
    if (answer.role != Role::Assistant || isAnswering(answer.id)) return;
    if (answer.text().isEmpty()) {
        regenerate(row);
        return;
    }
    Message again = answer;
    again.state = Message::State::Streaming;
    again.error.clear();
    m_shown->messages.update(again);
    m_queue.push_back({m_shown, again.id, -1});
    runNext();
    emit busyChanged();
}

void ChatViewModel::edit(int row, std::vector<MessagePart> parts) {
    const Message old = m_shown->messages.at(row);
    Message changed;
    changed.role = old.role;
    changed.parts = std::move(parts);
    changed.createdMs = QDateTime::currentMSecsSinceEpoch();
    changed.model = old.model;
    if (changed.parts == old.parts) return;
    const std::int64_t id = m_shown->messages.add(std::move(changed), old.parent);
    if (old.role == Role::Assistant) return;
    askForSeenViews(*m_shown, id);
    enqueue(id, {});
}

void ChatViewModel::chooseAlternative(int row, int index, const TokenChoice& choice) {
    const Message& answer = m_shown->messages.at(row);
    if (index < 0 || index >= static_cast<int>(answer.tokens.size())) return;
    Message begun;
    begun.tokens.assign(answer.tokens.begin(), answer.tokens.begin() + index);
    AnswerToken other = answer.tokens[static_cast<std::size_t>(index)];
    other.chosen = choice;
    begun.tokens.push_back(std::move(other));
    QString text;
    for (const AnswerToken& token : begun.tokens) text += token.chosen.text;
    begun.parts = {{std::nullopt, text}};
    enqueue(answer.parent, std::move(begun));
}

void ChatViewModel::enqueue(std::int64_t parent, Message begun) {
    begun.role = Role::Assistant;
    begun.state = Message::State::Streaming;
    begun.createdMs = QDateTime::currentMSecsSinceEpoch();
    const std::int64_t id = m_shown->messages.add(std::move(begun), parent);
    m_queue.push_back({m_shown, id, -1});
    runNext();
    emit busyChanged();
}

void ChatViewModel::runNext() {
    if (m_running || m_queue.empty() || m_session.state() != ModelSession::State::Loaded) return;
    m_running = std::move(m_queue.front());
    m_queue.pop_front();
    Conversation& messages = m_running->conversation->messages;
    std::vector<const Message*> path = pathTo(messages, m_running->message);
    if (path.empty()) {  // its message was deleted while it waited
        m_running.reset();
        runNext();
        return;
    }
    if (isEmpty(*path.back())) path.pop_back();  // nothing to continue: it is answered anew
    Message answer = *messages.find(m_running->message);
    answer.model = QString::fromStdString(m_session.loaded().model);
    messages.update(answer);
    m_firstTokenSeconds = 0.0;
    m_sinceAsked.start();
    m_running->request = m_engine.send(chatRequestOf(path, m_running->conversation->settings, m_running->conversation->key));
    emit busyChanged();
}

void ChatViewModel::stop() {
    // What waits behind it was asked for by itself: it comes next, and may be stopped in its turn.
    if (m_running) {
        m_engine.cancel(m_running->request);
        return;
    }
    for (const Answer& waiting : std::exchange(m_queue, {})) {
        if (const Message* found = waiting.conversation->messages.find(waiting.message)) {
            Message message = *found;
            message.state = Message::State::Interrupted;
            waiting.conversation->messages.update(message);
        }
    }
    emit busyChanged();
}

void ChatViewModel::stopIfRunning(std::int64_t message) {
    if (m_running && m_running->conversation == m_shown && m_running->message == message) m_engine.cancel(m_running->request);
}

void ChatViewModel::take(std::int64_t id, const protocol::EventBody& body) {
    if (const auto* preview = std::get_if<protocol::PreviewEvent>(&body)) {
        takeSeenViews(id, *preview);
        return;
    }
    if (protocol::endsRequest(body)) m_seen.erase(id);
    if (!m_running || m_running->request != id) return;
    if (const auto* token = std::get_if<protocol::TokenEvent>(&body)) {
        takeToken(*token);
    } else if (const auto* prefill = std::get_if<protocol::PrefillEvent>(&body)) {
        emit prefilled(prefill->done, prefill->total);
    } else if (const auto* warning = std::get_if<protocol::WarningEvent>(&body)) {
        emit warned(QString::fromStdString(warning->message));
    } else if (const auto* done = std::get_if<protocol::DoneEvent>(&body)) {
        finish(*done);
    } else if (const auto* error = std::get_if<protocol::ErrorEvent>(&body)) {
        fail(*error);
    }
}

void ChatViewModel::takeToken(const protocol::TokenEvent& token) {
    if (m_firstTokenSeconds <= 0.0) {
        m_firstTokenSeconds = static_cast<double>(m_sinceAsked.nsecsElapsed()) * 1e-9;
        emit firstToken(m_running->message);
    }
    const AnswerToken chosen = answerTokenOf(token);
    m_running->conversation->messages.append(m_running->message, QString::fromStdString(token.text),
                                             token.logprob ? &chosen : nullptr);
}

void ChatViewModel::finish(const protocol::DoneEvent& done) {
    const Answer answer = *std::exchange(m_running, std::nullopt);
    const std::int64_t passed = done.views - done.reusedViews;
    if (passed > 0 && done.visionSeconds > 0.0)
        m_millisecondsPerView = 1000.0 * done.visionSeconds / static_cast<double>(passed);
    if (const Message* found = answer.conversation->messages.find(answer.message)) {
        Message message = *found;
        message.state = done.finishReason == "cancelled" ? Message::State::Interrupted : Message::State::Complete;
        message.figures = {QString::fromStdString(done.finishReason),
                           done.promptTokens,
                           done.reusedTokens,
                           done.views,
                           done.reusedViews,
                           done.generatedTokens,
                           done.prefillSeconds,
                           done.visionSeconds,
                           done.decodeSeconds,
                           m_firstTokenSeconds};
        for (const protocol::ViewTime& time : done.viewTimes)
            message.figures.viewTimes.push_back({QString::fromStdString(time.sha256), time.seconds});
        answer.conversation->messages.update(message);
    }
    if (answer.conversation == m_shown) {
        m_contextUsed = done.promptTokens + done.generatedTokens;
        emit gaugeChanged();
        emit answered(answer.message);
    }
    runNext();
    emit busyChanged();
}

void ChatViewModel::fail(const protocol::ErrorEvent& error) {
    const Answer answer = *std::exchange(m_running, std::nullopt);
    const bool engineDied = error.code == "child_died";
    if (engineDied) m_broken = answer;
    if (const Message* found = answer.conversation->messages.find(answer.message)) {
        Message message = *found;
        message.state = engineDied && !message.text().isEmpty() ? Message::State::Interrupted : Message::State::Failed;
        message.error = withOriginal(errorSentence(error), engineDied ? QString() : QString::fromStdString(error.message));
        answer.conversation->messages.update(message);
    }
    emit failed(answer.message, error);
    runNext();
    emit busyChanged();
}

void ChatViewModel::goOn() {
    if (m_engine.state() == EngineState::Dead) m_engine.start();
    if (m_session.state() != ModelSession::State::Loaded && m_session.state() != ModelSession::State::Loading)
        m_session.reload();
    if (!m_broken) return;
    const Answer answer = *std::exchange(m_broken, std::nullopt);
    const Message* found = answer.conversation->messages.find(answer.message);
    if (found == nullptr) return;
    Message message = *found;
    message.state = Message::State::Streaming;
    message.error.clear();
    answer.conversation->messages.update(message);
    m_queue.push_front({answer.conversation, answer.message, -1});
    runNext();
    emit busyChanged();
}

void ChatViewModel::askForSeenViews(const OpenConversation& conversation, std::int64_t message) {
    const Message* const found = conversation.messages.find(message);
    for (std::size_t part = 0; found != nullptr && part < found->parts.size(); ++part) {
        const std::optional<Picture>& picture = found->parts[part].picture;
        if (!picture || !picture->seen.empty()) continue;
        m_seen[m_engine.send(previewRequestOf(*picture))] = {m_shown, message, part};
    }
}

void ChatViewModel::takeSeenViews(std::int64_t id, const protocol::PreviewEvent& preview) {
    const auto asked = m_seen.find(id);
    if (asked == m_seen.end()) return;
    const auto conversation = asked->second.conversation.lock();
    const Message* const found = conversation ? conversation->messages.find(asked->second.message) : nullptr;
    if (found == nullptr || asked->second.part >= found->parts.size()) return;
    Message message = *found;
    std::optional<Picture>& picture = message.parts[asked->second.part].picture;
    if (!picture) return;
    picture->width = preview.width;
    picture->height = preview.height;
    picture->seen.clear();
    for (const protocol::PreviewView& view : preview.views)
        picture->seen.push_back({view.whole, view.box, view.tokens, QString::fromStdString(view.sha256)});
    conversation->messages.update(message);
}

}  // namespace lapidary::gui
