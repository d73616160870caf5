#include "gui/chat/chat_view_model.h"

#include <gtest/gtest.h>

#include "tests/support/fake_engine.h"

namespace lapidary::gui {
namespace {

using protocol::ChatRequest;
using protocol::DoneEvent;
using protocol::ErrorEvent;
using protocol::LoadedEvent;
using protocol::LoadRequest;
using protocol::TokenEvent;

TokenEvent token(const char* text) {
    TokenEvent event;
    event.token = 5;
    event.text = text;
    return event;
}

DoneEvent done(const char* reason = "end") {
    DoneEvent event;
    event.finishReason = reason;
    event.promptTokens = 20;
    event.generatedTokens = 2;
    return event;
}

MessagePart words(const char* text) { return {std::nullopt, QString::fromUtf8(text)}; }

class ChatViewModelTest : public testing::Test {
protected:
    ChatViewModelTest() {
        engine.always<LoadRequest>([](const LoadRequest& request) {
            LoadedEvent loaded;
            loaded.model = request.model;
            loaded.vision = request.model == "vl";
            loaded.chatTemplate = true;
            loaded.context = 2048;
            return test::FakeEngine::Events{loaded, DoneEvent{}};
        });
        conversation = std::make_shared<OpenConversation>();
        conversation->key = "k";
        chat.show(conversation);
    }
    void load(const char* model = "text") {
        LoadRequest request;
        request.model = model;
        session.load(request);
        engine.settle();
    }
    [[nodiscard]] const Message& at(int row) const { return conversation->messages.at(row); }

