// The message that is being written: text with pictures at any place between words.  Nothing is left out silently: while a picture
// cannot be read, sending is refused in a sentence.  Lives on the main thread; no widgets.
#pragma once

#include <QObject>
#include <QString>
#include <vector>

#include "gui/chat/composer_document.h"
#include "gui/chat/composer_pictures.h"

namespace lapidary::gui {

class ComposerModel final : public QObject {
    Q_OBJECT

public:
    explicit ComposerModel(EngineApi& engine, QObject* parent = nullptr);

    [[nodiscard]] ComposerDocument& document() { return m_document; }
    [[nodiscard]] ComposerPictures& pictures() { return m_pictures; }
    [[nodiscard]] const ComposerPictures& pictures() const { return m_pictures; }
    [[nodiscard]] bool isEmpty() const;
    // In the order of the message; where `described`, pictures bring their size and what the model will see.
    [[nodiscard]] std::vector<MessagePart> parts() const;

    // What a person has to know about sending; empty most of the time.
    [[nodiscard]] const QString& notice() const { return m_notice; }
    [[nodiscard]] bool canRemoveFailed() const { return !m_pictures.failed().empty(); }
    [[nodiscard]] bool isWaiting() const { return m_waiting; }  // to be sent as soon as the pictures are read
    // Why pictures are of no use now (a text-only model); empty where they are.
    [[nodiscard]] const QString& pictureRefusal() const { return m_pictureRefusal; }
    void setPictureRefusal(const QString& sentence);

    // Files by path and an address that the person typed, at a position of the document (-1: its end).  The position behind them.
    int addFiles(const QStringList& paths, int position = -1);
    int addAddress(const QString& address, int position = -1);
    // Copies of what was cut or copied before: pictures get numbers of their own.
    int paste(const std::vector<ComposerDocument::Piece>& pieces, int position);
    void removePicture(int id) { m_document.remove({id}); }
    void removeFailed() { m_document.remove(m_pictures.failed()); }
    void movePicture(int id, int place) { m_document.move(id, place); }
    void setViews(int id, const PictureViews& views) { m_pictures.setViews(id, views); }
    void retry(int id) { m_pictures.retry(id); }
    void undo() { m_document.document().undo(); }
    void redo() { m_document.document().redo(); }

    // submitted() now or once the pictures are read, or a notice() why not.
    void submit();
    void stopWaiting();
    // A notice of the one who would have sent it.
    void refuse(const QString& sentence) { setNotice(sentence); }
    // The message, which is no longer here then.
    std::vector<MessagePart> take();
    // A message to be changed, or a draft of before.  What was here is gone.
    void setParts(const std::vector<MessagePart>& parts);

signals:
    void edited();  // text or pictures
    void picturesChanged();  // which, or their order
    void pictureChanged(int id);
    void noticeChanged();
    void pictureRefusalChanged();
    void submitted();

private:
    int add(std::vector<Picture> pictures, int position);
    void setNotice(const QString& notice);
    [[nodiscard]] QString failureSentence() const;
    void pictureSettled(int id);

    ComposerDocument m_document;
    ComposerPictures m_pictures;
    QString m_notice;
    QString m_pictureRefusal;
    bool m_tellsFailure = false;  // the notice is about pictures that cannot be read
    bool m_waiting = false;
};

}  // namespace lapidary::gui
