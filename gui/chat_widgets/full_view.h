// One picture or view as large as the screen allows.
#pragma once

#include <QDialog>
#include <QSizeF>
#include <QString>

namespace lapidary::gui {

class EnginePictures;

class FullView final : public QDialog {
    Q_OBJECT

public:
    // `path`: a PNG of the engine; `shape`: in which it is shown; `description`: what it is, in words.
    FullView(EnginePictures& pictures, const QString& path, const QSizeF& shape, const QString& title,
             const QString& description, QWidget* parent);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    EnginePictures& m_pictures;
    QString m_path;
    QSizeF m_shape;
};

}  // namespace lapidary::gui
