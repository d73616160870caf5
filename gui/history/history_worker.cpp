#include "gui/history/history_worker.h"

#include <QDateTime>
#include <algorithm>
#include <utility>

#include "gui/history/conversation_export.h"
#include "gui/history/conversation_import.h"
#include "gui/history/history_file.h"
#include "gui/history/history_search.h"
#include "gui/history/history_tables.h"
#include "gui/history/history_text.h"
#include "gui/history/picture_store.h"

namespace lapidary::gui {

HistoryWorker::HistoryWorker(HistoryPaths paths, std::stop_token stop)
    : m_paths(std::move(paths)),
      m_stop(std::move(stop)),
      m_pictures(std::make_unique<PictureStore>(m_paths)),
      m_timer(this),
      m_files(this) {
    m_files.setMaxThreadCount(1);
    m_timer.setSingleShot(true);
    // What goes wrong is told by the status, and tried again.
    connect(&m_timer, &QTimer::timeout, this, [this] { [[maybe_unused]] const auto written = flush(); });
}

HistoryWorker::~HistoryWorker() = default;

void HistoryWorker::open(const QSet<QString>& keptPictures) {
    m_pictures->keep(keptPictures);
    auto file = HistoryFile::open(m_paths);
    if (!file) return setStatus({HistoryStatus::Mode::Unavailable, sentenceOf(file.error()), {}});
    m_file = std::make_unique<HistoryFile>(std::move(*file));
    m_tables = std::make_unique<HistoryTables>(m_file->sql, m_paths);
    setStatus({m_file->writable() ? HistoryStatus::Mode::Writable : HistoryStatus::Mode::ReadOnly, m_file->notice, {}});
    if (!writable()) return emit listChanged();
    // After whatever ended the last window.
    write({[](HistoryTables& tables) -> Result<void> {
               RETURN_IF_ERROR(tables.joinPieces());
               RETURN_IF_ERROR(tables.interruptStreams());
               return tables.purge();
           },
           true});
    sweepPictures();
}

void HistoryWorker::sweepPictures() {
    if (!flush()) return;  // what waits for the disk may show more
    const auto used = m_tables->usedPictures();
    if (!used) return;  // then nothing is known to be unused
    m_files.start([pictures = m_pictures.get(), used = *used] { pictures->sweep(used); });
}

void HistoryWorker::close() {
    [[maybe_unused]] const auto first = flush();
    m_files.waitForDone();
    [[maybe_unused]] const auto last = flush();
    m_timer.stop();
    m_tables.reset();
    m_file.reset();
    setStatus({HistoryStatus::Mode::Unavailable, {}, {}});
}

void HistoryWorker::write(HistoryWrite write) {
    if (!writable()) return;  // the status has said so
    closeStream();
    m_queue.push_back(std::move(write));
    // With what else is asked for at this moment; while an earlier one waits for the disk, behind it.
    if (m_status.problem.isEmpty()) m_timer.start(0);
}

void HistoryWorker::append(const QString& conversation, qint64 message, const QString& text,
                           const std::vector<AnswerToken>& tokens) {
    if (!writable()) return;
    if (m_stream && (m_stream->conversation != conversation || m_stream->message != message)) closeStream();
    if (!m_stream) m_stream = Stream{conversation, message, {}, {}};
    m_stream->text += text;
    m_stream->tokens.insert(m_stream->tokens.end(), tokens.begin(), tokens.end());
    if (!m_timer.isActive()) m_timer.start(kBatchMs);
}

void HistoryWorker::closeStream() {
    if (!m_stream) return;
    m_queue.push_back({[stream = std::move(*m_stream)](HistoryTables& tables) {
                           return tables.append(stream.conversation, stream.message, stream.text, stream.tokens);
                       },
                       false});
    m_stream.reset();
}

void HistoryWorker::removeMessages(const QString& conversation, const QVector<qint64>& messages) {
    write({[pictures = m_pictures.get(), conversation, messages](HistoryTables& tables) -> Result<void> {
               ASSIGN_OR_RETURN(const auto shown, tables.remove(conversation, messages));
               pictures->keep(shown);  // the messages may come back
               return {};
           },
           false});
}

void HistoryWorker::purge() {
    write({[](HistoryTables& tables) { return tables.purge(); }, true});
    if (writable()) sweepPictures();
}

Result<void> HistoryWorker::flush() {
    closeStream();
    if (m_queue.empty() || !writable()) return {};
    std::vector<Error> refused;
    auto written = m_file->sql.transaction([&] { return applyAll(refused); });
    if (!written) {
        setProblem(HistoryText::tr("What is new in the history waits to be written.  %1").arg(sentenceOf(written.error())));
        m_timer.start(kRetryMs);
        return written;
    }
    const bool listed = std::any_of(m_queue.begin(), m_queue.end(), [](const HistoryWrite& one) { return one.changesList; });
    m_queue.clear();
    setProblem({});
    for (const Error& error : refused) emit lost(sentenceOf(error));
    if (listed) emit listChanged();
    return {};
}

Result<void> HistoryWorker::applyAll(std::vector<Error>& refused) {
    for (const HistoryWrite& write : m_queue) {
        auto done = m_file->sql.savepoint([&] { return write.apply(*m_tables); });
        if (done) continue;
        // The disk or the file: all of it is tried again.  Else this one alone is at fault and must not hold up the rest.
        if (done.error().code == ErrorCode::Io || done.error().code == ErrorCode::InvalidFile) return done;
        refused.push_back(done.error());
    }
    return {};
}

Error HistoryWorker::unavailable() const {
    return failure(ErrorCode::Io, m_status.notice.isEmpty() ? HistoryText::tr("The history is closed.") : m_status.notice);
}

Result<void> HistoryWorker::ready() {
    if (!m_tables) return unavailable();
    return flush();
}

Result<std::vector<ConversationInfo>> HistoryWorker::list() {
    RETURN_IF_ERROR(ready());
    return m_tables->list();
}

Result<ConversationData> HistoryWorker::read(const QString& id) {
    RETURN_IF_ERROR(ready());
    return m_tables->read(id);
}

Result<std::vector<SearchHit>> HistoryWorker::search(const QString& typed) {
    RETURN_IF_ERROR(ready());
    if (writable()) {
        // So that the answer that is being written is found, too; where another program holds the file, it is found later.
        [[maybe_unused]] const auto joined = m_file->sql.transaction([this] { return m_tables->joinPieces(); });
    }
    return searchHistory(m_file->sql, typed);
}

void HistoryWorker::importPicture(const QString& path, const Reply<StoredPicture>& reply) {
    m_files.start([pictures = m_pictures.get(), path, reply, stop = m_stop, mayKeep = writable()] {
        reply(mayKeep ? pictures->import(path, stop) : PictureStore::hashOnly(path, stop));
    });
}

void HistoryWorker::importPicture(const QByteArray& bytes, const Reply<StoredPicture>& reply) {
    if (!writable()) return reply(unavailable());
    m_files.start([pictures = m_pictures.get(), bytes, reply] { reply(pictures->import(bytes)); });
}

void HistoryWorker::exportConversation(const QString& id, ExportFormat format, const QString& path, const MarkdownHtml& html,
                                       const Reply<void>& reply) {
    auto data = read(id);
    if (!data) return reply(data.error());
    m_files.start([data = std::move(*data), format, path, html, reply, stop = m_stop] {
        reply(gui::exportConversation(data, format, path, stop, html));
    });
}

void HistoryWorker::importConversation(const QString& path, const QString& newId, const Reply<QString>& reply) {
    if (!writable()) return reply(unavailable());
    m_files.start([this, path, newId, reply, stop = m_stop] {
        auto data = std::make_shared<Result<ConversationData>>(gui::importConversation(path, *m_pictures, stop));
        QMetaObject::invokeMethod(
            this,
            [this, data, newId, reply] {
                reply(*data ? keepImported(std::move(**data), newId) : Result<QString>(data->error()));
            },
            Qt::QueuedConnection);
    });
}

// All of it in one transaction.
Result<QString> HistoryWorker::keepImported(ConversationData data, const QString& newId) {
    RETURN_IF_ERROR(ready());
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    data.info.id = newId;
    data.info.changedMs = now;
    data.info.pinned = false;
    const QString model = data.info.model;
    RETURN_IF_ERROR(m_file->sql.transaction([&]() -> Result<void> {
        RETURN_IF_ERROR(m_tables->create(data.info, data.settings));
        for (const Message& message : data.messages) RETURN_IF_ERROR(m_tables->store(newId, message, now));
        RETURN_IF_ERROR(m_tables->setModel(newId, model));
        return m_tables->setLeaf(newId, data.leaf);
    }));
    emit listChanged();
    return newId;
}

void HistoryWorker::setStatus(HistoryStatus status) {
    if (status == m_status) return;
    m_status = std::move(status);
    emit statusChanged(m_status);
}

void HistoryWorker::setProblem(const QString& problem) {
    HistoryStatus status = m_status;
    status.problem = problem;
    setStatus(std::move(status));
}

}  // namespace lapidary::gui
