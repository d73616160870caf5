#include "gui/chat_widgets/markdown_document.h"

#include <QTextBlock>
#include <algorithm>
#include <array>

namespace lapidary::gui {
namespace {

using Kind = MarkdownBlock::Kind;

// A block up to this length is rendered each time; a longer one when it has grown by an eighth, and until then new text is shown as it
// is.  So no character is rendered more than about nine times beyond those of one short block an update.
constexpr qsizetype kAlwaysRendered = 2048;
constexpr qsizetype kGrowth = 8;
// A line of code up to this length is coloured while it grows.
constexpr qsizetype kColouredLine = 1024;

// Groups changes, so that the layout is told once.
class Edit {
public:
    explicit Edit(QTextDocument& document) : m_cursor(&document) { m_cursor.beginEditBlock(); }
    ~Edit() { m_cursor.endEditBlock(); }
    Edit(const Edit&) = delete;
    Edit& operator=(const Edit&) = delete;

private:
    QTextCursor m_cursor;
};

}  // namespace

MarkdownDocument::MarkdownDocument(Format format, QObject* parent) : SealedDocument(parent), m_format(format), m_writer(*this) {
    setDocumentMargin(0);
    m_writer.clear();
}

QString MarkdownDocument::codeOf(const CodeRegion& region) const {
    QStringList lines;
    for (QTextBlock block = findBlock(region.begin); block.isValid() && block.position() <= region.end; block = block.next())
        lines.append(block.text());
    return lines.join(u'\n');
}

int MarkdownDocument::tokenAt(int position) const {
    // A position's format is that of the character before it.
    if (m_tokens.empty() || position < 0 || position + 1 >= characterCount()) return -1;
    QTextCursor cursor(const_cast<MarkdownDocument*>(this));  // NOLINT: a cursor that only looks needs it
    cursor.setPosition(position + 1);
    const QTextCharFormat format = cursor.charFormat();
    return format.hasProperty(kTokenIndex) ? format.intProperty(kTokenIndex) : -1;
}

void MarkdownDocument::setStyle(const MarkdownStyle& style) {
    m_style = style;
    m_writer.setStyle(style);
    setDefaultFont(style.font);
    rebuild();
}

void MarkdownDocument::reset() {
    m_source.clear();
    m_tokens.clear();
    m_finished = false;
    rebuild();
}

void MarkdownDocument::rebuild() {
    m_writer.clear();
    Edit edit(*this);
    m_splitter = {};
    m_lineBegin = 0;
    m_searched = 0;
    m_early.reset();
    m_tail.reset();
    advance();
}

void MarkdownDocument::append(const QString& text) {
    if (text.isEmpty()) return;
    m_source += text;
    if (m_finished && m_format == Format::Markdown) {
        // An answer that is continued: its last block may go on.
        m_finished = false;
        rebuild();
        return;
    }
    Edit edit(*this);
    advance();
}

void MarkdownDocument::finish() {
    if (m_finished) return;
    m_finished = true;
    Edit edit(*this);
    advance();
}

void MarkdownDocument::advance() {
    if (m_format == Format::Plain) {
        m_writer.writePlain(view(m_lineBegin, m_source.size()), MarkdownWriter::Lines::Blocks);
        m_renderedCharacters += m_source.size() - m_lineBegin;
        m_lineBegin = m_source.size();
        return;
    }
    while (m_lineBegin < m_source.size()) {
        const qsizetype end = m_source.indexOf(u'\n', std::max(m_lineBegin, m_searched));
        m_searched = end < 0 ? m_source.size() : end + 1;
        if (end < 0 && !m_finished) break;
        const qsizetype next = end < 0 ? m_source.size() : end + 1;
        m_splitter.addLine(view(m_lineBegin, end < 0 ? next : end), m_lineBegin, next);
        m_lineBegin = next;
    }
    if (m_finished) m_splitter.finish();
    for (const MarkdownBlock& block : m_splitter.takeDone()) {
        if (m_early && *m_early != block) {
            rebuild();
            return;
        }
        if (!m_early) commit(block);
        m_early.reset();
    }
    if (!m_finished) showOpen();
}

void MarkdownDocument::commit(const MarkdownBlock& block) {
    showTail(block, Last::Yes);
    m_tail.reset();
}

// NOTE [Early]: the line that is not complete may finish the block before it ("# T" behind a paragraph).  That block is written for good
// then, although the splitter will tell of it only when the line is complete.  In the rare case that the line turns out otherwise
// ("```x" becomes "```x`"), everything is written again.
void MarkdownDocument::showOpen() {
    std::optional<MarkdownBlock> open = m_splitter.open();
    bool finishesBefore = false;
    const QStringView line = view(m_lineBegin, m_source.size());
    if (!line.isEmpty() && !m_splitter.undecided(line)) {
        MarkdownSplitter trial = m_splitter;
        trial.addLine(line, m_lineBegin, m_source.size());
        open = trial.open();
        for (const MarkdownBlock& done : trial.takeDone()) {
            if (done.end > m_lineBegin) {
                open = done;  // a heading of one line, still growing
                continue;
            }
            finishesBefore = true;
            if (!m_early) commit(done);
            m_early = done;
        }
    }
    if (m_early && !finishesBefore) {
        rebuild();
    } else if (open) {
        showTail(*open, Last::No);
    }
}

void MarkdownDocument::showTail(const MarkdownBlock& block, Last last) {
    const bool same = m_tail && m_tail->block.begin == block.begin && m_tail->block.kind == block.kind &&
                      m_tail->block.codeBegin == block.codeBegin;
    if (m_tail && !same) {
        // It turned out to be something else: a table, a heading, code in another language.
        m_writer.backTo(m_tail->mark);
        m_tail.reset();
    }
    if (!m_tail) m_tail = Tail{.block = block, .mark = m_writer.mark()};
    m_tail->block = block;
    if (block.kind == Kind::Code) {
        showCode(block, last);
        return;
    }
    qsizetype end = std::max(block.end, block.begin);
    while (end > block.begin && m_source[end - 1].isSpace()) --end;
    const bool whole = m_tail->rendered == m_tail->shown;
    if (!m_tail->fresh && end == m_tail->shown && (whole || last == Last::No)) return;
    const bool grownLittle = end - m_tail->rendered < (end - block.begin) / kGrowth && end >= m_tail->shown;
    if (last == Last::No && !m_tail->fresh && end - block.begin > kAlwaysRendered && grownLittle) {
        m_writer.writePlain(view(m_tail->shown, end), MarkdownWriter::Lines::Breaks);
        m_renderedCharacters += end - m_tail->shown;
        m_tail->shown = end;
        return;
    }
    if (!m_tail->fresh) m_writer.backTo(m_tail->mark);
    m_writer.write(block, view(block.begin, end));
    m_renderedCharacters += end - block.begin;
    m_tail->fresh = false;
    m_tail->rendered = m_tail->shown = end;
    tint();
}

// Complete lines are written once; `shown` is where the line that is not complete begins, `rendered` what is shown of it.
void MarkdownDocument::showCode(const MarkdownBlock& block, Last last) {
    Tail& tail = *m_tail;
    if (tail.fresh) {
        m_writer.beginCode(block.language);
        tail.shown = tail.rendered = block.codeBegin;
        tail.fresh = false;
    }
    while (tail.shown < block.codeEnd) {
        const qsizetype end = m_source.indexOf(u'\n', tail.shown);
        if (end < 0 || end >= block.codeEnd) break;
        m_writer.addCodeLine(withoutIndent(view(tail.shown, end), block.fenceIndent));
        m_renderedCharacters += end - tail.shown;
        tail.shown = tail.rendered = end + 1;
    }
    const bool uncoloured = last == Last::Yes && tail.shown < block.codeEnd;
    if (tail.rendered < block.codeEnd || uncoloured) {
        if (block.codeEnd - tail.shown <= kColouredLine || tail.rendered == tail.shown || last == Last::Yes) {
            m_writer.showCodeLine(withoutIndent(view(tail.shown, block.codeEnd), block.fenceIndent));
            m_renderedCharacters += block.codeEnd - tail.shown;
        } else {
            m_writer.extendCodeLine(view(tail.rendered, block.codeEnd));
            m_renderedCharacters += block.codeEnd - tail.rendered;
        }
        tail.rendered = block.codeEnd;
    }
    if (last == Last::Yes) {
        m_writer.endCode();
        tint();
    }
}

// ---- Words by probability

void MarkdownDocument::addTokens(const std::vector<TokenStretch>& stretches) {
    m_tokens.insert(m_tokens.end(), stretches.begin(), stretches.end());
}

void MarkdownDocument::clearTokens() {
    if (m_tokens.empty()) return;
    m_tokens.clear();
    rebuild();
}

void MarkdownDocument::tint() {
    if (m_tokens.empty()) return;
    const MarkdownBlock& block = m_tail->block;
    // The characters that came from the source, with their positions.
    QString rendered;
    std::vector<int> positions;
    for (QTextBlock at = findBlock(m_tail->mark.position); at.isValid(); at = at.next()) {
        for (auto piece = at.begin(); !piece.atEnd(); ++piece) {
            const QTextFragment fragment = piece.fragment();
            if (fragment.position() < m_tail->mark.position || fragment.charFormat().hasProperty(kNotSource)) continue;
            rendered += fragment.text();
            for (int i = 0; i < fragment.length(); ++i) positions.push_back(fragment.position() + i);
        }
    }
    const std::vector<qsizetype> places = alignToSource(rendered, view(block.begin, block.end));
    const std::array<QTextCharFormat::UnderlineStyle, 3> lines{QTextCharFormat::DotLine, QTextCharFormat::DashUnderline,
                                                               QTextCharFormat::WaveUnderline};
    auto token = std::lower_bound(m_tokens.begin(), m_tokens.end(), block.begin,
                                  [](const TokenStretch& stretch, qsizetype begin) { return stretch.end <= begin; });
    QTextCursor cursor(this);
    for (std::size_t i = 0; i < places.size() && token != m_tokens.end();) {
        const qsizetype place = places[i] < 0 ? -1 : places[i] + block.begin;
        if (place >= token->end) {
            ++token;
        } else if (place < token->begin) {
            ++i;
        } else {
            std::size_t next = i + 1;
            while (next < places.size() && positions[next] == positions[next - 1] + 1 && places[next] >= 0 &&
                   places[next] + block.begin < token->end)
                ++next;
            QTextCharFormat format;
            format.setProperty(kTokenIndex, token->index);
            if (token->level > 0) {
                const auto level = static_cast<std::size_t>(token->level - 1);
                format.setBackground(m_style.theme.tints[level]);
                format.setUnderlineStyle(lines[level]);
                format.setUnderlineColor(m_style.theme.mutedText);
            }
            cursor.setPosition(positions[i]);
            cursor.setPosition(positions[next - 1] + 1, QTextCursor::KeepAnchor);
            cursor.mergeCharFormat(format);
            i = next;
        }
    }
}

}  // namespace lapidary::gui
