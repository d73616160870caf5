#include "gui/chat_widgets/markdown_html.h"

#include <QTextBlock>
#include <QTextFrame>
#include <QTextTable>
#include <algorithm>
#include <array>
#include <cstdint>

#include "gui/chat_widgets/code_lexer.h"
#include "gui/chat_widgets/markdown_import.h"
#include "gui/chat_widgets/markdown_splitter.h"

namespace lapidary::gui {
namespace {

using Kind = MarkdownBlock::Kind;

constexpr int kFirstHeading = 3;

// The direction of writing is found for each part of the answer; what is within a list or a quote stands as that does.
QString directionAt(int depth) { return depth == 0 ? QStringLiteral(" dir=\"auto\"") : QString(); }

QString element(const QString& name, int depth, const QString& inside) {
    return QStringLiteral("<%1%2>").arg(name, directionAt(depth)) + inside + QStringLiteral("</%1>\n").arg(name);
}

// ---- What is inside of a block

// Headings and the heads of tables are bold by themselves.
enum class Bold : std::uint8_t { Said, Understood };

QString htmlOf(const QTextFragment& fragment, Bold bold) {
    const QTextCharFormat format = fragment.charFormat();
    QString html = textOf(fragment).toHtmlEscaped();
    html.replace(QChar::LineSeparator, QLatin1String("<br>"));
    if (html.isEmpty()) return html;
    const auto wrap = [&html](const char* name) {
        html = QStringLiteral("<%1>").arg(QLatin1String(name)) + html + QStringLiteral("</%1>").arg(QLatin1String(name));
    };
    if (isCode(format)) wrap("code");
    if (bold == Bold::Said && format.fontWeight() > QFont::Medium) wrap("strong");
    if (format.fontItalic()) wrap("em");
    if (format.fontStrikeOut()) wrap("del");
    if (format.isAnchor() && mayBeOpened(QUrl(format.anchorHref()))) {
        html = QStringLiteral("<a rel=\"noreferrer\" href=\"") + format.anchorHref().toHtmlEscaped() + QStringLiteral("\">") +
               html + QStringLiteral("</a>");
    }
    return html;
}

QString htmlOf(const QTextBlock& block, Bold bold) {
    QString html;
    for (auto at = block.begin(); !at.atEnd(); ++at) html += htmlOf(at.fragment(), bold);
    return html;
}

QString htmlOf(const QTextTable& table, int depth) {
    QString html = QStringLiteral("<table%1>\n").arg(directionAt(depth));
    for (int row = 0; row < table.rows(); ++row) {
        const char* const cell = row == 0 ? "th" : "td";
        html += QStringLiteral("<tr>");
        for (int column = 0; column < table.columns(); ++column) {
            const QTextTableCell given = table.cellAt(row, column);
            // Qt's importer lets the last cell of a row reach over those that were not written.
            const bool written = given.row() == row && given.column() == column;
            const QTextBlock block = given.firstCursorPosition().block();
            const Qt::Alignment side = block.blockFormat().alignment();
            const char* const align = (side & Qt::AlignRight) != 0     ? " style=\"text-align: right\""
                                      : (side & Qt::AlignHCenter) != 0 ? " style=\"text-align: center\""
                                                                       : "";
            html += QStringLiteral("<%1%2>").arg(QLatin1String(cell), QLatin1String(align)) +
                    (written ? htmlOf(block, row == 0 ? Bold::Understood : Bold::Said) : QString()) +
                    QStringLiteral("</%1>").arg(QLatin1String(cell));
        }
        html += QStringLiteral("</tr>\n");
    }
    return html + QStringLiteral("</table>\n");
}

// A heading, a paragraph of several lines, or a table; a paragraph may be both.
QString htmlOf(const QTextFrame& frame, int depth) {
    QString html;
    QStringList lines;
    const auto endParagraph = [&] {
        if (!lines.isEmpty()) html += element(QStringLiteral("p"), depth, lines.join(QStringLiteral("<br>\n")));
        lines.clear();
    };
    for (auto at = frame.begin(); !at.atEnd(); ++at) {
        if (at.currentFrame() != nullptr) {
            endParagraph();
            const auto* const table = qobject_cast<const QTextTable*>(at.currentFrame());
            html += table != nullptr ? htmlOf(*table, depth) : htmlOf(*at.currentFrame(), depth);
        } else if (const QTextBlock block = at.currentBlock(); block.length() > 1) {
            const int level = block.blockFormat().headingLevel();
            if (level == 0) {
                lines.append(htmlOf(block, Bold::Said));
            } else {
                endParagraph();
                html += element(QStringLiteral("h%1").arg(std::min(level + kFirstHeading - 1, 6)), depth,
                                htmlOf(block, Bold::Understood));
            }
        }
    }
    endParagraph();
    return html;
}

// ---- Blocks

QString htmlOfCode(const MarkdownBlock& block, QStringView source) {
    const bool fenced = block.kind == Kind::Code;
    QStringView code = fenced ? source.mid(block.codeBegin - block.begin, block.codeEnd - block.codeBegin) : source;
    if (code.endsWith(u'\n')) code.chop(1);
    static constexpr std::array<char, 4> kClasses{'k', 's', 'c', 'n'};  // in the order of CodeToken
    const CodeLanguage language = codeLanguage(block.language);
    CodeState state;
    QString html;
    for (const QStringView whole : code.split(u'\n')) {
        const QStringView line = withoutIndent(whole, fenced ? block.fenceIndent : 4);
        qsizetype at = 0;
        for (const CodeSpan& span : lexCode(language, line, state)) {
            html += line.mid(at, span.begin - at).toString().toHtmlEscaped();
            html += QStringLiteral("<span class=\"%1\">").arg(QLatin1Char(kClasses[static_cast<std::size_t>(span.token)]));
            html += line.mid(span.begin, span.length).toString().toHtmlEscaped() + QStringLiteral("</span>");
            at = span.begin + span.length;
        }
        html += line.mid(at).toString().toHtmlEscaped() + u'\n';
    }
    return QStringLiteral("<pre><code>") + html + QStringLiteral("</code></pre>\n");
}

bool goOn(const MarkdownBlock& list, const MarkdownBlock& next) {
    return next.kind == Kind::ListItem && (list.number < 0) == (next.number < 0) && list.mark == next.mark;
}

QString htmlOfBlocks(const QString& source, int depth);

QString htmlOfItem(const MarkdownBlock& block, QStringView source, int depth) {
    QString content = itemContent(block, source);
    const QString marker = itemMarker(block, content);
    const bool isTask = marker == QStringLiteral("☐") || marker == QStringLiteral("☑");
    return QStringLiteral("<li%1>").arg(isTask ? QStringLiteral(" class=\"task\" data-box=\"%1\"").arg(marker) : QString()) +
           htmlOfBlocks(content, depth + 1).trimmed() + QStringLiteral("</li>\n");
}

QString htmlOfBlocks(const QString& source, int depth) {
    if (depth > kMaxMarkdownDepth) return element(QStringLiteral("p"), depth, source.trimmed().toHtmlEscaped());
    const std::vector<MarkdownBlock> blocks = splitMarkdown(source);
    const auto sourceOf = [&source](const MarkdownBlock& block) {
        return QStringView(source).mid(block.begin, block.end - block.begin);
    };
    QString html;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const MarkdownBlock& block = blocks[i];
        switch (block.kind) {
            case Kind::Rule: html += QStringLiteral("<hr>\n"); break;
            case Kind::Code:
            case Kind::IndentedCode: html += htmlOfCode(block, sourceOf(block)); break;
            case Kind::Quote:
                html += element(QStringLiteral("blockquote"), depth, htmlOfBlocks(quoteContent(sourceOf(block)), depth + 1));
                break;
            case Kind::ListItem: {
                const bool bullets = block.number < 0;
                html += bullets ? QStringLiteral("<ul%1>\n").arg(directionAt(depth))
                                : QStringLiteral("<ol%1 start=\"%2\">\n").arg(directionAt(depth)).arg(block.number);
                html += htmlOfItem(block, sourceOf(block), depth);
                for (; i + 1 < blocks.size() && goOn(block, blocks[i + 1]); ++i)
                    html += htmlOfItem(blocks[i + 1], sourceOf(blocks[i + 1]), depth);
                html += bullets ? QStringLiteral("</ul>\n") : QStringLiteral("</ol>\n");
                break;
            }
            case Kind::Paragraph:
            case Kind::Heading:
            case Kind::Table: html += htmlOf(*importMarkdown(block.kind, sourceOf(block))->rootFrame(), depth); break;
        }
    }
    return html;
}

}  // namespace

QString markdownHtml(const QString& source) { return htmlOfBlocks(source, 0); }

}  // namespace lapidary::gui
