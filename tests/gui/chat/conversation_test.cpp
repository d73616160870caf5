#include "gui/chat/conversation.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace lapidary::gui {
namespace {

Message said(Role role, const QString& text) {
    Message message;
    message.role = role;
    message.parts = {{std::nullopt, text}};
    return message;
}

QStringList shown(const Conversation& conversation) {
    QStringList texts;
    for (int row = 0; row < conversation.size(); ++row) texts.append(conversation.at(row).text());
    return texts;
}

TEST(Conversation, GrowsAtItsEndAndBranchesInTheMiddle) {
    Conversation conversation;
    const auto first = conversation.add(said(Role::User, "a"), 0);
    const auto answer = conversation.add(said(Role::Assistant, "b"), first);
    conversation.add(said(Role::User, "c"), answer);
    EXPECT_EQ(shown(conversation), (QStringList{"a", "b", "c"}));
    conversation.add(said(Role::Assistant, "b2"), first);
    EXPECT_EQ(shown(conversation), (QStringList{"a", "b2"}));
    EXPECT_EQ(conversation.branchOf(1).index, 1);
    EXPECT_EQ(conversation.branchOf(1).count, 2);
    conversation.switchBranch(1, -1);
    EXPECT_EQ(shown(conversation), (QStringList{"a", "b", "c"}));
    conversation.switchBranch(1, -1);  // there is none before
    EXPECT_EQ(shown(conversation), (QStringList{"a", "b", "c"}));
}

TEST(Conversation, ABranchIsShownByAnyOfItsMessages) {
    Conversation conversation;
    const auto first = conversation.add(said(Role::User, "a"), 0);
    const auto one = conversation.add(said(Role::Assistant, "one"), first);
    conversation.add(said(Role::User, "c"), one);
    conversation.add(said(Role::Assistant, "two"), first);
    conversation.show(one);
    EXPECT_EQ(shown(conversation), (QStringList{"a", "one", "c"}));
    conversation.show(first);  // it is shown already
    conversation.show(99);
    EXPECT_EQ(shown(conversation), (QStringList{"a", "one", "c"}));
}

TEST(Conversation, WhatWasRemovedComesBackWhereItStood) {
    Conversation conversation;
    const auto first = conversation.add(said(Role::User, "a"), 0);
    const auto one = conversation.add(said(Role::Assistant, "one"), first);
    conversation.add(said(Role::User, "c"), one);
    conversation.add(said(Role::User, "d"), one);
    conversation.add(said(Role::Assistant, "two"), first);
    const std::vector<Message> before = conversation.all();
    QVector<qint64> written;
    QObject::connect(&conversation, &Conversation::stored, &conversation,
                     [&](const Message& message) { written.append(message.id); });
    const std::vector<Message> gone = conversation.remove(one);
    EXPECT_EQ(gone.size(), 3U);
    EXPECT_EQ(shown(conversation), (QStringList{"a", "two"}));
    conversation.bringBack(gone);
    EXPECT_EQ(conversation.all(), before);
    EXPECT_EQ(written.size(), 3);
    EXPECT_EQ(shown(conversation), (QStringList{"a", "one", "d"}));
    EXPECT_EQ(conversation.branchOf(1).index, 0);
    EXPECT_EQ(conversation.branchOf(1).count, 2);
    EXPECT_EQ(conversation.branchOf(2).index, 1);
    conversation.bringBack(gone);  // they are there
    EXPECT_EQ(conversation.all(), before);
}

TEST(Conversation, RemovingTakesWhatFollowsAndShowsASibling) {
    Conversation conversation;
    const auto first = conversation.add(said(Role::User, "a"), 0);
    const auto one = conversation.add(said(Role::Assistant, "one"), first);
    conversation.add(said(Role::User, "c"), one);
    const auto two = conversation.add(said(Role::Assistant, "two"), first);
    QVector<qint64> gone;
    QObject::connect(&conversation, &Conversation::removed, &conversation, [&](const QVector<qint64>& ids) { gone = ids; });
    conversation.remove(two);
    EXPECT_EQ(shown(conversation), (QStringList{"a", "one", "c"}));
    EXPECT_EQ(gone, QVector<qint64>{two});
    conversation.remove(one);
    EXPECT_EQ(shown(conversation), QStringList{"a"});
    EXPECT_EQ(gone.size(), 2);
    conversation.remove(first);
    EXPECT_EQ(conversation.size(), 0);
    EXPECT_EQ(conversation.leaf(), 0);
}

TEST(Conversation, TextStreamsIntoTheLastPartAndIsTold) {
    Conversation conversation;
    const auto id = conversation.add(said(Role::Assistant, ""), 0);
    QString told;
    QObject::connect(&conversation, &Conversation::textAppended, &conversation, [&](int row, const QString& text) {
        EXPECT_EQ(row, 0);
        told += text;
    });
    const AnswerToken token{{7, "x", -0.5}, {}};
    conversation.append(id, "x", &token);
    conversation.append(id, "y");
    conversation.append(999, "z");
    EXPECT_EQ(told, "xy");
    EXPECT_EQ(conversation.at(0).text(), "xy");
    EXPECT_EQ(conversation.at(0).tokens, std::vector<AnswerToken>{token});
}

TEST(Conversation, WhatIsDamagedIsLostAndTheRestIsThere) {
    Message first = said(Role::User, "a");
    first.id = 1;
    Message orphan = said(Role::User, "orphan");
    orphan.id = 3;
    orphan.parent = 2;
    Message streaming = said(Role::Assistant, "half");
    streaming.id = 4;
    streaming.parent = 1;
    streaming.state = Message::State::Streaming;
    Message circle = said(Role::User, "circle");
    circle.id = 5;
    circle.parent = 5;
    Conversation conversation;
    conversation.restore({circle, streaming, orphan, first}, 77);
    EXPECT_EQ(shown(conversation), (QStringList{"a", "half"}));
    EXPECT_EQ(conversation.at(1).state, Message::State::Interrupted);
    EXPECT_EQ(conversation.add(said(Role::User, "next"), 4), 5);
}

// Random changes against a plain restatement: the path is the way from the leaf up.
TEST(Conversation, ThePathIsAlwaysTheWayUpFromItsLeaf) {
    std::mt19937 random(5);
    Conversation conversation;
    for (int i = 0; i < 3000; ++i) {
        const int what = static_cast<int>(random() % 10);
        const int size = conversation.size();
        if (what < 6 || size == 0) {
            const std::int64_t parent = size == 0 || random() % 8 == 0
                                            ? 0
                                            : conversation.at(static_cast<int>(random() % static_cast<unsigned>(size))).id;
            conversation.add(said(Role::User, QString::number(i)), parent);
        } else if (what < 9) {
            conversation.switchBranch(static_cast<int>(random() % static_cast<unsigned>(size)), random() % 2 == 0 ? 1 : -1);
        } else {
            conversation.remove(conversation.at(static_cast<int>(random() % static_cast<unsigned>(size))).id);
        }
        std::int64_t up = conversation.leaf();
        for (int row = conversation.size() - 1; row >= 0; --row) {
            ASSERT_EQ(conversation.at(row).id, up);
            up = conversation.at(row).parent;
        }
        ASSERT_EQ(up, 0);
    }
}

}  // namespace
}  // namespace lapidary::gui
