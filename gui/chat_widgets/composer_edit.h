// Where a message is typed: plain text, with pictures drawn between the words; takes files and pictures that are dropped or pasted.
#pragma once

#include <QTextEdit>
#include <QTextObjectInterface>

#include "gui/chat/composer_model.h"

namespace lapidary::gui {

class EnginePictures;

// Draws a picture in the text, with its number.
class InlinePicture final : public QObject, public QTextObjectInterface {
    Q_OBJECT
    Q_INTERFACES(QTextObjectInterface)

public:
    InlinePicture(const ComposerModel& composer, EnginePictures& pictures, QObject* parent);

    QSizeF intrinsicSize(QTextDocument* document, int position, const QTextFormat& format) override;
    void drawObject(QPainter* painter, const QRectF& rect, QTextDocument* document, int position,
                    const QTextFormat& format) override;

private:
    const ComposerModel& m_composer;
    EnginePictures& m_pictures;
};

class ComposerEdit final : public QTextEdit {
    Q_OBJECT

public:
    ComposerEdit(ComposerModel& composer, EnginePictures& pictures, QWidget* parent);

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

signals:
    // A picture without a file: encoded bytes, and the ending that a file of them would have.
    void imagePasted(const QByteArray& bytes, const QString& suffix);
    // An address came by dropping: the person confirms it before anything is fetched.
    void addressDropped(const QString& address);

protected:
    [[nodiscard]] bool canInsertFromMimeData(const QMimeData* source) const override;
    void insertFromMimeData(const QMimeData* source) override;
    [[nodiscard]] QMimeData* createMimeDataFromSelection() const override;

private:
    void encodePasted(const QImage& image);

    ComposerModel& m_composer;
};

}  // namespace lapidary::gui