    test::FakeEngine engine;
    ModelSession session{engine};
    ChatViewModel chat{engine, session};
    std::shared_ptr<OpenConversation> conversation;
};

TEST_F(ChatViewModelTest, AnAnswerStreamsIntoTheConversation) {
    load();
    engine.answer<ChatRequest>({token("Hel"), token("lo"), done()});
    conversation->settings.systemPrompt = "Be brief.";
    conversation->settings.temperature = 0.5;
    chat.send({words("Hi")});
    EXPECT_TRUE(chat.isBusy());
    engine.settle();
    EXPECT_FALSE(chat.isBusy());
    ASSERT_EQ(conversation->messages.size(), 2);
    EXPECT_EQ(at(1).text(), "Hello");
    EXPECT_EQ(at(1).state, Message::State::Complete);
    EXPECT_EQ(at(1).figures.promptTokens, 20);
    EXPECT_EQ(at(1).model, "text");
    EXPECT_EQ(chat.contextUsed(), 22);
    EXPECT_EQ(chat.contextSize(), 2048);
    const auto asked = engine.requestsOf<ChatRequest>().at(0).second;
    ASSERT_EQ(asked.messages.size(), 2U);
    EXPECT_EQ(asked.messages[0].role, "system");
    EXPECT_EQ(asked.messages[1].content.at(0).text, "Hi");
    EXPECT_EQ(asked.sampling.temperature, 0.5);
    EXPECT_EQ(asked.sequence, "k");
    EXPECT_FALSE(asked.continueLast);
}

TEST_F(ChatViewModelTest, NothingIsSentWithoutAModelOrWithPicturesForATextModel) {
    EXPECT_FALSE(chat.whyNotSend({words("Hi")}).isEmpty());
    chat.send({words("Hi")});
    EXPECT_EQ(conversation->messages.size(), 0);
    load();
    EXPECT_TRUE(chat.whyNotSend({words("Hi")}).isEmpty());
    EXPECT_FALSE(chat.whyNotSend({words("  ")}).isEmpty() && chat.whyNotSend({}).isEmpty());
    Picture picture;
    picture.path = "/a.png";
    EXPECT_FALSE(chat.whyNotSend({{picture, {}}}).isEmpty());
    load("vl");
    EXPECT_TRUE(chat.whyNotSend({{picture, {}}}).isEmpty());
}

TEST_F(ChatViewModelTest, WhatIsAskedMeanwhileWaits) {
    load();
    engine.deliverByHand();
    engine.answer<ChatRequest>({token("one"), done()});
    engine.answer<ChatRequest>({token("two"), done()});
    chat.send({words("1")});
    chat.send({words("2")});
    EXPECT_EQ(chat.waiting(), 1);
    EXPECT_EQ(engine.requestsOf<ChatRequest>().size(), 1U);
    engine.step(2);
    EXPECT_EQ(chat.waiting(), 0);
    ASSERT_EQ(engine.requestsOf<ChatRequest>().size(), 2U);
    // The second question stands behind the first answer, which it has read.
    EXPECT_EQ(engine.requestsOf<ChatRequest>()[1].second.messages.size(), 3U);
    engine.step(2);
    EXPECT_EQ(at(3).text(), "two");
}

TEST_F(ChatViewModelTest, StoppingEndsOneAnswerAndTheNextQuestionIsAsked) {
    load();
    engine.deliverByHand();
    engine.answer<ChatRequest>({token("one")});
    engine.answer<ChatRequest>({token("two"), done()});
    chat.send({words("1")});
    chat.send({words("2")});
    engine.step(1);
    chat.stop();
    EXPECT_EQ(chat.waiting(), 1);
    engine.deliverByHand(false);
    engine.settle();
    EXPECT_EQ(at(1).state, Message::State::Interrupted);
    EXPECT_EQ(at(1).text(), "one");
    EXPECT_EQ(at(3).state, Message::State::Complete);
    EXPECT_EQ(at(3).text(), "two");
}

TEST_F(ChatViewModelTest, StoppingKeepsWhatWasSaidAndItGoesOnFromThere) {
    load();
    engine.deliverByHand();
    engine.answer<ChatRequest>({token("Once")});
    chat.send({words("Tell")});
    engine.step(1);
    chat.stop();
    engine.deliverByHand(false);
    engine.settle();
    EXPECT_EQ(at(1).state, Message::State::Interrupted);
    EXPECT_EQ(at(1).text(), "Once");
    engine.answer<ChatRequest>({token(" upon"), done()});
    chat.continueAnswer(1);
    engine.settle();
    EXPECT_EQ(at(1).text(), "Once upon");
    const auto asked = engine.requestsOf<ChatRequest>().back().second;
    EXPECT_TRUE(asked.continueLast);
    EXPECT_EQ(asked.messages.back().content.at(0).text, "Once");
}

// Messages that are gone, and other branches, take other room.
TEST_F(ChatViewModelTest, TheGaugeIsThatOfWhatIsShown) {
    load();
    engine.answer<ChatRequest>({token("one"), done()});
    chat.send({words("First")});
    engine.settle();
    DoneEvent longer = done();
    longer.promptTokens = 40;
    engine.answer<ChatRequest>({token("two"), longer});
    chat.send({words("Second")});
    engine.settle();
    EXPECT_EQ(chat.contextUsed(), 42);
    const std::int64_t second = at(2).id;
    const std::vector<Message> gone = conversation->messages.remove(second);
    EXPECT_EQ(chat.contextUsed(), 22);
    conversation->messages.remove(at(0).id);
    EXPECT_EQ(chat.contextUsed(), 0);
    // Of another conversation only what is shown counts.
    const auto before = conversation;
    chat.show(std::make_shared<OpenConversation>());
    before->messages.restore(gone, second);
    EXPECT_EQ(chat.contextUsed(), 0);
}

TEST_F(ChatViewModelTest, RegeneratingAndEditingBranch) {
    load();
    engine.always<ChatRequest>(test::FakeEngine::Events{token("answer"), done()});
    chat.send({words("Question")});
    engine.settle();
    chat.regenerate(1);
    engine.settle();
    EXPECT_EQ(conversation->messages.branchOf(1).count, 2);
    chat.edit(0, {words("Better question")});
    engine.settle();
    EXPECT_EQ(conversation->messages.branchOf(0).count, 2);
    EXPECT_EQ(at(0).text(), "Better question");
    EXPECT_EQ(at(1).text(), "answer");
    const auto before = engine.requestsOf<ChatRequest>().size();
    chat.edit(1, {words("my words")});  // an answer is not asked again
    engine.settle();
    EXPECT_EQ(engine.requestsOf<ChatRequest>().size(), before);
    EXPECT_EQ(at(1).text(), "my words");
}

TEST_F(ChatViewModelTest, AnotherTokenBranchesThere) {
    load();
    conversation->settings.probabilities = true;
    TokenEvent first = token("The");
    first.logprob = -0.1;
    first.alternatives = {{5, "The", -0.1}, {6, "A", -2.5}};
    TokenEvent second = token(" cat");
    second.logprob = -0.2;
    engine.answer<ChatRequest>({first, second, done()});
    chat.send({words("What?")});
    engine.settle();
    ASSERT_EQ(at(1).tokens.size(), 2U);
    EXPECT_EQ(engine.requestsOf<ChatRequest>().at(0).second.logprobs, 5);
    engine.answer<ChatRequest>({token(" dog"), done()});
    chat.chooseAlternative(1, 0, at(1).tokens[0].alternatives[1]);
    engine.settle();
    EXPECT_EQ(at(1).text(), "A dog");
    EXPECT_EQ(conversation->messages.branchOf(1).count, 2);
    EXPECT_TRUE(engine.requestsOf<ChatRequest>().back().second.continueLast);
}

// Fault 20: the engine ends in an answer; nothing is lost, and one word brings everything back.
TEST_F(ChatViewModelTest, Fault20AnEngineThatDiesInAnAnswerIsGoneOnWith) {
    load();
    engine.deliverByHand();
    engine.answer<ChatRequest>({token("Half")});
    chat.send({words("Tell")});
    engine.step(1);
    engine.die();
    EXPECT_EQ(at(1).state, Message::State::Interrupted);
    EXPECT_EQ(at(1).text(), "Half");
    EXPECT_TRUE(chat.canGoOn());
    EXPECT_NE(session.state(), ModelSession::State::Loaded);
    engine.deliverByHand(false);
    engine.answer<ChatRequest>({token(" done"), done()});
    chat.goOn();
    engine.become(EngineState::Ready);
    engine.settle();
    EXPECT_EQ(session.state(), ModelSession::State::Loaded);
    EXPECT_EQ(at(1).text(), "Half done");
    EXPECT_EQ(at(1).state, Message::State::Complete);
    EXPECT_FALSE(chat.canGoOn());
}

TEST_F(ChatViewModelTest, AnErrorIsTheMessagesAndTheNextQuestionWorks) {
    load();
    ErrorEvent error;
    error.code = "out_of_memory";
    error.message = "tried to allocate 9 GB";
    engine.answer<ChatRequest>({error});
    engine.answer<ChatRequest>({token("ok"), done()});
    QString code;
    QObject::connect(&chat, &ChatViewModel::failed, &chat,
                     [&](qint64, const ErrorEvent& event) { code = QString::fromStdString(event.code); });
    chat.send({words("1")});
    engine.settle();
    EXPECT_EQ(code, "out_of_memory");
    EXPECT_EQ(at(1).state, Message::State::Failed);
    EXPECT_TRUE(at(1).error.startsWith("There was not enough memory for this.")) << at(1).error.toStdString();
    EXPECT_TRUE(at(1).error.endsWith("\ntried to allocate 9 GB")) << at(1).error.toStdString();
    chat.send({words("2")});
    engine.settle();
    EXPECT_EQ(at(3).text(), "ok");
}

TEST_F(ChatViewModelTest, AnAnswerGoesOnIntoAConversationThatIsNotShown) {
    load();
    engine.deliverByHand();
    engine.answer<ChatRequest>({token("a"), token("b"), done()});
    chat.send({words("1")});
    engine.step(1);
    auto other = std::make_shared<OpenConversation>();
    other->key = "other";
    chat.show(other);
    engine.step(2);
    EXPECT_EQ(at(1).text(), "ab");
    EXPECT_EQ(other->messages.size(), 0);
}

TEST_F(ChatViewModelTest, TheTowersTimeIsWhatWasMeasured) {
    load("vl");
    EXPECT_EQ(chat.millisecondsPerView(), 0.0);
    DoneEvent event = done();
    event.views = 4;
    event.reusedViews = 1;
    event.visionSeconds = 0.6;
    event.viewTimes = {{std::string(64, 'a'), 0.25}};
    engine.answer<ChatRequest>({token("x"), event});
    chat.send({words("1")});
    engine.settle();
    EXPECT_DOUBLE_EQ(chat.millisecondsPerView(), 200.0);
    EXPECT_EQ(at(1).figures.viewTimes, (std::vector<ViewTime>{{QString(64, QLatin1Char('a')), 0.25}}));
    load("vl");
    EXPECT_EQ(chat.millisecondsPerView(), 0.0);  // another model, another time
}

}  // namespace
}  // namespace lapidary::gui
