// Pictures of chats, each once, as pictures/ab/<sha256>.<ext>: hashed while they are copied, renamed into place, so that a file with
// that name is whole.  Used by one thread at a time, never by the main one; keep() by any.
#pragma once

#include <QByteArray>
#include <QMutex>
#include <QSet>
#include <QString>
#include <stop_token>

#include "core/shared/base/result.h"
#include "gui/history/history_types.h"

class QIODevice;

namespace lapidary::gui {

class PictureStore {
public:
    // More is no picture of a chat.
    static constexpr std::int64_t kMostBytes = std::int64_t{256} << 20;

    explicit PictureStore(HistoryPaths paths) : m_paths(std::move(paths)) {}

    Result<StoredPicture> import(const QString& path, const std::stop_token& stop) const;
    Result<StoredPicture> import(const QByteArray& bytes) const;
    // The hash alone: where nothing may be written, a picture stays where it lies.
    static Result<StoredPicture> hashOnly(const QString& path, const std::stop_token& stop);

    // No sweep of this run takes these: drafts, messages that may come back.
    void keep(const QSet<QString>& sha256s) const;
    // Removes pictures that are in neither set, and what a killed process left half-copied.  How many.
    int sweep(const QSet<QString>& used) const;

private:
    Result<StoredPicture> import(QIODevice& source, const QString& name, const std::stop_token& stop) const;

    HistoryPaths m_paths;
    mutable QMutex m_mutex;
    mutable QSet<QString> m_kept;
};

// "png", "jpg", "gif", "webp", "bmp" or "tif" by the first bytes, else "bin": the name follows from the content, so that the same
// content has the same name.
[[nodiscard]] QString pictureExtension(const QByteArray& firstBytes);
[[nodiscard]] QString sha256Of(const QByteArray& bytes);

}  // namespace lapidary::gui
