#include "gui/chat_widgets/markdown_writer.h"

#include <QFontInfo>
#include <QTextBlock>
#include <QTextFrame>
#include <QTextList>
#include <QTextTable>
#include <QUrl>
#include <algorithm>
#include <array>

namespace lapidary::gui {
namespace {

using Kind = MarkdownBlock::Kind;

constexpr int kItemIndent = 24;  // pixels
constexpr qreal kGap = 8;        // between paragraphs
constexpr qreal kItemGap = 4;

// Without the characters that mean something to a QTextDocument: ends of blocks, frames, objects.
QString harmless(QStringView text) {
    QString clean = text.toString();
    for (QChar& c : clean) {
        const char16_t code = c.unicode();
        if (code == u'\r' || code == 0x2029) c = u' ';
        if (code == 0 || code == 0xfffc || code == 0xfdd0 || code == 0xfdd1) c = QChar::ReplacementCharacter;
    }
    return clean;
}

}  // namespace

// ---- Places

QTextCursor MarkdownWriter::end() const {
    QTextCursor cursor(&m_document);
    cursor.movePosition(QTextCursor::End);
    return cursor;
}

void MarkdownWriter::clear() {
    m_document.clear();
    m_regions.clear();
    m_marker.clear();
    QTextBlockFormat unused;  // a line high, as the answer that is awaited will be
    unused.setProperty(kUnusedBlock, true);
    end().setBlockFormat(unused);
}

void MarkdownWriter::leaveUnused() {
    QTextBlockFormat unused;
    unused.setProperty(kUnusedBlock, true);
    unused.setLineHeight(1, QTextBlockFormat::FixedHeight);
    end().setBlockFormat(unused);
}

bool MarkdownWriter::endsWithCode() const { return !m_regions.empty() && m_regions.back().end == end().position(); }

MarkdownWriter::Mark MarkdownWriter::mark() const {
    const QTextCursor cursor = end();
    return {cursor.position(), cursor.blockFormat(), m_regions.size()};
}

void MarkdownWriter::backTo(const Mark& mark) {
    QTextCursor cursor(&m_document);
    cursor.setPosition(mark.position);
    cursor.movePosition(QTextCursor::End, QTextCursor::KeepAnchor);
    cursor.removeSelectedText();
    if (cursor.blockFormat() != mark.format) cursor.setBlockFormat(mark.format);
    m_regions.resize(std::min(m_regions.size(), mark.regions));
    m_marker.clear();
}

QTextCursor MarkdownWriter::startBlock(QTextBlockFormat format, const QTextCharFormat& characters) {
    QTextCursor cursor = end();
    const bool unused = cursor.blockFormat().hasProperty(kUnusedBlock);
    // Qt drops what a block wants above itself at a document's beginning and right behind a table.  A head of code must have it: then the
    // unused block stays, between.
    const bool isHead = format.topMargin() >= kCodeHeadHeight;
    if (unused && cursor.position() == 0) format.setTopMargin(isHead ? kCodeHeadHeight : 0);
    if (unused && isHead) leaveUnused();
    if (unused && !isHead) {
        cursor.setBlockFormat(format);
        cursor.setBlockCharFormat(characters);
        cursor.setCharFormat(characters);
    } else {
        cursor.insertBlock(format, characters);
    }
    return cursor;
}

// ---- Formats

QTextBlockFormat MarkdownWriter::blockFormat(const Place& place) const {
    QTextBlockFormat format;
    format.setLeftMargin(place.left);
    format.setTopMargin(kGap);
    format.setBottomMargin(kGap);
    format.setLineHeight(118, QTextBlockFormat::ProportionalHeight);
    if (place.quoteLevel > 0) {
        format.setProperty(kQuoteLevel, place.quoteLevel);
        format.setProperty(kQuoteLeft, place.quoteLeft);
    }
    return format;
}

QTextBlockFormat MarkdownWriter::codeFormat() const {
    QTextBlockFormat format = blockFormat(m_code.place);
    format.setLeftMargin(m_code.place.left + kCodePadding);
    format.setRightMargin(kCodePadding);
    format.setTopMargin(0);
    format.setBottomMargin(kCodePadding + kGap);  // the last line's; others lose it when the next one comes
    return format;
}

QTextCharFormat MarkdownWriter::bodyFormat() const {
    QTextCharFormat format;
    format.setFont(m_style.font);
    format.setForeground(m_style.theme.text);
    return format;
}

QTextCharFormat MarkdownWriter::headingFormat(int level) const {
    static constexpr std::array<qreal, 6> kScales{1.5, 1.3, 1.15, 1.05, 1.0, 1.0};
    QTextCharFormat format = bodyFormat();
    const qreal size = QFontInfo(m_style.font).pointSizeF();
    format.setFontPointSize(size * kScales[static_cast<std::size_t>(std::clamp(level, 1, 6) - 1)]);
    format.setFontWeight(QFont::Bold);
    return format;
}

QTextCharFormat MarkdownWriter::characterFormat(const QTextCharFormat& imported, const QTextCharFormat& base) const {
    QTextCharFormat format = base;
    if (isCode(imported)) {
        const qreal size = base.fontPointSize();
        format.setFont(m_style.codeFont);
        if (size > 0) format.setFontPointSize(size * 0.95);
        format.setFontWeight(base.fontWeight());
        format.setBackground(m_style.theme.codeGround);
    }
    if (imported.fontWeight() > QFont::Medium) format.setFontWeight(QFont::Bold);
    if (imported.fontItalic()) format.setFontItalic(true);
    if (imported.fontStrikeOut()) format.setFontStrikeOut(true);
    if (imported.isAnchor() && mayBeOpened(QUrl(imported.anchorHref()))) {
        format.setAnchor(true);
        format.setAnchorHref(imported.anchorHref());
        format.setToolTip(imported.anchorHref());  // where it leads, before it is followed
        format.setForeground(m_style.theme.link);
        format.setFontUnderline(true);
    }
    return format;
}

// ---- Blocks

void MarkdownWriter::write(const MarkdownBlock& block, QStringView source) { writeIn(block, source, {}); }

void MarkdownWriter::writeIn(const MarkdownBlock& block, QStringView source, Place place) {
    const bool nests = block.kind == Kind::Quote || block.kind == Kind::ListItem;
    if (nests && ++place.depth > kMaxMarkdownDepth) {
        flushMarker(place);
        startBlock(blockFormat(place), bodyFormat());
        writePlain(source.trimmed(), Lines::Breaks);
        return;
    }
    switch (block.kind) {
        case Kind::ListItem: writeItem(block, source, place); return;
        case Kind::Quote:
            flushMarker(place);
            if (place.quoteLevel++ == 0) place.quoteLeft = place.left;
            place.left += kQuoteIndent;
            writeChildren(quoteContent(source), place);
            return;
        case Kind::Rule: writeRule(place); return;
        case Kind::Code:
        case Kind::IndentedCode:
            flushMarker(place);
            m_code.place = place;
            writeCode(block, source);
            m_code.place = {};
            return;
        case Kind::Paragraph:
        case Kind::Heading:
        case Kind::Table: writeImported(block, source, place); return;
    }
}

void MarkdownWriter::writeChildren(const QString& content, Place place) {
    for (const MarkdownBlock& child : splitMarkdown(content))
        writeIn(child, QStringView(content).mid(child.begin, child.end - child.begin), place);
}

void MarkdownWriter::writeItem(const MarkdownBlock& block, QStringView source, Place place) {
    QString content = itemContent(block, source);
    flushMarker(place);
    m_marker = itemMarker(block, content);
    // A long number needs more room than a dot.
    place.left += kItemIndent + static_cast<int>(std::max<qsizetype>(0, m_marker.size() - 2)) * 8;
    writeChildren(content, place);
    flushMarker(place);
}

void MarkdownWriter::flushMarker(const Place& place) {
    if (m_marker.isEmpty()) return;
    QTextBlockFormat format = blockFormat(place);
    format.setTopMargin(kItemGap);
    format.setBottomMargin(kItemGap);
    QTextCursor cursor = startBlock(format, bodyFormat());
    putMarker(cursor, Qt::LeftToRight);
}

// The mark hangs before the text; it is text, so that it is read aloud and copied with the rest.
void MarkdownWriter::putMarker(QTextCursor& cursor, Qt::LayoutDirection direction) {
    const int indent = kItemIndent + static_cast<int>(std::max<qsizetype>(0, m_marker.size() - 2)) * 8;
    QTextBlockFormat format = cursor.blockFormat();
    const bool mirrored = direction == Qt::RightToLeft;
    if (mirrored) {
        // Qt indents the first line at the left alone, and a tab there leads nowhere: the mark stands in the line.
        format.setRightMargin(format.leftMargin() - indent);
        format.setLeftMargin(0);
        format.setLayoutDirection(Qt::RightToLeft);
    } else {
        format.setTextIndent(-indent);
        format.setTabPositions({QTextOption::Tab(indent, QTextOption::LeftTab)});
    }
    cursor.setBlockFormat(format);
    QTextCharFormat characters = bodyFormat();
    characters.setProperty(kNotSource, true);
    cursor.insertText(m_marker + (mirrored ? QChar(QChar::Nbsp) : QChar(u'\t')), characters);
    m_marker.clear();
}

void MarkdownWriter::writeRule(const Place& place) {
    flushMarker(place);
    QTextBlockFormat format = blockFormat(place);
    format.setProperty(kRuleBlock, true);
    format.setTopMargin(kGap + 4);
    format.setBottomMargin(kGap + 4);
    format.setLineHeight(2, QTextBlockFormat::FixedHeight);
    startBlock(format, bodyFormat());
}

void MarkdownWriter::writeImported(const MarkdownBlock& block, QStringView source, const Place& place) {
    m_startsParagraph = true;
    writeFrame(*importMarkdown(block.kind, source)->rootFrame(), place);
}

void MarkdownWriter::writeFrame(const QTextFrame& frame, const Place& place) {
    for (auto at = frame.begin(); !at.atEnd(); ++at) {
        if (const auto* table = qobject_cast<const QTextTable*>(at.currentFrame())) {
            writeTable(*table, place);
        } else if (at.currentFrame() != nullptr) {
            writeFrame(*at.currentFrame(), place);
        } else if (at.currentBlock().length() > 1) {
            writeParagraph(at.currentBlock(), place);
        }
    }
}

void MarkdownWriter::writeParagraph(const QTextBlock& from, const Place& place) {
    const int level = from.blockFormat().headingLevel();
    const QTextCharFormat base = level > 0 ? headingFormat(level) : bodyFormat();
    QTextCursor cursor;
    if (m_startsParagraph || level > 0) {
        QTextBlockFormat format = blockFormat(place);
        format.setHeadingLevel(level);
        if (level > 0) format.setTopMargin(kGap + 6);
        if (!m_marker.isEmpty()) {
            format.setTopMargin(kItemGap);
            format.setBottomMargin(kItemGap);
        }
        cursor = startBlock(format, base);
        if (!m_marker.isEmpty()) putMarker(cursor, from.text().isRightToLeft() ? Qt::RightToLeft : Qt::LeftToRight);
        m_startsParagraph = level > 0;
    } else {
        cursor = end();
        cursor.insertText(QString(QChar::LineSeparator), base);
    }
    writeFragments(cursor, from, base);
}

void MarkdownWriter::writeFragments(QTextCursor& cursor, const QTextBlock& from, const QTextCharFormat& base) const {
    for (auto at = from.begin(); !at.atEnd(); ++at) {
        const QTextFragment fragment = at.fragment();
        const QString text = textOf(fragment);
        if (!text.isEmpty()) cursor.insertText(harmless(text), characterFormat(fragment.charFormat(), base));
    }
}

void MarkdownWriter::writeTable(const QTextTable& from, const Place& place) {
    flushMarker(place);
    QTextTableFormat format;
    format.setBorder(1);
    format.setBorderStyle(QTextFrameFormat::BorderStyle_Solid);
    format.setBorderBrush(m_style.theme.border);
    format.setBorderCollapse(true);
    format.setCellPadding(6);
    format.setCellSpacing(0);
    format.setHeaderRowCount(1);
    format.setLeftMargin(place.left);
    // As Qt drops what a block wants below itself before a table: the ground of code reaches there.
    format.setTopMargin(endsWithCode() ? kCodePadding + kGap : kGap);
    format.setBottomMargin(kGap);
    QTextTable* table = end().insertTable(from.rows(), from.columns(), format);
    for (int row = 0; row < from.rows(); ++row) {
        for (int column = 0; column < from.columns(); ++column) {
            QTextTableCell cell = table->cellAt(row, column);
            const QTextTableCell given = from.cellAt(row, column);
            // Qt's importer lets the last cell of a row reach over those that were not written.
            const bool written = given.row() == row && given.column() == column;
            QTextCharFormat base = bodyFormat();
            if (row == 0) base.setFontWeight(QFont::Bold);
            QTextCursor cursor = cell.firstCursorPosition();
            const QTextBlock source = given.firstCursorPosition().block();
            cursor.setBlockCharFormat(base);
            if (const Qt::Alignment side = source.blockFormat().alignment(); (side & Qt::AlignLeft) == 0) {
                QTextBlockFormat alignment;
                alignment.setAlignment(side);
                cursor.setBlockFormat(alignment);
            }
            if (row == 0) {
                // After the block's characters: a cell's first block and the cell share one format.
                QTextCharFormat head = cell.format();
                head.setBackground(m_style.theme.panel);
                cell.setFormat(head);
            }
            if (written) writeFragments(cursor, source, base);
        }
    }
    leaveUnused();
    m_startsParagraph = true;
}

void MarkdownWriter::writePlain(QStringView text, Lines lines) {
    QTextCursor cursor = end();
    if (cursor.blockFormat().hasProperty(kUnusedBlock)) {
        QTextBlockFormat format = blockFormat({});
        if (lines == Lines::Blocks) {
            format.setTopMargin(0);
            format.setBottomMargin(0);
        }
        cursor = startBlock(format, bodyFormat());
    }
    QString content = harmless(text);
    if (lines == Lines::Breaks) content.replace(u'\n', QChar::LineSeparator);
    cursor.insertText(content, bodyFormat());
}

// ---- Code

void MarkdownWriter::writeCode(const MarkdownBlock& block, QStringView source) {
    const bool fenced = block.kind == Kind::Code;
    const QStringView code = fenced ? source.mid(block.codeBegin - block.begin, block.codeEnd - block.codeBegin) : source;
    beginCode(block.language);
    const bool endsLine = code.endsWith(u'\n');
    for (const QStringView line : (endsLine ? code.chopped(1) : code).split(u'\n'))
        addCodeLine(withoutIndent(line, fenced ? block.fenceIndent : 4));
    endCode();
}

void MarkdownWriter::beginCode(const QString& language) {
    const Place place = m_code.place;
    m_code = {codeLanguage(language), {}, place, -1};
    QTextCharFormat characters = bodyFormat();
    characters.setFont(m_style.codeFont);
    QTextBlockFormat format = codeFormat();
    // Of two margins the larger counts; the ground of code before it reaches into both.
    format.setTopMargin(kCodeHeadHeight + kGap + (endsWithCode() ? kCodePadding : 0));
    QTextCursor cursor = startBlock(format, characters);
    m_code.line = cursor.position();
    m_regions.push_back({cursor.position(), cursor.position(), place.left, language});
}

CodeState MarkdownWriter::putCodeLine(QStringView line) {
    QTextCharFormat plain = bodyFormat();
    plain.setFont(m_style.codeFont);
    QTextCursor cursor = end();
    if (m_code.line < 0) {
        // The line before is no longer the last.
        QTextBlockFormat inner = cursor.blockFormat();
        inner.setBottomMargin(0);
        cursor.setBlockFormat(inner);
        cursor.insertBlock(codeFormat(), plain);
        m_code.line = cursor.position();
    } else {
        cursor.setPosition(m_code.line, QTextCursor::KeepAnchor);
        cursor.removeSelectedText();
    }
    CodeState state = m_code.state;
    const std::vector<CodeSpan> spans = lexCode(m_code.language, line, state);
    const Theme& theme = m_style.theme;
    const std::array<QColor, 4> colors{theme.codeKeyword, theme.codeString, theme.codeComment, theme.codeNumber};
    qsizetype at = 0;
    const auto put = [&](qsizetype until, const QColor& color) {
        if (until <= at) return;
        QTextCharFormat format = plain;
        format.setForeground(color);
        cursor.insertText(harmless(line.mid(at, until - at)), format);
        at = until;
    };
    for (const CodeSpan& span : spans) {
        put(span.begin, theme.text);
        put(span.begin + span.length, colors[static_cast<std::size_t>(span.token)]);
    }
    put(line.size(), theme.text);
    m_regions.back().end = cursor.position();
    return state;
}

void MarkdownWriter::showCodeLine(QStringView line) { putCodeLine(line); }

void MarkdownWriter::extendCodeLine(QStringView text) {
    QTextCharFormat plain = bodyFormat();
    plain.setFont(m_style.codeFont);
    QTextCursor cursor = end();
    cursor.insertText(harmless(text), plain);
    m_regions.back().end = cursor.position();
}

void MarkdownWriter::addCodeLine(QStringView line) {
    m_code.state = putCodeLine(line);
    m_code.line = -1;
}

void MarkdownWriter::endCode() { m_code = {}; }

}  // namespace lapidary::gui
