// Small pictures for messages.  The window decodes no stranger's file: what is shown are PNG files that the engine wrote.
#pragma once

#include <QHash>
#include <QObject>
#include <QPixmap>
#include <QSet>
#include <QString>

#include "gui/chat/message.h"

namespace lapidary::gui {

// What a picture is called among thumbnails: its hash, or its path while it has none.
[[nodiscard]] QString thumbnailKey(const Picture& picture);

class ThumbnailProvider : public QObject {
    Q_OBJECT

public:
    using QObject::QObject;

    // Null: not there yet; ready() tells.
    [[nodiscard]] virtual QPixmap thumbnail(const Picture& picture) = 0;

signals:
    void ready(const QString& key);
};

// Reads the engine's files on a thread of the pool.  Lives on the main thread.
class PngThumbnails final : public ThumbnailProvider {
    Q_OBJECT

public:
    using ThumbnailProvider::ThumbnailProvider;

    [[nodiscard]] QPixmap thumbnail(const Picture& picture) override;
    void add(const QString& key, const QString& pngPath);

signals:
    void wanted(const lapidary::gui::Picture& picture);  // asked for the first time, and not there

private:
    QHash<QString, QPixmap> m_pixmaps;
    QSet<QString> m_asked;
};

}  // namespace lapidary::gui
