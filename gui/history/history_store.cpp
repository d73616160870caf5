#include "gui/history/history_store.h"

#include <QDateTime>
#include <QUuid>

#include "gui/history/history_tables.h"
#include "gui/history/history_worker.h"

namespace lapidary::gui {
namespace {

QString newId() { return QUuid::createUuid().toString(QUuid::WithoutBraces); }

}  // namespace

HistoryStore::HistoryStore(const QString& folder, const QSet<QString>& draftPictures, QObject* parent)
    : QObject(parent),
      m_worker(std::make_unique<HistoryWorker>(HistoryPaths{QDir(folder).absolutePath()}, m_stop.get_token())) {
    m_worker->moveToThread(&m_thread);
    connect(m_worker.get(), &HistoryWorker::statusChanged, this, [this](const HistoryStatus& status) {
        m_status = status;
        emit statusChanged();
    });
    connect(m_worker.get(), &HistoryWorker::listChanged, this, &HistoryStore::listChanged);
    connect(m_worker.get(), &HistoryWorker::lost, this, &HistoryStore::lost);
    m_thread.setObjectName(QStringLiteral("history"));
    m_thread.start();
    tell([draftPictures](HistoryWorker& worker) { worker.open(draftPictures); });
}

HistoryStore::~HistoryStore() {
    m_stop.request_stop();  // copies and exports; writes are finished
    tell([thread = &m_thread](HistoryWorker& worker) {
        worker.close();
        thread->quit();
    });
    m_thread.wait();
}

void HistoryStore::tell(std::function<void(HistoryWorker&)> work) {
    QMetaObject::invokeMethod(
        m_worker.get(), [worker = m_worker.get(), work = std::move(work)] { work(*worker); }, Qt::QueuedConnection);
}

template <class T>
void HistoryStore::ask(QObject* context, Done<T> done, std::function<void(HistoryWorker&, Done<T>)> work) {
    // The pointer is read on the main thread alone.
    Done<T> reply = [this, guard = QPointer<QObject>(context), done = std::move(done)](Result<T> result) {
        auto kept = std::make_shared<Result<T>>(std::move(result));
        QMetaObject::invokeMethod(
            this,
            [guard, done, kept] {
                if (guard) done(std::move(*kept));
            },
            Qt::QueuedConnection);
    };
    tell([reply = std::move(reply), work = std::move(work)](HistoryWorker& worker) { work(worker, reply); });
}

void HistoryStore::list(QObject* context, Done<std::vector<ConversationInfo>> done) {
    ask<std::vector<ConversationInfo>>(context, std::move(done),
                                       [](HistoryWorker& worker, const auto& reply) { reply(worker.list()); });
}

void HistoryStore::open(const QString& conversation, QObject* context, Done<ConversationData> done) {
    ask<ConversationData>(context, std::move(done),
                          [conversation](HistoryWorker& worker, const auto& reply) { reply(worker.read(conversation)); });
}

void HistoryStore::search(const QString& typed, QObject* context, Done<std::vector<SearchHit>> done) {
    ask<std::vector<SearchHit>>(context, std::move(done),
                                [typed](HistoryWorker& worker, const auto& reply) { reply(worker.search(typed)); });
}

void HistoryStore::importPicture(const QString& path, QObject* context, Done<StoredPicture> done) {
    ask<StoredPicture>(context, std::move(done),
                       [path](HistoryWorker& worker, const auto& reply) { worker.importPicture(path, reply); });
}

void HistoryStore::importPicture(const QByteArray& bytes, QObject* context, Done<StoredPicture> done) {
    ask<StoredPicture>(context, std::move(done),
                       [bytes](HistoryWorker& worker, const auto& reply) { worker.importPicture(bytes, reply); });
}

void HistoryStore::exportConversation(const QString& conversation, ExportFormat format, const QString& path, QObject* context,
                                      Done<void> done) {
    ask<void>(context, std::move(done),
              [conversation, format, path, html = m_markdownHtml](HistoryWorker& worker, const auto& reply) {
                  worker.exportConversation(conversation, format, path, html, reply);
              });
}

void HistoryStore::importConversation(const QString& path, QObject* context, Done<QString> done) {
    ask<QString>(context, std::move(done), [path, id = newId()](HistoryWorker& worker, const auto& reply) {
        worker.importConversation(path, id, reply);
    });
}

void HistoryStore::flush(QObject* context, Done<void> done) {
    ask<void>(context, std::move(done), [](HistoryWorker& worker, const auto& reply) { reply(worker.flush()); });
}

QString HistoryStore::create(const QString& title, const ConversationSettings& settings, const QString& model) {
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    const ConversationInfo info{newId(), title, now, now, false, model};
    tell([info, settings](HistoryWorker& worker) {
        worker.write({[info, settings](HistoryTables& tables) { return tables.create(info, settings); }, true});
    });
    return info.id;
}

void HistoryStore::storeMessage(const QString& conversation, const Message& message) {
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    tell([conversation, message, now](HistoryWorker& worker) {
        worker.write(
            {[conversation, message, now](HistoryTables& tables) { return tables.store(conversation, message, now); }, true});
    });
}

void HistoryStore::appendText(const QString& conversation, qint64 message, const QString& text,
                              const QVector<AnswerToken>& tokens) {
    tell([conversation, message, text, tokens](HistoryWorker& worker) {
        worker.append(conversation, message, text, {tokens.begin(), tokens.end()});
    });
}

void HistoryStore::removeMessages(const QString& conversation, const QVector<qint64>& messages) {
    tell([conversation, messages](HistoryWorker& worker) { worker.removeMessages(conversation, messages); });
}

void HistoryStore::setLeaf(const QString& conversation, qint64 leaf) {
    tell([conversation, leaf](HistoryWorker& worker) {
        worker.write({[conversation, leaf](HistoryTables& tables) { return tables.setLeaf(conversation, leaf); }, false});
    });
}

void HistoryStore::setSettings(const QString& conversation, const ConversationSettings& settings) {
    tell([conversation, settings](HistoryWorker& worker) {
        worker.write(
            {[conversation, settings](HistoryTables& tables) { return tables.setSettings(conversation, settings); }, false});
    });
}

void HistoryStore::rename(const QString& conversation, const QString& title) {
    tell([conversation, title](HistoryWorker& worker) {
        worker.write({[conversation, title](HistoryTables& tables) { return tables.rename(conversation, title); }, true});
    });
}

void HistoryStore::setPinned(const QString& conversation, bool pinned) {
    tell([conversation, pinned](HistoryWorker& worker) {
        worker.write({[conversation, pinned](HistoryTables& tables) { return tables.setPinned(conversation, pinned); }, true});
    });
}

void HistoryStore::remove(const QString& conversation) {
    tell([conversation](HistoryWorker& worker) {
        worker.write({[conversation](HistoryTables& tables) { return tables.setDeleted(conversation, true); }, true});
    });
}

void HistoryStore::restore(const QString& conversation) {
    tell([conversation](HistoryWorker& worker) {
        worker.write({[conversation](HistoryTables& tables) { return tables.setDeleted(conversation, false); }, true});
    });
}

void HistoryStore::purge() {
    tell([](HistoryWorker& worker) { worker.purge(); });
}

}  // namespace lapidary::gui
