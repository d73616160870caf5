#include "gui/history/history_store.h"

#include <QDir>
#include <QFileInfo>

#include "gui/chat/conversation.h"
#include "gui/history/history_recorder.h"
#include "gui/history/history_worker.h"
#include "tests/gui/history/history_fixture.h"
#include "tests/gui/history/random_conversation.h"

namespace lapidary::gui::test {
namespace {

class HistoryStoreTest : public HistoryTest {};

TEST_F(HistoryStoreTest, NewestFirstAndPinnedBefore) {
    const auto store = opened();
    const QString a = store->create(QStringLiteral("a"), {}, {});
    const QString b = store->create(QStringLiteral("b"), {}, {});
    const QString c = store->create(QStringLiteral("c"), {}, {});
    EXPECT_EQ(titles(*store), (QStringList{QStringLiteral("c"), QStringLiteral("b"), QStringLiteral("a")}));
    store->storeMessage(a, messageOf(1, 0, Role::User, QStringLiteral("again")));
    EXPECT_EQ(titles(*store), (QStringList{QStringLiteral("a"), QStringLiteral("c"), QStringLiteral("b")}));
    store->setPinned(b, true);
    EXPECT_EQ(titles(*store), (QStringList{QStringLiteral("b"), QStringLiteral("a"), QStringLiteral("c")}));
    store->rename(c, QStringLiteral("çiçek"));
    store->setPinned(b, false);
    EXPECT_EQ(titles(*store), (QStringList{QStringLiteral("a"), QStringLiteral("çiçek"), QStringLiteral("b")}));
}

TEST_F(HistoryStoreTest, WhatWasStoredComesBackEqual) {
    Random random(3);
    const ConversationData data = randomConversation(random, 60, {});
    QString id;
    {
        const auto store = opened();
        id = store->create(data.info.title, data.settings, QStringLiteral("m"));
        for (const Message& message : data.messages) store->storeMessage(id, randomMessage(random, message.id, 0, {}));
        for (const Message& message : data.messages) store->storeMessage(id, message);  // replaces
        store->setLeaf(id, data.leaf);
    }
    const auto store = opened();
    const auto read = open(*store, id);
    ASSERT_TRUE(read) << read.error().toString();
    EXPECT_EQ(read->messages, data.messages);
    EXPECT_EQ(read->settings, data.settings);
    EXPECT_EQ(read->leaf, data.leaf);
    EXPECT_EQ(read->info.title, data.info.title);
    const ConversationSettings other = randomSettings(random);
    store->setSettings(id, other);
    EXPECT_EQ(open(*store, id)->settings, other);
}

TEST_F(HistoryStoreTest, TheModelIsTheOneThatAnsweredLast) {
    const auto store = opened();
    const QString id = store->create({}, {}, QStringLiteral("first"));
    EXPECT_EQ(list(*store).front().model, QStringLiteral("first"));
    Message answer = messageOf(1, 0, Role::Assistant, QStringLiteral("x"));
    answer.model = QStringLiteral("second");
    store->storeMessage(id, answer);
    store->storeMessage(id, messageOf(2, 1, Role::User, QStringLiteral("y")));
    EXPECT_EQ(list(*store).front().model, QStringLiteral("second"));
}

TEST_F(HistoryStoreTest, ADeletedConversationComesBackUntilThePurge) {
    QString id;
    {
        const auto store = opened();
        id = store->create(QStringLiteral("t"), {}, {});
        store->storeMessage(id, messageOf(1, 0, Role::User, QStringLiteral("findme")));
        store->remove(id);
        EXPECT_TRUE(list(*store).empty());
        EXPECT_TRUE(search(*store, QStringLiteral("findme")).empty());
        store->restore(id);
        EXPECT_EQ(search(*store, QStringLiteral("findme")).size(), 1U);
        store->remove(id);
    }
    const auto store = opened();  // a start purges
    store->restore(id);
    EXPECT_TRUE(list(*store).empty());
    const auto gone = open(*store, id);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, ErrorCode::NotFound);
    auto sql = SqlConnection::open(paths().database(), SqlConnection::Access::ReadOnly);
    ASSERT_TRUE(sql);
    for (const char* table : {"messages", "search", "conversations", "uses", "pieces"})
        EXPECT_EQ(sql->number(QStringLiteral("SELECT count(*) FROM ") + QLatin1String(table)).value(), 0) << table;
}

TEST_F(HistoryStoreTest, RemovedMessagesAreGoneAndMayComeBack) {
    const auto store = opened();
    const QString id = store->create({}, {}, {});
    const Message second = messageOf(2, 1, Role::Assistant, QStringLiteral("second"));
    store->storeMessage(id, messageOf(1, 0, Role::User, QStringLiteral("first")));
    store->storeMessage(id, second);
    store->removeMessages(id, {2});
    EXPECT_EQ(open(*store, id)->messages.size(), 1U);
    EXPECT_TRUE(search(*store, QStringLiteral("second")).empty());
    store->storeMessage(id, second);
    EXPECT_EQ(open(*store, id)->messages.back(), second);
}

TEST_F(HistoryStoreTest, StreamedTextIsPartOfItsMessage) {
    const auto store = opened();
    const QString id = store->create({}, {}, {});
    Message answer = messageOf(1, 0, Role::Assistant, QStringLiteral("To"));
    answer.state = Message::State::Streaming;
    store->storeMessage(id, answer);
    const AnswerToken token{{5, QStringLiteral(" be"), -0.5}, {{6, QStringLiteral(" go"), -1.5}}};
    store->appendText(id, 1, QStringLiteral(" be"), {token});
    store->appendText(id, 1, QStringLiteral(" or not"));
    const auto read = open(*store, id);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->messages.front().text(), QStringLiteral("To be or not"));
    EXPECT_EQ(read->messages.front().tokens, std::vector<AnswerToken>{token});
    EXPECT_EQ(search(*store, QStringLiteral("not")).size(), 1U);
    EXPECT_EQ(open(*store, id)->messages.front().text(), QStringLiteral("To be or not"));
    // The end replaces what was streamed.
    store->appendText(id, 1, QStringLiteral(" to"));
    answer = messageOf(1, 0, Role::Assistant, QStringLiteral("To be or not to be"));
    store->storeMessage(id, answer);
    EXPECT_EQ(open(*store, id)->messages.front(), answer);
}

