// The PNG files that the engine wrote, read on another thread and kept while they are shown.  Strangers' files never come here.
// Lives on the main thread.
#pragma once

#include <QCache>
#include <QImage>
#include <QObject>
#include <QSet>
#include <QString>

namespace lapidary::gui {

class EnginePictures final : public QObject {
    Q_OBJECT

public:
    explicit EnginePictures(QObject* parent = nullptr);

    // Null while it is on its way, and where it cannot be read.
    [[nodiscard]] QImage image(const QString& path);

signals:
    void loaded(const QString& path);

private:
    void read(const QString& path);
    void take(const QString& path, const QImage& image);

    QCache<QString, QImage> m_images;  // cost: KiB
    QSet<QString> m_reading;
};

}  // namespace lapidary::gui
