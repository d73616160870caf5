#include "gui/chat_widgets/engine_pictures.h"

#include <QFutureWatcher>
#include <QImageReader>
#include <QPromise>
#include <QThreadPool>
#include <memory>

namespace lapidary::gui {
namespace {

constexpr int kKeptKib = 96 * 1024;  // 30 views of 896 x 896, and an original

}  // namespace

EnginePictures::EnginePictures(QObject* parent) : QObject(parent), m_images(kKeptKib) {}

QImage EnginePictures::image(const QString& path) {
    if (path.isEmpty()) return {};
    if (const QImage* const known = m_images.object(path)) return *known;
    if (!m_reading.contains(path)) read(path);
    return {};
}

void EnginePictures::read(const QString& path) {
    m_reading.insert(path);
    auto promise = std::make_shared<QPromise<QImage>>();
    auto* const watcher = new QFutureWatcher<QImage>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, path] {
        take(path, watcher->result());
        watcher->deleteLater();
    });
    promise->start();
    watcher->setFuture(promise->future());
    QThreadPool::globalInstance()->start([promise, path] {
        QImageReader reader(path, "png");  // the engine writes nothing else
        promise->addResult(reader.read());
        promise->finish();
    });
}

void EnginePictures::take(const QString& path, const QImage& image) {
    m_reading.remove(path);
    m_images.insert(path, new QImage(image), static_cast<int>(image.sizeInBytes() / 1024) + 1);
    emit loaded(path);
}

}  // namespace lapidary::gui
