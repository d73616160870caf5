// What may lie where the history should be.
#include "gui/history/history_file.h"

#include <QDir>
#include <QFileInfo>

#include "gui/history/history_schema.h"
#include "tests/gui/history/history_fixture.h"

namespace lapidary::gui::test {
namespace {

using Mode = HistoryStatus::Mode;

class HistoryFileTest : public HistoryTest {
protected:
    void SetUp() override { ASSERT_TRUE(QDir().mkpath(folder())); }

    // A history with one conversation of one message.
    void fill() const {
        const auto store = opened();
        const QString id = store->create(QStringLiteral("Kept"), {}, {});
        store->storeMessage(id, messageOf(1, 0, Role::User, QStringLiteral("remember me")));
    }
    [[nodiscard]] QStringList files() const { return QDir(folder()).entryList(QDir::Files | QDir::Hidden); }
};

TEST_F(HistoryFileTest, BeginsWithAnEmptyFile) {
    const auto store = opened();
    EXPECT_EQ(store->status(), (HistoryStatus{Mode::Writable, {}, {}}));
    EXPECT_TRUE(list(*store).empty());
    auto sql = SqlConnection::open(paths().database(), SqlConnection::Access::ReadOnly);
    ASSERT_TRUE(sql);
    EXPECT_EQ(sql->number(QStringLiteral("PRAGMA user_version")).value(), kHistoryVersion);
    QString journal;
    ASSERT_TRUE(
        sql->each(QStringLiteral("PRAGMA journal_mode"), {}, [&](const QSqlQuery& row) { journal = row.value(0).toString(); }));
    EXPECT_EQ(journal, QStringLiteral("wal"));
}

TEST_F(HistoryFileTest, IsForItsOwnerAlone) {
    const QString fresh = folder() + QStringLiteral("/new");
    const auto store = opened(fresh);
    const auto others =
        QFile::ReadGroup | QFile::WriteGroup | QFile::ExeGroup | QFile::ReadOther | QFile::WriteOther | QFile::ExeOther;
    EXPECT_FALSE(QFileInfo(fresh).permissions() & others);
}

TEST_F(HistoryFileTest, AFileWithoutAVersionIsTakenOver) {
    execute(paths().database(),
            {QStringLiteral("CREATE TABLE conversations(id TEXT, title TEXT, created INTEGER)"),
             QStringLiteral(
                 "CREATE TABLE messages(conversation TEXT, id INTEGER, parent INTEGER, role TEXT, text TEXT, created INTEGER)"),
             QStringLiteral("INSERT INTO conversations VALUES('old', 'Çay', 5)"),
             QStringLiteral("INSERT INTO messages VALUES('old', 1, 0, 'user', 'Nasıl demlenir?', 6)"),
             QStringLiteral("INSERT INTO messages VALUES('old', 2, 1, 'assistant', 'Ağır ağır.', 7)")});
    const auto store = opened();
    ASSERT_EQ(store->status().mode, Mode::Writable) << store->status().notice.toStdString();
    const auto data = open(*store, QStringLiteral("old"));
    ASSERT_TRUE(data) << data.error().toString();
    EXPECT_EQ(data->info.title, QStringLiteral("Çay"));
    EXPECT_EQ(data->leaf, 2);
    ASSERT_EQ(data->messages.size(), 2U);
    EXPECT_EQ(data->messages[1].text(), QStringLiteral("Ağır ağır."));
    EXPECT_EQ(data->messages[1].parent, 1);
    EXPECT_EQ(data->messages[1].role, Role::Assistant);
    EXPECT_EQ(search(*store, QStringLiteral("demlen")).size(), 1U);
}

TEST_F(HistoryFileTest, AMigrationThatFailsChangesNothing) {
    execute(paths().database(), {QStringLiteral("CREATE TABLE conversations(id TEXT, title TEXT, created INTEGER)"),
                                 QStringLiteral("CREATE TABLE messages(id INTEGER)"),
                                 QStringLiteral("INSERT INTO conversations VALUES('a', 'b', 1)")});
    EXPECT_EQ(opened()->status().mode, Mode::Unavailable);
    auto sql = SqlConnection::open(paths().database(), SqlConnection::Access::ReadOnly);
    ASSERT_TRUE(sql);
    EXPECT_EQ(sql->number(QStringLiteral("SELECT count(*) FROM conversations")).value(), 1);
    EXPECT_EQ(sql->number(QStringLiteral("PRAGMA user_version")).value(), 0);
}

TEST_F(HistoryFileTest, ANewerFileIsRefusedAndLeftAlone) {
    execute(paths().database(),
            {QStringLiteral("PRAGMA application_id = %1").arg(kHistoryApplication),
             QStringLiteral("PRAGMA user_version = %1").arg(kHistoryVersion + 1), QStringLiteral("CREATE TABLE future(x)")});
    const QByteArray before = bytesOf(paths().database());
    {
        const auto store = opened();
        EXPECT_EQ(store->status().mode, Mode::Unavailable);
        EXPECT_TRUE(store->status().notice.contains(paths().database()));
        EXPECT_TRUE(store->status().notice.contains(QStringLiteral("newer")));
        // The window goes on without a history.
        const QString id = store->create(QStringLiteral("x"), {}, {});
        const auto data = open(*store, id);
        ASSERT_FALSE(data);
        EXPECT_EQ(data.error().code, ErrorCode::Io);
    }
    EXPECT_EQ(bytesOf(paths().database()), before);
    EXPECT_EQ(files(), QStringList{QStringLiteral("history.sqlite")});
}

TEST_F(HistoryFileTest, AnotherProgramsFileIsRefusedAndLeftAlone) {
    execute(paths().database(), {QStringLiteral("CREATE TABLE recipes(x)")});
    const QByteArray before = bytesOf(paths().database());
    EXPECT_EQ(opened()->status().mode, Mode::Unavailable);
    EXPECT_EQ(bytesOf(paths().database()), before);
}

TEST_F(HistoryFileTest, Fault49_WhatIsNoDatabaseIsSetAside) {
    const QByteArray garbage(20000, 'x');
    file("data/history.sqlite", garbage.toStdString());
    file("data/history-damaged-1.sqlite", "an earlier one");
    const auto store = opened();
    EXPECT_EQ(store->status().mode, Mode::Writable);
    const QString aside = QDir(folder()).filePath(QStringLiteral("history-damaged-2.sqlite"));
    EXPECT_TRUE(store->status().notice.contains(aside)) << store->status().notice.toStdString();
    EXPECT_EQ(bytesOf(aside), garbage);
    EXPECT_EQ(bytesOf(QDir(folder()).filePath(QStringLiteral("history-damaged-1.sqlite"))), "an earlier one");
    const QString id = store->create(QStringLiteral("fresh"), {}, {});
    EXPECT_EQ(titles(*store), QStringList{QStringLiteral("fresh")});
}

TEST_F(HistoryFileTest, Fault49_ADamagedPageIsSetAsideWithItsLog) {
    fill();
    QByteArray bytes = bytesOf(paths().database());
    ASSERT_GT(bytes.size(), 3 * 4096);
    // All but the first page, which holds the schema's root.
    for (qsizetype at = 4096; at < bytes.size(); ++at) bytes[at] = static_cast<char>(at * 7);
    file("data/history.sqlite", bytes.toStdString());
    file("data/history.sqlite-wal", "what was not tidied up");
    const auto store = opened();
    EXPECT_EQ(store->status().mode, Mode::Writable);
    EXPECT_FALSE(store->status().notice.isEmpty());
    EXPECT_EQ(bytesOf(QDir(folder()).filePath(QStringLiteral("history-damaged-1.sqlite"))), bytes);
    EXPECT_EQ(bytesOf(QDir(folder()).filePath(QStringLiteral("history-damaged-1.sqlite-wal"))), "what was not tidied up");
    EXPECT_TRUE(list(*store).empty());
}

TEST_F(HistoryFileTest, AnEmptyFileIsBegun) {
    file("data/history.sqlite", "");
    EXPECT_EQ(opened()->status(), (HistoryStatus{Mode::Writable, {}, {}}));
}

TEST_F(HistoryFileTest, Fault49_ASecondWindowReads) {
    const auto first = opened();
    const QString id = first->create(QStringLiteral("Shared"), {}, {});
    first->storeMessage(id, messageOf(1, 0, Role::User, QStringLiteral("one")));
    ASSERT_TRUE(flush(*first));
    const auto second = opened();
    EXPECT_EQ(second->status().mode, Mode::ReadOnly);
    EXPECT_TRUE(second->status().notice.contains(QStringLiteral("Another window"))) << second->status().notice.toStdString();
    EXPECT_EQ(titles(*second), QStringList{QStringLiteral("Shared")});
    // What the first one says meanwhile is seen, also while it streams.
    Message answer = messageOf(2, 1, Role::Assistant, {});
    answer.state = Message::State::Streaming;
    first->storeMessage(id, answer);
    first->appendText(id, 2, QStringLiteral("two"));
    ASSERT_TRUE(flush(*first));
    const auto data = open(*second, id);
    ASSERT_TRUE(data) << data.error().toString();
    EXPECT_EQ(data->messages.back().text(), QStringLiteral("two"));
    EXPECT_EQ(search(*second, QStringLiteral("one")).size(), 1U);
    // And what the second one says changes nothing.
    second->rename(id, QStringLiteral("Mine"));
    ASSERT_TRUE(flush(*second));
    EXPECT_EQ(titles(*first), QStringList{QStringLiteral("Shared")});
}

TEST_F(HistoryFileTest, Fault49_AnotherHostsHistoryIsReadAndNotTouched) {
    fill();
    file("data/history.lock", "4711\nlapidary-desktop\nfaraway\n00000000000000000000000000000000\nboot\n");
    const QByteArray before = bytesOf(paths().database());
    const QStringList around = files();
    {
        const auto store = opened();
        EXPECT_EQ(store->status().mode, Mode::ReadOnly);
        EXPECT_TRUE(store->status().notice.contains(QStringLiteral("faraway"))) << store->status().notice.toStdString();
        EXPECT_TRUE(store->status().notice.contains(paths().lock()));
        EXPECT_EQ(titles(*store), QStringList{QStringLiteral("Kept")});
        EXPECT_EQ(search(*store, QStringLiteral("remember")).size(), 1U);
        EXPECT_EQ(files(), around);
    }
    EXPECT_EQ(bytesOf(paths().database()), before);
}

TEST_F(HistoryFileTest, AWindowThatIsGoneHoldsNothing) {
    fill();
    fill();
    const auto store = opened();
    EXPECT_EQ(store->status().mode, Mode::Writable);
    EXPECT_EQ(list(*store).size(), 2U);
}

TEST_F(HistoryFileTest, Fault59_AFolderThatCannotBe) {
    const QString blocked = file("blocked", "a file") + QStringLiteral("/inside");
    const auto store = opened(blocked);
    EXPECT_EQ(store->status().mode, Mode::Unavailable);
    EXPECT_TRUE(store->status().notice.contains(blocked));
}

TEST_F(HistoryFileTest, Fault59_FoldersOfAnyName) {
    for (const QString& name :
         {QStringLiteral("with space and #hash?100%"), QStringLiteral("😀 עברית"),
          QString(150, QLatin1Char('d')) + QLatin1Char('/') + QString(150, QLatin1Char('e')), QStringLiteral("dots...")}) {
        const QString place = folder() + QLatin1Char('/') + name;
        {
            const auto store = opened(place);
            ASSERT_EQ(store->status().mode, Mode::Writable) << store->status().notice.toStdString();
            store->create(QStringLiteral("here"), {}, {});
        }
        const auto again = opened(place);
        EXPECT_EQ(again->status(), (HistoryStatus{Mode::Writable, {}, {}})) << again->status().notice.toStdString();
        EXPECT_EQ(titles(*again), QStringList{QStringLiteral("here")}) << name.toStdString();
    }
}

TEST_F(HistoryFileTest, Fault59_APathTooLongForSqliteIsSaid) {
    QString place = folder();
    for (int i = 0; i < 4; ++i) place += QLatin1Char('/') + QString(200, QLatin1Char('x'));
    const auto store = opened(place);
    EXPECT_EQ(store->status().mode, Mode::Unavailable);
    EXPECT_TRUE(store->status().notice.contains(place));
}

TEST_F(HistoryFileTest, SqliteWithoutTheSearchIsRefused) {
    auto sql = SqlConnection::open(paths().database(), SqlConnection::Access::ReadWrite);
    ASSERT_TRUE(sql);
    EXPECT_TRUE(requireModule(*sql, QStringLiteral("fts5")));
    const auto missing = requireModule(*sql, QStringLiteral("fts99"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::Unsupported);
    EXPECT_NE(missing.error().message.find("fts99"), std::string::npos);
}

}  // namespace
}  // namespace lapidary::gui::test
