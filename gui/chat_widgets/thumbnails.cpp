#include "gui/chat_widgets/thumbnails.h"

#include <QFuture>
#include <QImage>
#include <QImageReader>
#include <QPromise>
#include <QThreadPool>
#include <memory>

namespace lapidary::gui {
namespace {

constexpr int kMaxSide = 4096;  // pixels; the protocol's largest thumbnail

QImage readPng(const QString& path) {
    QImageReader reader(path, "png");
    reader.setDecideFormatFromContent(false);
    const QSize size = reader.size();
    if (!size.isValid() || size.width() > kMaxSide || size.height() > kMaxSide) return {};
    return reader.read();
}

}  // namespace

QString thumbnailKey(const Picture& picture) { return picture.sha256.isEmpty() ? picture.path : picture.sha256; }

QPixmap PngThumbnails::thumbnail(const Picture& picture) {
    const QString key = thumbnailKey(picture);
    const auto found = m_pixmaps.constFind(key);
    if (found != m_pixmaps.constEnd()) return *found;
    if (!m_asked.contains(key)) {
        m_asked.insert(key);
        emit wanted(picture);
    }
    return {};
}

void PngThumbnails::add(const QString& key, const QString& pngPath) {
    m_asked.insert(key);
    const auto promise = std::make_shared<QPromise<QImage>>();
    promise->start();
    promise->future().then(this, [this, key](const QImage& image) {
        if (image.isNull()) return;
        m_pixmaps.insert(key, QPixmap::fromImage(image));
        emit ready(key);
    });
    QThreadPool::globalInstance()->start([promise, pngPath] {
        promise->addResult(readPng(pngPath));
        promise->finish();
    });
}

}  // namespace lapidary::gui
