// A history in a folder of its own, and waiting for what it answers.
#pragma once

#include <gtest/gtest.h>

#include <QEventLoop>
#include <QFile>
#include <QObject>
#include <QTimer>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gui/history/history_store.h"
#include "gui/history/sql_connection.h"
#include "tests/support/temp_dir.h"

namespace lapidary::gui::test {

inline Message messageOf(std::int64_t id, std::int64_t parent, Role role, const QString& text) {
    Message message;
    message.id = id;
    message.parent = parent;
    message.role = role;
    message.append(text);
    message.createdMs = 1'700'000'000'000 + id;
    return message;
}

// Runs the event loop until the answer is there.
template <class T>
Result<T> answerOf(const std::function<void(QObject*, std::function<void(Result<T>)>)>& ask) {
    QEventLoop loop;
    QObject context;
    std::optional<Result<T>> answer;
    ask(&context, [&](Result<T> result) {
        answer.emplace(std::move(result));
        loop.quit();
    });
    loop.exec();
    return std::move(*answer);
}

// Runs the event loop until `holds`, which is asked now and then; the test's own time limit ends what never comes.
inline void runUntil(const std::function<bool()>& holds) {
    QEventLoop loop;
    QTimer timer;
    QObject::connect(&timer, &QTimer::timeout, &loop, [&] {
        if (holds()) loop.quit();
    });
    timer.start(1);
    if (!holds()) loop.exec();
}

class HistoryTest : public testing::Test {
protected:
    [[nodiscard]] QString folder() const { return QString::fromStdString((m_dir.path() / "data").string()); }
    [[nodiscard]] HistoryPaths paths() const { return {folder()}; }
    QString file(const std::string& name, const std::string& bytes) const {
        return QString::fromStdString(m_dir.write(name, bytes).string());
    }

    [[nodiscard]] static std::unique_ptr<HistoryStore> opened(const QString& folder, const QSet<QString>& drafts = {}) {
        auto store = std::make_unique<HistoryStore>(folder, drafts);
        runUntil([&] { return store->status().mode != HistoryStatus::Mode::Opening; });
        return store;
    }
    [[nodiscard]] std::unique_ptr<HistoryStore> opened() const { return opened(folder()); }

    static std::vector<ConversationInfo> list(HistoryStore& store) {
        auto answer = answerOf<std::vector<ConversationInfo>>([&](QObject* context, auto done) { store.list(context, done); });
        EXPECT_TRUE(answer) << answer.error().toString();
        return answer ? *answer : std::vector<ConversationInfo>{};
    }
    static QStringList titles(HistoryStore& store) {
        QStringList found;
        for (const ConversationInfo& info : list(store)) found.append(info.title);
        return found;
    }
    static Result<ConversationData> open(HistoryStore& store, const QString& id) {
        return answerOf<ConversationData>([&](QObject* context, auto done) { store.open(id, context, done); });
    }
    static std::vector<SearchHit> search(HistoryStore& store, const QString& typed) {
        auto answer =
            answerOf<std::vector<SearchHit>>([&](QObject* context, auto done) { store.search(typed, context, done); });
        EXPECT_TRUE(answer) << answer.error().toString();
        return answer ? *answer : std::vector<SearchHit>{};
    }
    static Result<StoredPicture> importPicture(HistoryStore& store, const QString& path) {
        return answerOf<StoredPicture>([&](QObject* context, auto done) { store.importPicture(path, context, done); });
    }
    static Result<StoredPicture> importBytes(HistoryStore& store, const QByteArray& bytes) {
        return answerOf<StoredPicture>([&](QObject* context, auto done) { store.importPicture(bytes, context, done); });
    }
    static Result<void> exportTo(HistoryStore& store, const QString& id, ExportFormat format, const QString& path) {
        return answerOf<void>([&](QObject* context, auto done) { store.exportConversation(id, format, path, context, done); });
    }
    static Result<QString> importFrom(HistoryStore& store, const QString& path) {
        return answerOf<QString>([&](QObject* context, auto done) { store.importConversation(path, context, done); });
    }
    static Result<void> flush(HistoryStore& store) {
        return answerOf<void>([&](QObject* context, auto done) { store.flush(context, done); });
    }

    // Statements on the file itself, for what no window would write.
    static void execute(const QString& path, const QStringList& statements) {
        auto sql = SqlConnection::open(path, SqlConnection::Access::ReadWrite);
        ASSERT_TRUE(sql) << sql.error().toString();
        for (const QString& statement : statements) {
            const auto done = sql->run(statement);
            ASSERT_TRUE(done) << done.error().toString();
        }
    }
    static QByteArray bytesOf(const QString& path) {
        QFile file(path);
        EXPECT_TRUE(file.open(QIODevice::ReadOnly)) << path.toStdString();
        return file.readAll();
    }

    lapidary::test::TempDir m_dir;
};

}  // namespace lapidary::gui::test
