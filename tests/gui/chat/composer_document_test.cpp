#include "gui/chat/composer_document.h"

#include <gtest/gtest.h>

#include <QTextCursor>

namespace lapidary::gui {
namespace {

using Piece = ComposerDocument::Piece;
using Pieces = std::vector<Piece>;
using Pictures = std::vector<int>;

Piece text(const char* words) { return {QString::fromUtf8(words), 0}; }
Piece picture(int id) { return {{}, id}; }

TEST(ComposerDocument, HoldsPicturesBetweenWords) {
    ComposerDocument document;
    document.insert(0, {text("Is this one or that one older?")});
    document.insert(7, {picture(1)});
    document.insert(22, {picture(2)});
    EXPECT_EQ(document.pieces(), (Pieces{text("Is this"), picture(1), text(" one or that o"), picture(2), text("ne older?")}));
    EXPECT_EQ(document.pictures(), (Pictures{1, 2}));
    EXPECT_EQ(document.positionOf(2), 22);
    EXPECT_EQ(document.positionOf(3), -1);
}

TEST(ComposerDocument, CutsWhatLiesBetweenTwoPositions) {
    ComposerDocument document;
    document.insert(0, {text("ab"), picture(1), text("cd\nef")});
    EXPECT_EQ(document.pieces(1, 4), (Pieces{text("b"), picture(1), text("c")}));
    EXPECT_EQ(document.pieces(4, 7), (Pieces{text("d\ne")}));
    EXPECT_EQ(document.pieces(3, 3), Pieces());
}

TEST(ComposerDocument, OneUndoBringsAPictureBack) {
    ComposerDocument document;
    document.insert(0, {text("look "), picture(1), text(" here")});
    document.remove({1});
    EXPECT_EQ(document.pieces(), (Pieces{text("look  here")}));
    EXPECT_TRUE(document.pictures().empty());
    document.document().undo();
    EXPECT_EQ(document.pieces(), (Pieces{text("look "), picture(1), text(" here")}));
    document.document().redo();
    EXPECT_TRUE(document.pictures().empty());
}

TEST(ComposerDocument, MovesForwardsAndBackwards) {
    ComposerDocument document;
    const Pieces before{picture(1), text("a"), picture(2), text("b"), picture(3)};
    document.insert(0, before);
    document.move(1, 1);
    EXPECT_EQ(document.pieces(), (Pieces{picture(2), text("a"), picture(1), text("b"), picture(3)}));
    document.move(3, 0);
    EXPECT_EQ(document.pieces(), (Pieces{picture(3), text("a"), picture(2), text("b"), picture(1)}));
    document.move(3, 99);
    EXPECT_EQ(document.pieces(), (Pieces{picture(2), text("a"), picture(1), text("b"), picture(3)}));
    document.move(7, 0);
    for (int i = 0; i < 3; ++i) document.document().undo();
    EXPECT_EQ(document.pieces(), before);
}

TEST(ComposerDocument, WordsStayWhereTheyAreWhenPicturesMove) {
    ComposerDocument document;
    document.insert(0, {text("Look at "), picture(1), text(" and then at "), picture(2), picture(3), text(" compare.")});
    QTextCursor caret(&document.document());
    caret.setPosition(9);  // just behind the first
    document.move(2, 0);
    EXPECT_EQ(document.pieces(),
              (Pieces{text("Look at "), picture(2), text(" and then at "), picture(1), picture(3), text(" compare.")}));
    document.move(2, 2);
    EXPECT_EQ(document.pieces(),
              (Pieces{text("Look at "), picture(1), text(" and then at "), picture(3), picture(2), text(" compare.")}));
    EXPECT_EQ(caret.position(), 9);
    document.document().undo();
    EXPECT_EQ(document.pictures(), (Pictures{2, 1, 3}));
}

TEST(ComposerDocument, ATypedObjectCharacterIsNoPicture) {
    ComposerDocument document;
    document.insert(0, {Piece{QStringLiteral("a") + QChar(QChar::ObjectReplacementCharacter) + QStringLiteral("b"), 0}});
    EXPECT_EQ(document.pieces(), (Pieces{text("ab")}));
}

TEST(ComposerDocument, WordsTypedBehindAPictureAreWords) {
    ComposerDocument document;
    document.insert(0, {picture(1)});
    QTextCursor cursor(&document.document());
    cursor.movePosition(QTextCursor::End);
    cursor.insertText(QStringLiteral("x"));
    EXPECT_EQ(document.pieces(), (Pieces{picture(1), text("x")}));
}

TEST(ComposerDocument, ALineBreakIsANewLine) {
    ComposerDocument document;
    document.insert(0, {Piece{QStringLiteral("a") + QChar(QChar::LineSeparator) + QStringLiteral("b\nc"), 0}});
    EXPECT_EQ(document.pieces(), (Pieces{text("a\nb\nc")}));
}

TEST(ComposerDocument, ResetForgetsWhatWasBefore) {
    ComposerDocument document;
    document.insert(0, {text("old"), picture(1)});
    document.reset({text("new"), picture(2)});
    EXPECT_EQ(document.pieces(), (Pieces{text("new"), picture(2)}));
    EXPECT_EQ(document.pictures(), (Pictures{2}));
    EXPECT_FALSE(document.document().isUndoAvailable());
    document.reset({});
    EXPECT_EQ(document.pieces(), Pieces());
    EXPECT_TRUE(document.pictures().empty());
}

}  // namespace
}  // namespace lapidary::gui
