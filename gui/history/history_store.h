// The chat history, as the window uses it: nothing here waits.  Writes are written in the order of their calls; answers arrive on
// the main thread, and are dropped if their context has gone.  Lives on the main thread; SQLite is touched by a thread of its own.
#pragma once

#include <QObject>
#include <QPointer>
#include <QSet>
#include <QString>
#include <QThread>
#include <QVector>
#include <functional>
#include <memory>
#include <stop_token>
#include <utility>
#include <vector>

#include "core/shared/base/result.h"
#include "gui/history/history_types.h"

namespace lapidary::gui {

class HistoryWorker;

class HistoryStore final : public QObject {
    Q_OBJECT

public:
    template <class T>
    using Done = std::function<void(Result<T>)>;

    // Opens the history of a data folder, see status().  `draftPictures`: SHA-256 of pictures that no message shows yet and that are to
    // be kept; others are removed once nothing shows them.
    explicit HistoryStore(const QString& folder, const QSet<QString>& draftPictures = {}, QObject* parent = nullptr);
    // Waits until what was asked for is on the disk: for when the window has gone.
    ~HistoryStore() override;

    [[nodiscard]] const HistoryStatus& status() const { return m_status; }

    // How answers look on an exported page of HTML.
    void setMarkdownHtml(MarkdownHtml html) { m_markdownHtml = std::move(html); }

    // Asks.
    void list(QObject* context, Done<std::vector<ConversationInfo>> done);
    void open(const QString& conversation, QObject* context, Done<ConversationData> done);
    void search(const QString& typed, QObject* context, Done<std::vector<SearchHit>> done);
    // Where nothing may be written, the picture stays where it lies and its hash alone is told.
    void importPicture(const QString& path, QObject* context, Done<StoredPicture> done);
    void importPicture(const QByteArray& bytes, QObject* context, Done<StoredPicture> done);  // of a file: PNG, JPEG…
    void exportConversation(const QString& conversation, ExportFormat format, const QString& path, QObject* context,
                            Done<void> done);
    void importConversation(const QString& path, QObject* context, Done<QString> done);  // its id
    // Once all that was written before is on the disk, or why it is not.
    void flush(QObject* context, Done<void> done);

    // Writes.
    QString create(const QString& title, const ConversationSettings& settings, const QString& model);  // the id
    void storeMessage(const QString& conversation, const Message& message);  // inserts or replaces
    void appendText(const QString& conversation, qint64 message, const QString& text, const QVector<AnswerToken>& tokens = {});
    void removeMessages(const QString& conversation, const QVector<qint64>& messages);
    void setLeaf(const QString& conversation, qint64 leaf);
    void setSettings(const QString& conversation, const ConversationSettings& settings);
    void rename(const QString& conversation, const QString& title);
    void setPinned(const QString& conversation, bool pinned);
    // Takes it off the list; restore() is the undo, until purge() or the next start.
    void remove(const QString& conversation);
    void restore(const QString& conversation);
    void purge();

signals:
    void statusChanged();
    void listChanged();
    void lost(const QString& sentence);  // something could not be kept and never will be

private:
    // `work` runs on the history's thread and replies from any.
    template <class T>
    void ask(QObject* context, Done<T> done, std::function<void(HistoryWorker&, Done<T>)> work);
    void tell(std::function<void(HistoryWorker&)> work);

    HistoryStatus m_status;
    MarkdownHtml m_markdownHtml;
    std::stop_source m_stop;
    QThread m_thread;
    std::unique_ptr<HistoryWorker> m_worker;
};

}  // namespace lapidary::gui
