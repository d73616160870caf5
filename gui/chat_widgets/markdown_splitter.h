// Cuts Markdown into blocks, line by line as it arrives, so that a finished block is never looked at again.  It knows CommonMark's
// rules of where blocks begin and end (spec.commonmark.org 0.31, sections 4 and 5, without raw HTML) and GitHub's tables; what is
// inside a list item or a quote is cut by the same splitter once its marks are taken off.  No Qt documents here: QtCore alone.
#pragma once

#include <QString>
#include <QStringView>
#include <cstdint>
#include <optional>
#include <vector>

namespace lapidary::gui {

struct MarkdownBlock {
    enum class Kind : std::uint8_t { Paragraph, Heading, Rule, Table, Quote, ListItem, Code, IndentedCode };
    Kind kind = Kind::Paragraph;
    qsizetype begin = 0;  // of its first line, in the source
    qsizetype end = 0;  // behind its last line's end
    // ListItem
    int number = -1;  // -1: a bullet
    QChar mark{};  // '-', '*', '+', '.' or ')'
    int contentIndent = 0;  // columns that belong to the mark
    // Code
    QString language{};  // the first word behind the fence
    QChar fence{};
    int fenceLength = 0;
    int fenceIndent = 0;
    qsizetype codeBegin = 0;  // the first line of the code itself
    qsizetype codeEnd = 0;  // behind its last line
    bool operator==(const MarkdownBlock&) const = default;
};

class MarkdownSplitter {
public:
    // One line of the source without its end: [start, start + line.size()), and where the next one begins.
    void addLine(QStringView line, qsizetype start, qsizetype next);
    // There is no more.
    void finish();

    // Blocks that were finished since the last call.
    [[nodiscard]] std::vector<MarkdownBlock> takeDone();
    [[nodiscard]] const std::optional<MarkdownBlock>& open() const { return m_open; }

    // Whether an unfinished last line may still become something else, so that showing it now would flicker ("-", "1.", "``").
    [[nodiscard]] bool undecided(QStringView line) const;

private:
    bool continueOpen(QStringView line, qsizetype start, qsizetype next);
    bool continueCode(QStringView line, qsizetype next);
    bool continueItem(QStringView line, qsizetype next);
    bool continueParagraph(QStringView line, qsizetype start, qsizetype next);
    void begin(QStringView line, qsizetype start, qsizetype next);
    void beginItem(QStringView line);
    void close();

    std::optional<MarkdownBlock> m_open;
    std::vector<MarkdownBlock> m_done;
    qsizetype m_lastLine = 0;  // where the open block's last line begins
    int m_lines = 0;  // of the open block
    bool m_blankBefore = false;  // within a list item
    QChar m_innerFence;  // a fence is open within a list item
    int m_innerFenceLength = 0;
    std::optional<MarkdownBlock> m_previous;  // the last finished one, for numbers
};

// The blocks of a whole text.
[[nodiscard]] std::vector<MarkdownBlock> splitMarkdown(const QString& source);

// What is inside of a list item or a quote, its marks taken off.
[[nodiscard]] QString itemContent(const MarkdownBlock& block, QStringView source);
[[nodiscard]] QString quoteContent(QStringView source);
// Code without up to `columns` of the blanks before each line.
[[nodiscard]] QStringView withoutIndent(QStringView line, int columns);

}  // namespace lapidary::gui
