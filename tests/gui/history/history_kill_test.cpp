// A window that is killed while an answer streams.
#include <QProcess>
#include <QStringList>

#include "tests/gui/history/history_fixture.h"
#include "tests/support/places.h"

namespace lapidary::gui::test {
namespace {

class HistoryKillTest : public HistoryTest {
protected:
    void SetUp() override {
        m_child.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        m_child.start(QString::fromStdString(lapidary::test::buildPath("tests/gui/history/history_stream_words").string()),
                      {folder()});
    }
    QString nextLine() {
        runUntil([this] { return m_child.canReadLine() || m_child.state() == QProcess::NotRunning; });
        return QString::fromUtf8(m_child.readLine()).trimmed();
    }
    // The last word of "word1 word2 … wordN ", and that nothing before it is missing.
    static int wordsOf(const QString& text) {
        const QStringList words = text.split(QLatin1Char(' '), Qt::SkipEmptyParts);
        for (qsizetype i = 0; i < words.size(); ++i) EXPECT_EQ(words[i], QStringLiteral("word%1").arg(i + 1));
        return static_cast<int>(words.size());
    }

    QProcess m_child;
};

TEST_F(HistoryKillTest, WhatWasSaidIsThere) {
    const QString id = nextLine();
    ASSERT_FALSE(id.isEmpty());
    ASSERT_EQ(nextLine(), QStringLiteral("said 100"));
    // The child says nothing more and ends nothing: its words come to the file by themselves, where a second reader sees them.
    {
        const auto reader = opened();
        ASSERT_EQ(reader->status().mode, HistoryStatus::Mode::ReadOnly);
        runUntil([&] {
            const auto data = open(*reader, id);
            return data && data->messages.size() == 2 && wordsOf(data->messages.back().text()) == 100;
        });
    }
    m_child.write("go\n");
    while (nextLine() != QStringLiteral("said 400")) ASSERT_EQ(m_child.state(), QProcess::Running);
    m_child.kill();
    runUntil([this] { return m_child.state() == QProcess::NotRunning; });
    EXPECT_EQ(m_child.exitStatus(), QProcess::CrashExit);
    const auto store = opened();
    ASSERT_EQ(store->status(), (HistoryStatus{HistoryStatus::Mode::Writable, {}, {}})) << store->status().notice.toStdString();
    const auto data = open(*store, id);
    ASSERT_TRUE(data) << data.error().toString();
    ASSERT_EQ(data->messages.size(), 2U);
    EXPECT_EQ(data->messages[0].text(), QStringLiteral("Count."));
    EXPECT_EQ(data->messages[1].state, Message::State::Interrupted);
    EXPECT_GE(wordsOf(data->messages[1].text()), 100);
    EXPECT_EQ(data->leaf, 2);
    EXPECT_EQ(search(*store, QStringLiteral("word77")).size(), 1U);
}

}  // namespace
}  // namespace lapidary::gui::test
