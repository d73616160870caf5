#include "gui/chat/composer_document.h"

#include <QTextBlock>
#include <QTextCursor>
#include <algorithm>

namespace lapidary::gui {
namespace {

int pictureOf(const QTextCharFormat& format) {
    return format.objectType() == ComposerDocument::kObjectType ? format.intProperty(ComposerDocument::kPictureProperty) : 0;
}

QTextCharFormat formatOf(int picture) {
    QTextCharFormat format;
    format.setObjectType(ComposerDocument::kObjectType);
    format.setProperty(ComposerDocument::kPictureProperty, picture);
    format.setVerticalAlignment(QTextCharFormat::AlignMiddle);
    return format;
}

// As a person means it: what a text editor stores for Shift+Return is a line break, and an object character without an object nothing.
QString plain(QString text) {
    text.replace(QChar::LineSeparator, QLatin1Char('\n'));
    text.replace(QChar::ParagraphSeparator, QLatin1Char('\n'));
    text.remove(QChar::ObjectReplacementCharacter);
    return text;
}

void append(std::vector<ComposerDocument::Piece>& pieces, const QString& text) {
    if (text.isEmpty()) return;
    if (pieces.empty() || pieces.back().picture != 0) pieces.emplace_back();
    pieces.back().text += text;
}

// Calls visit(position, length, text, format) for everything between two positions, and visit with "\n" between paragraphs.
template <class Visit>
void visitFragments(const QTextDocument& document, Visit visit) {
    for (QTextBlock block = document.begin(); block.isValid(); block = block.next()) {
        if (block.position() > 0) visit(block.position() - 1, QStringLiteral("\n"), QTextCharFormat());
        for (auto fragment = block.begin(); !fragment.atEnd(); ++fragment)
            visit(fragment.fragment().position(), fragment.fragment().text(), fragment.fragment().charFormat());
    }
}

}  // namespace

ComposerDocument::ComposerDocument(QObject* parent) : QObject(parent) {
    connect(&m_document, &QTextDocument::contentsChanged, this, [this] {
        readPictures();
        emit edited();
    });
}

std::vector<ComposerDocument::Piece> ComposerDocument::pieces(int begin, int end) const {
    std::vector<Piece> result;
    visitFragments(m_document, [&](int position, const QString& text, const QTextCharFormat& format) {
        const int first = std::max(begin - position, 0);
        const int last = end < 0 ? static_cast<int>(text.size()) : std::min(end - position, static_cast<int>(text.size()));
        if (first >= last) return;
        if (const int picture = pictureOf(format); picture != 0)
            result.push_back({{}, picture});
        else
            append(result, plain(text.mid(first, last - first)));
    });
    return result;
}

std::vector<ComposerDocument::Place> ComposerDocument::places() const {
    std::vector<Place> found;
    visitFragments(m_document, [&](int position, const QString&, const QTextCharFormat& format) {
        if (const int picture = pictureOf(format); picture != 0) found.push_back({picture, position});
    });
    return found;
}

int ComposerDocument::positionOf(int picture) const {
    for (const Place& place : places()) {
        if (place.picture == picture) return place.position;
    }
    return -1;
}

void ComposerDocument::insertPiece(QTextCursor& cursor, const Piece& piece) {
    if (piece.picture == 0) {
        cursor.insertText(plain(piece.text), QTextCharFormat());
        return;
    }
    cursor.insertText(QString(QChar::ObjectReplacementCharacter), formatOf(piece.picture));
}

int ComposerDocument::insert(int position, const std::vector<Piece>& pieces) {
    QTextCursor cursor(&m_document);
    cursor.setPosition(position < 0 ? end() : std::min(position, end()));
    cursor.beginEditBlock();
    for (const Piece& piece : pieces) insertPiece(cursor, piece);
    cursor.endEditBlock();
    return cursor.position();
}

void ComposerDocument::remove(const std::vector<int>& pictures) {
    QTextCursor cursor(&m_document);
    cursor.beginEditBlock();
    const std::vector<Place> all = places();
    for (auto place = all.rbegin(); place != all.rend(); ++place) {  // from behind, so that positions stay
        if (std::find(pictures.begin(), pictures.end(), place->picture) == pictures.end()) continue;
        cursor.setPosition(place->position);
        cursor.deleteChar();
    }
    cursor.endEditBlock();
}

void ComposerDocument::move(int picture, int place) {
    const std::vector<Place> all = places();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Place& one) { return one.picture == picture; });
    if (found == all.end()) return;
    const auto from = static_cast<int>(found - all.begin());
    const int to = std::clamp(place, 0, static_cast<int>(all.size()) - 1);
    if (from == to) return;
    std::vector<int> order = m_pictures;
    order.erase(order.begin() + from);
    order.insert(order.begin() + to, picture);
    QTextCursor cursor(&m_document);
    cursor.beginEditBlock();
    // Each place is given its picture anew, nothing is taken out: no word and no caret moves.
    for (int i = std::min(from, to); i <= std::max(from, to); ++i) {
        const auto at = static_cast<std::size_t>(i);
        cursor.setPosition(all[at].position);
        cursor.setPosition(all[at].position + 1, QTextCursor::KeepAnchor);
        cursor.setCharFormat(formatOf(order[at]));
    }
    cursor.endEditBlock();
}

void ComposerDocument::reset(const std::vector<Piece>& pieces) {
    m_document.setUndoRedoEnabled(false);  // forgets
    m_document.clear();
    insert(0, pieces);
    m_document.setUndoRedoEnabled(true);
    readPictures();
    emit edited();
}

void ComposerDocument::readPictures() {
    std::vector<int> now;
    for (const Place& place : places()) now.push_back(place.picture);
    if (now == m_pictures) return;
    m_pictures = std::move(now);
    emit picturesChanged();
}

}  // namespace lapidary::gui
