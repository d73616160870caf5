// Owns the database.  Lives on the history's thread alone: everything that touches SQLite happens here, in the order in which it was
// asked for; pictures and exports, which may be on a slow disk, have a second thread.
#pragma once

#include <QObject>
#include <QSet>
#include <QString>
#include <QThreadPool>
#include <QTimer>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "core/shared/base/result.h"
#include "gui/history/history_types.h"

namespace lapidary::gui {

class HistoryTables;
class PictureStore;
struct HistoryFile;

// Something to be written.  Kept and tried again while the disk is full or another program holds the file.
struct HistoryWrite {
    std::function<Result<void>(HistoryTables&)> apply;
    bool changesList = true;
};

// May be called from any thread.  (`typename`: lupdate would take `class T` for a class, and lose the context of every sentence here.)
template <typename T>
using Reply = std::function<void(Result<T>)>;

class HistoryWorker final : public QObject {
    Q_OBJECT

public:
    // What streams is written after this time, together: a window that is killed loses no more than it.
    static constexpr int kBatchMs = 250;
    // So long after a write that failed it is tried again.
    static constexpr int kRetryMs = 1000;

    HistoryWorker(HistoryPaths paths, std::stop_token stop);
    ~HistoryWorker() override;

    void open(const QSet<QString>& keptPictures);
    // Writes what is left and lets go of the file.
    void close();

    void write(HistoryWrite write);
    void append(const QString& conversation, qint64 message, const QString& text, const std::vector<AnswerToken>& tokens);
    void removeMessages(const QString& conversation, const QVector<qint64>& messages);
    void purge();

    Result<void> flush();
    Result<std::vector<ConversationInfo>> list();
    Result<ConversationData> read(const QString& id);
    Result<std::vector<SearchHit>> search(const QString& typed);

    void importPicture(const QString& path, const Reply<StoredPicture>& reply);
    void importPicture(const QByteArray& bytes, const Reply<StoredPicture>& reply);
    void exportConversation(const QString& id, ExportFormat format, const QString& path, const MarkdownHtml& html,
                            const Reply<void>& reply);
    void importConversation(const QString& path, const QString& newId, const Reply<QString>& reply);

signals:
    void statusChanged(const lapidary::gui::HistoryStatus& status);
    void listChanged();
    void lost(const QString& sentence);  // a write that can never succeed

private:
    // The end of an answer that streams: pieces of the same message become one row.
    struct Stream {
        QString conversation;
        qint64 message = 0;
        QString text;
        std::vector<AnswerToken> tokens;
    };

    [[nodiscard]] bool writable() const { return m_status.mode == HistoryStatus::Mode::Writable; }
    [[nodiscard]] Error unavailable() const;
    void sweepPictures();
    void closeStream();
    Result<void> applyAll(std::vector<Error>& refused);
    Result<void> ready();
    Result<QString> keepImported(ConversationData data, const QString& newId);
    void setStatus(HistoryStatus status);
    void setProblem(const QString& problem);

    HistoryPaths m_paths;
    std::stop_token m_stop;
    HistoryStatus m_status;
    std::unique_ptr<PictureStore> m_pictures;
    std::unique_ptr<HistoryFile> m_file;
    std::unique_ptr<HistoryTables> m_tables;
    std::deque<HistoryWrite> m_queue;
    std::optional<Stream> m_stream;
    QTimer m_timer;
    QThreadPool m_files;  // one thread
};

}  // namespace lapidary::gui
