// Writes Markdown blocks at the end of a QTextDocument.  Qt's importer reads what is inside of a block (markdown_import.h).  Blocks themselves, lists, quotes and code are ours: the importer of Qt 6.4 starts every list at 1, loses blank lines of
// code, and its documents have no place for our colours.  Nothing is ever loaded: images become their alternative text, HTML stays text.
#pragma once

#include <QFont>
#include <QTextBlockFormat>
#include <QTextCharFormat>
#include <QTextCursor>
#include <QTextDocument>
#include <optional>
#include <vector>

#include "gui/chat_widgets/code_lexer.h"
#include "gui/chat_widgets/markdown_import.h"
#include "gui/chat_widgets/markdown_splitter.h"
#include "gui/widgets/theme.h"

namespace lapidary::gui {

struct MarkdownStyle {
    QFont font;
    QFont codeFont;
    Theme theme;
};

// Code in the document: the view paints its ground and puts a head with a button on it.
struct CodeRegion {
    int begin = 0;  // position of its first line
    int end = 0;  // position of its last line's end
    int left = 0;  // pixels
    QString language;
};

// Properties of our formats, beside Qt's own.
enum MarkdownProperty : int {
    kUnusedBlock = QTextFormat::UserProperty + 1,  // block: the next one may take its place
    kRuleBlock,  // block: a line across
    kQuoteLevel,  // block: how many bars
    kQuoteLeft,  // block: where the first one is, pixels
    kNotSource,  // text that we added: a list's marks
    kTokenIndex,  // text: which token of the answer, from 0
};

inline constexpr int kCodeHeadHeight = 30;  // pixels, above the first line of code
inline constexpr int kCodePadding = 12;
inline constexpr int kQuoteIndent = 16;

class MarkdownWriter {
public:
    explicit MarkdownWriter(QTextDocument& document) : m_document(document) {}

    void setStyle(const MarkdownStyle& style) { m_style = style; }
    [[nodiscard]] const std::vector<CodeRegion>& regions() const { return m_regions; }

    void clear();
    // A whole block; `source` is its stretch of the text.
    void write(const MarkdownBlock& block, QStringView source);
    // Text as it is, behind the last character; a line end begins a line, in a block of its own or within the last one.
    enum class Lines : std::uint8_t { Blocks, Breaks };
    void writePlain(QStringView text, Lines lines);

    // Code line by line.
    void beginCode(const QString& language);
    void showCodeLine(QStringView line);  // the last line, which is not complete: may be shown again
    void extendCodeLine(QStringView text);  // its continuation, uncoloured
    void addCodeLine(QStringView line);  // complete
    void endCode();

    // A place to go back to.
    struct Mark {
        int position = 0;
        QTextBlockFormat format;
        std::size_t regions = 0;
    };
    [[nodiscard]] Mark mark() const;
    void backTo(const Mark& mark);

private:
    struct Place {
        int left = 0;
        int quoteLevel = 0;
        int quoteLeft = 0;
        int depth = 0;
    };
    void writeIn(const MarkdownBlock& block, QStringView source, Place place);
    void writeChildren(const QString& content, Place place);
    void writeItem(const MarkdownBlock& block, QStringView source, Place place);
    void writeImported(const MarkdownBlock& block, QStringView source, const Place& place);
    void writeFrame(const QTextFrame& frame, const Place& place);
    void writeParagraph(const QTextBlock& from, const Place& place);
    void writeTable(const QTextTable& from, const Place& place);
    void writeFragments(QTextCursor& cursor, const QTextBlock& from, const QTextCharFormat& base) const;
    void writeRule(const Place& place);
    void writeCode(const MarkdownBlock& block, QStringView source);

    [[nodiscard]] QTextCursor end() const;
    // Begins a block at the end, in the unused one where there is one.
    QTextCursor startBlock(QTextBlockFormat format, const QTextCharFormat& characters);
    [[nodiscard]] bool endsWithCode() const;
    void leaveUnused();  // the last block becomes one that has no height and may be used
    [[nodiscard]] QTextBlockFormat blockFormat(const Place& place) const;
    [[nodiscard]] QTextBlockFormat codeFormat() const;
    [[nodiscard]] QTextCharFormat bodyFormat() const;
    [[nodiscard]] QTextCharFormat headingFormat(int level) const;
    [[nodiscard]] QTextCharFormat characterFormat(const QTextCharFormat& imported, const QTextCharFormat& base) const;
    CodeState putCodeLine(QStringView line);
    void putMarker(QTextCursor& cursor, Qt::LayoutDirection direction);
    void flushMarker(const Place& place);

    QTextDocument& m_document;
    MarkdownStyle m_style;
    std::vector<CodeRegion> m_regions;
    QString m_marker;  // of the list item whose first line is still to come
    bool m_startsParagraph = true;  // the next imported block is the first of its paragraph
    // Code that is being written.
    struct Code {
        CodeLanguage language = CodeLanguage::None;
        CodeState state;
        Place place;
        int line = -1;  // position of the line that is not complete
    };
    Code m_code;
};

}  // namespace lapidary::gui
