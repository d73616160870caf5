#include "gui/chat_widgets/markdown_splitter.h"

#include <QList>
#include <algorithm>
#include <utility>

namespace lapidary::gui {
namespace {

using Kind = MarkdownBlock::Kind;

bool isBlank(QStringView line) { return line.trimmed().isEmpty(); }

// Columns of blanks before the text; a tab goes to the next multiple of four.
int indentOf(QStringView line) {
    int columns = 0;
    for (const QChar c : line) {
        if (c == u' ') {
            ++columns;
        } else if (c == u'\t') {
            columns += 4 - columns % 4;
        } else {
            break;
        }
    }
    return columns;
}

int runLength(QStringView text, QChar c) {
    int length = 0;
    while (length < text.size() && text[length] == c) ++length;
    return length;
}

struct Fence {
    QChar mark;
    int length = 0;
    QStringView info;
};

std::optional<Fence> fenceOf(QStringView line) {
    if (indentOf(line) > 3) return std::nullopt;
    const QStringView text = line.trimmed();
    if (text.isEmpty() || (text[0] != u'`' && text[0] != u'~')) return std::nullopt;
    const int length = runLength(text, text[0]);
    const QStringView info = text.mid(length).trimmed();
    if (length < 3 || (text[0] == u'`' && info.contains(u'`'))) return std::nullopt;
    return Fence{text[0], length, info};
}

bool closesFence(QStringView line, QChar mark, int length) {
    const QStringView text = line.trimmed();
    return indentOf(line) <= 3 && text.size() >= length && runLength(text, mark) == text.size();
}

int headingLevel(QStringView line) {
    if (indentOf(line) > 3) return 0;
    const QStringView text = line.trimmed();
    const int level = runLength(text, u'#');
    return level <= 6 && (level == text.size() || text[level].isSpace()) ? level : 0;
}

bool isRule(QStringView line) {
    if (indentOf(line) > 3) return false;
    const QStringView text = line.trimmed();
    if (text.isEmpty() || (text[0] != u'-' && text[0] != u'*' && text[0] != u'_')) return false;
    int marks = 0;
    for (const QChar c : text) {
        if (c == text[0]) {
            ++marks;
        } else if (!c.isSpace()) {
            return false;
        }
    }
    return marks >= 3;
}

bool isQuote(QStringView line) { return indentOf(line) <= 3 && line.trimmed().startsWith(u'>'); }

bool isUnderline(QStringView line) {
    const QStringView text = line.trimmed();
    if (indentOf(line) > 3 || text.isEmpty() || (text[0] != u'=' && text[0] != u'-')) return false;
    return runLength(text, text[0]) == text.size();
}

// |---|:--:| of a table.
bool isDelimiterRow(QStringView line) {
    const auto belongs = [](QChar c) { return c == u'|' || c == u'-' || c == u':' || c.isSpace(); };
    return std::all_of(line.begin(), line.end(), belongs) && line.contains(u'|') && line.contains(u'-');
}

struct ListMark {
    QChar mark;
    int number = -1;
    int contentIndent = 0;
    bool empty = false;
};

std::optional<ListMark> listMarkOf(QStringView line) {
    const int indent = indentOf(line);
    if (indent > 3 || isRule(line)) return std::nullopt;
    const QStringView text = line.trimmed();
    if (text.isEmpty()) return std::nullopt;
    ListMark found;
    qsizetype width = 0;
    if (text[0] == u'-' || text[0] == u'*' || text[0] == u'+') {
        found.mark = text[0];
        width = 1;
    } else {
        while (width < text.size() && width < 9 && text[width] >= u'0' && text[width] <= u'9') ++width;
        if (width == 0 || width == text.size() || (text[width] != u'.' && text[width] != u')')) return std::nullopt;
        found.number = text.left(width).toInt();
        found.mark = text[width++];
    }
    const QStringView behind = text.mid(width);
    found.empty = behind.isEmpty();
    if (!found.empty && !behind[0].isSpace()) return std::nullopt;
    // One blank belongs to the mark, and up to three more; five or more are the mark, one blank and indented code.
    const int blanks = found.empty ? 1 : indentOf(behind);
    found.contentIndent = indent + static_cast<int>(width) + (blanks > 4 ? 1 : blanks);
    return found;
}

bool interruptsParagraph(QStringView line) {
    if (headingLevel(line) > 0 || isRule(line) || fenceOf(line) || isQuote(line)) return true;
    const std::optional<ListMark> mark = listMarkOf(line);
    return mark && !mark->empty && (mark->number < 0 || mark->number == 1);
}

}  // namespace

void MarkdownSplitter::addLine(QStringView line, qsizetype start, qsizetype next) {
    if (continueOpen(line, start, next)) return;
    if (!isBlank(line)) begin(line, start, next);
}

void MarkdownSplitter::finish() { close(); }

std::vector<MarkdownBlock> MarkdownSplitter::takeDone() { return std::exchange(m_done, {}); }

void MarkdownSplitter::close() {
    if (m_open) {
        m_previous = m_open;
        m_done.push_back(*std::exchange(m_open, std::nullopt));
    }
    m_innerFence = {};
    m_blankBefore = false;
}

// True: the line is dealt with.  False: it begins something new, and what was open is closed.
bool MarkdownSplitter::continueOpen(QStringView line, qsizetype start, qsizetype next) {
    if (!m_open) return false;
    bool goesOn = false;
    switch (m_open->kind) {
        case Kind::Code: return continueCode(line, next);
        case Kind::ListItem: goesOn = continueItem(line, next); break;
        case Kind::Paragraph:
            if (continueParagraph(line, start, next)) return true;
            break;
        case Kind::Table: goesOn = !isBlank(line) && !interruptsParagraph(line); break;
        case Kind::Quote: goesOn = !isBlank(line) && (isQuote(line) || !interruptsParagraph(line)); break;
        case Kind::IndentedCode: goesOn = !isBlank(line) && indentOf(line) >= 4; break;
        case Kind::Heading:
        case Kind::Rule: break;  // never open
    }
    if (!goesOn) {
        close();
        return false;
    }
    m_lastLine = start;
    ++m_lines;
    m_open->end = next;
    return true;
}

bool MarkdownSplitter::continueCode(QStringView line, qsizetype next) {
    m_open->end = next;
    if (closesFence(line, m_open->fence, m_open->fenceLength)) {
        close();
    } else {
        m_open->codeEnd = next;
    }
    return true;
}

bool MarkdownSplitter::continueItem(QStringView line, qsizetype next) {
    const bool inside = indentOf(line) >= m_open->contentIndent;
    if (isBlank(line)) {
        m_blankBefore = true;
        m_open->end = next;
        return true;
    }
    if (inside) {
        const QStringView text = withoutIndent(line, m_open->contentIndent);
        if (!m_innerFence.isNull()) {
            if (closesFence(text, m_innerFence, m_innerFenceLength)) m_innerFence = {};
        } else if (const std::optional<Fence> fence = fenceOf(text)) {
            m_innerFence = fence->mark;
            m_innerFenceLength = fence->length;
        }
        m_blankBefore = false;
        return true;
    }
    // Text that goes on without its indent; behind a blank line, in code or with a mark of its own it does not.
    return !m_blankBefore && m_innerFence.isNull() && !listMarkOf(line) && !interruptsParagraph(line);
}

bool MarkdownSplitter::continueParagraph(QStringView line, qsizetype start, qsizetype next) {
    if (isBlank(line)) {
        close();
        return true;
    }
    if (isUnderline(line)) {
        m_open->kind = Kind::Heading;
        m_open->end = next;
        close();
        return true;
    }
    if (interruptsParagraph(line)) return false;
    if (isDelimiterRow(line)) {
        // The line before was the table's head; what stood above it stays a paragraph.
        MarkdownBlock table{.kind = Kind::Table, .begin = m_lastLine, .end = next};
        if (m_lines > 1) {
            m_open->end = m_lastLine;
            close();
        }
        m_open = table;
    }
    m_open->end = next;
    m_lastLine = start;
    ++m_lines;
    return true;
}

void MarkdownSplitter::begin(QStringView line, qsizetype start, qsizetype next) {
    m_open = MarkdownBlock{.begin = start, .end = next};
    m_lastLine = start;
    m_lines = 1;
    if (indentOf(line) >= 4) {
        m_open->kind = Kind::IndentedCode;
    } else if (const std::optional<Fence> fence = fenceOf(line)) {
        m_open->kind = Kind::Code;
        m_open->fence = fence->mark;
        m_open->fenceLength = fence->length;
        m_open->fenceIndent = indentOf(line);
        const auto word =
            std::find_if(fence->info.begin(), fence->info.end(), [](QChar c) { return c.isSpace() || c == u'{'; });
        m_open->language = fence->info.left(word - fence->info.begin()).toString();
        m_open->codeBegin = m_open->codeEnd = next;
    } else if (headingLevel(line) > 0) {
        m_open->kind = Kind::Heading;
        close();
    } else if (isRule(line)) {
        m_open->kind = Kind::Rule;
        close();
    } else if (isQuote(line)) {
        m_open->kind = Kind::Quote;
    } else if (listMarkOf(line)) {
        beginItem(line);
    }
}

void MarkdownSplitter::beginItem(QStringView line) {
    const ListMark mark = *listMarkOf(line);
    m_open->kind = Kind::ListItem;
    m_open->mark = mark.mark;
    m_open->contentIndent = mark.contentIndent;
    m_open->number = mark.number;
    // A list counts on from its first number, whatever the others say.
    const bool goesOn =
        m_previous && m_previous->kind == Kind::ListItem && m_previous->mark == mark.mark && m_previous->end == m_open->begin;
    if (goesOn && mark.number >= 0) m_open->number = m_previous->number + 1;
    const QString content = itemContent(*m_open, line);
    if (const std::optional<Fence> fence = fenceOf(content)) {
        m_innerFence = fence->mark;
        m_innerFenceLength = fence->length;
    }
}

bool MarkdownSplitter::undecided(QStringView line) const {
    if (m_open && m_open->kind == Kind::Code) {
        const QStringView text = line.trimmed();
        return !text.isEmpty() && runLength(text, m_open->fence) == text.size();
    }
    static constexpr QStringView kMarks = u" \t-=*_+#>`~|:.)0123456789";
    return std::all_of(line.begin(), line.end(), [](QChar c) { return kMarks.contains(c); });
}

std::vector<MarkdownBlock> splitMarkdown(const QString& source) {
    MarkdownSplitter splitter;
    for (qsizetype begin = 0; begin < source.size();) {
        const qsizetype end = source.indexOf(u'\n', begin);
        const qsizetype next = end < 0 ? source.size() : end + 1;
        splitter.addLine(QStringView(source).mid(begin, (end < 0 ? next : end) - begin), begin, next);
        begin = next;
    }
    splitter.finish();
    return splitter.takeDone();
}

namespace {

template <typename Change>
QString changedLines(QStringView source, Change change) {
    QString content;
    content.reserve(source.size());
    bool first = true;
    for (const QStringView line : source.split(u'\n')) {
        if (!first) content += u'\n';
        content += change(line, first);
        first = false;
    }
    return content;
}

}  // namespace

QStringView withoutIndent(QStringView line, int columns) {
    qsizetype at = 0;
    int column = 0;
    while (at < line.size() && column < columns && (line[at] == u' ' || line[at] == u'\t')) {
        column += line[at] == u'\t' ? 4 - column % 4 : 1;
        ++at;
    }
    return line.mid(at);
}

QString itemContent(const MarkdownBlock& block, QStringView source) {
    return changedLines(source, [&block](QStringView line, bool first) {
        if (!first) return withoutIndent(line, block.contentIndent).toString();
        // Behind the mark: its characters, then the blanks that belong to it.
        qsizetype at = 0;
        while (at < line.size() && line[at].isSpace()) ++at;
        while (at < line.size() && line[at] != block.mark) ++at;
        const QStringView behind = line.mid(at + 1);
        return withoutIndent(behind, std::max(1, block.contentIndent - static_cast<int>(at) - 1)).toString();
    });
}

QString quoteContent(QStringView source) {
    return changedLines(source, [](QStringView line, bool) {
        const QStringView text = withoutIndent(line, 3);
        if (!text.startsWith(u'>')) return line.toString();
        return withoutIndent(text.mid(1), 1).toString();
    });
}

}  // namespace lapidary::gui