TEST_F(HistoryStoreTest, WhatStreamsIsWrittenByItself) {
    static_assert(HistoryWorker::kBatchMs <= 250);
    const auto store = opened();
    const QString id = store->create({}, {}, {});
    Message answer = messageOf(1, 0, Role::Assistant, {});
    answer.state = Message::State::Streaming;
    store->storeMessage(id, answer);
    ASSERT_TRUE(flush(*store));
    store->appendText(id, 1, QStringLiteral("by itself"));
    const auto reader = opened();  // reads alone, so that nothing makes the writer write
    runUntil([&] {
        const auto read = open(*reader, id);
        return read && read->messages.front().text() == QStringLiteral("by itself");
    });
}

TEST_F(HistoryStoreTest, ARecorderWritesDownWhatHappens) {
    const auto store = opened();
    Conversation conversation;
    const QString id = store->create({}, {}, {});
    const HistoryRecorder recorder(conversation, *store, id);
    const auto first = conversation.add(messageOf(0, 0, Role::User, QStringLiteral("q")), 0);
    Message streaming = messageOf(0, 0, Role::Assistant, {});
    streaming.state = Message::State::Streaming;
    const auto answer = conversation.add(streaming, first);
    conversation.append(answer, QStringLiteral("shown "));
    const auto other = conversation.add(messageOf(0, 0, Role::User, QStringLiteral("elsewhere")), 0);
    conversation.append(answer, QStringLiteral("and not shown"));
    auto read = open(*store, id);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->messages, conversation.all());
    EXPECT_EQ(read->messages[1].text(), QStringLiteral("shown and not shown"));
    EXPECT_EQ(read->leaf, other);
    conversation.remove(other);
    read = open(*store, id);
    EXPECT_EQ(read->messages, conversation.all());
    EXPECT_EQ(read->leaf, conversation.leaf());
}

