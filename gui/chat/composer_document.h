// The text of a message with pictures between its words, and its undo.  A QTextDocument holds both, so that one undo covers typing
// and pictures alike; a picture is one object character that carries its number.  Lives on the main thread; no widgets.
#pragma once

#include <QObject>
#include <QString>
#include <QTextDocument>
#include <QTextFormat>
#include <vector>

class QTextCursor;

namespace lapidary::gui {

class ComposerDocument final : public QObject {
    Q_OBJECT

public:
    // For whoever paints the document.
    static constexpr int kObjectType = QTextFormat::UserObject + 1;
    static constexpr int kPictureProperty = QTextFormat::UserProperty + 1;  // int: the picture's number

    struct Piece {
        QString text;
        int picture = 0;  // its number, from 1; 0: a text
        bool operator==(const Piece&) const = default;
    };

    explicit ComposerDocument(QObject* parent = nullptr);

    [[nodiscard]] QTextDocument& document() { return m_document; }
    // What stands between two positions; -1: to the end.
    [[nodiscard]] std::vector<Piece> pieces(int begin = 0, int end = -1) const;
    [[nodiscard]] const std::vector<int>& pictures() const { return m_pictures; }
    [[nodiscard]] int positionOf(int picture) const;  // -1: not there
    [[nodiscard]] int end() const { return m_document.characterCount() - 1; }

    // One step of undo each.  Returns the position behind what was put in.
    int insert(int position, const std::vector<Piece>& pieces);
    void remove(const std::vector<int>& pictures);
    // So that it is picture number `place`, from 0, of the message: it takes the place of the one that is there, and those between
    // go one place on.  The words stay.
    void move(int picture, int place);
    // Other contents, without undo.
    void reset(const std::vector<Piece>& pieces);

signals:
    void edited();
    void picturesChanged();  // which ones there are, or their order

private:
    struct Place {
        int picture = 0;
        int position = 0;
    };
    [[nodiscard]] std::vector<Place> places() const;
    void readPictures();
    static void insertPiece(QTextCursor& cursor, const Piece& piece);

    QTextDocument m_document;
    std::vector<int> m_pictures;
};

}  // namespace lapidary::gui