TEST_F(HistoryStoreTest, FiveThousandMessagesOpen) {
    QString id;
    {
        const auto store = opened();
        id = store->create(QStringLiteral("long"), {}, {});
        for (int i = 1; i <= 5000; ++i)
            store->storeMessage(id, messageOf(i, i - 1, i % 2 == 1 ? Role::User : Role::Assistant,
                                              QStringLiteral("Message number %1.").arg(i)));
        store->setLeaf(id, 5000);
    }
    const auto store = opened();
    const auto read = open(*store, id);
    ASSERT_TRUE(read) << read.error().toString();
    ASSERT_EQ(read->messages.size(), 5000U);
    Conversation conversation;
    conversation.restore(read->messages, read->leaf);
    EXPECT_EQ(conversation.size(), 5000);
    EXPECT_EQ(conversation.at(4999).text(), QStringLiteral("Message number 5000."));
    const auto hits = search(*store, QStringLiteral("4321"));
    ASSERT_EQ(hits.size(), 1U);
    EXPECT_EQ(hits.front().message, 4321);
}

TEST_F(HistoryStoreTest, Fault49_ABusyFileDelaysAndLosesNothing) {
    const auto store = opened();
    const QString id = store->create(QStringLiteral("before"), {}, {});
    ASSERT_TRUE(flush(*store));
    {
        auto other = SqlConnection::open(paths().database(), SqlConnection::Access::ReadWrite);
        ASSERT_TRUE(other);
        ASSERT_TRUE(other->run(QStringLiteral("BEGIN IMMEDIATE")));
        store->rename(id, QStringLiteral("while"));
        store->storeMessage(id, messageOf(1, 0, Role::User, QStringLiteral("kept in mind")));
        runUntil([&] { return !store->status().problem.isEmpty(); });
        EXPECT_FALSE(flush(*store));
    }
    runUntil([&] { return store->status().problem.isEmpty(); });
    EXPECT_EQ(titles(*store), QStringList{QStringLiteral("while")});
    EXPECT_EQ(open(*store, id)->messages.size(), 1U);
}

TEST_F(HistoryStoreTest, AWriteThatCannotSucceedHoldsUpNoOther) {
    const auto store = opened();
    QStringList lost;
    QObject::connect(store.get(), &HistoryStore::lost, store.get(), [&](const QString& sentence) { lost.append(sentence); });
    store->storeMessage(QStringLiteral("nobody"), messageOf(1, 0, Role::User, QStringLiteral("x")));
    store->create(QStringLiteral("next"), {}, {});
    EXPECT_EQ(titles(*store), QStringList{QStringLiteral("next")});
    ASSERT_EQ(lost.size(), 1);
    EXPECT_TRUE(lost.front().contains(QStringLiteral("nobody")));
}

TEST_F(HistoryStoreTest, Fault60_WhatCannotBeReadCostsNoMore) {
    QString id;
    {
        const auto store = opened();
        ConversationSettings settings;
        settings.maxNewTokens = 7;
        id = store->create({}, settings, {});
        for (int i = 1; i <= 3; ++i) store->storeMessage(id, messageOf(i, i - 1, Role::User, QStringLiteral("m%1").arg(i)));
    }
    execute(paths().database(), {QStringLiteral("UPDATE messages SET parts = '[{\"text\": 5}]' WHERE id = 2"),
                                 QStringLiteral("UPDATE conversations SET settings = '{'")});
    const auto store = opened();
    const auto read = open(*store, id);
    ASSERT_TRUE(read) << read.error().toString();
    EXPECT_EQ(read->settings, ConversationSettings{});
    ASSERT_EQ(read->messages.size(), 3U);
    EXPECT_EQ(read->messages[1].state, Message::State::Failed);
    EXPECT_TRUE(read->messages[1].error.contains(QStringLiteral("parts[0].text"))) << read->messages[1].error.toStdString();
    EXPECT_EQ(read->messages[2].text(), QStringLiteral("m3"));
}

TEST_F(HistoryStoreTest, AnAnswerForNobodyIsDropped) {
    const auto store = opened();
    bool called = false;
    {
        QObject context;
        store->list(&context, [&](const auto&) { called = true; });
    }
    ASSERT_TRUE(flush(*store));
    EXPECT_FALSE(called);
}

}  // namespace
}  // namespace lapidary::gui::test
