// An answer's Markdown as a QTextDocument, while it streams.  What is finished stays as it is; only the last block is written again when
// text arrives, and a long last block not each time, so that the work grows with the length and not with its square.
// Lives on the main thread.
#pragma once

#include <QString>
#include <cstdint>
#include <optional>
#include <vector>

#include "gui/chat_widgets/markdown_splitter.h"
#include "gui/chat_widgets/markdown_writer.h"
#include "gui/chat_widgets/probability_tint.h"

namespace lapidary::gui {

class MarkdownDocument final : public SealedDocument {
    Q_OBJECT

public:
    enum class Format : std::uint8_t { Markdown, Plain };

    explicit MarkdownDocument(Format format, QObject* parent = nullptr);

    [[nodiscard]] const QString& source() const { return m_source; }
    [[nodiscard]] const std::vector<CodeRegion>& codeRegions() const { return m_writer.regions(); }
    [[nodiscard]] QString codeOf(const CodeRegion& region) const;
    // Characters of the source that were rendered, those that were rendered twice counted twice.
    [[nodiscard]] std::int64_t renderedCharacters() const { return m_renderedCharacters; }
    // The answer's token at a position of the document; -1: none.
    [[nodiscard]] int tokenAt(int position) const;

    // Another look: everything is written again.
    void setStyle(const MarkdownStyle& style);
    void append(const QString& text);
    // No more will come: what was held back is shown.
    void finish();
    void reset();
    // Tokens to tint, in addition to those before; of the same text as the source.
    void addTokens(const std::vector<TokenStretch>& stretches);
    void clearTokens();

private:
    void rebuild();
    void advance();
    void showOpen();
    void commit(const MarkdownBlock& block);
    // What is shown of the block that is not finished.
    struct Tail {
        MarkdownBlock block;
        MarkdownWriter::Mark mark;
        qsizetype shown = 0;  // source up to here is shown
        qsizetype rendered = 0;  // and up to here as Markdown; behind it as it is
        bool fresh = true;
    };
    enum class Last : std::uint8_t { No, Yes };
    void showTail(const MarkdownBlock& block, Last last);
    void showCode(const MarkdownBlock& block, Last last);
    void tint();
    [[nodiscard]] QStringView view(qsizetype begin, qsizetype end) const {
        return QStringView(m_source).mid(begin, end - begin);
    }

    Format m_format;
    MarkdownWriter m_writer;
    MarkdownStyle m_style;
    QString m_source;
    bool m_finished = false;
    MarkdownSplitter m_splitter;
    qsizetype m_lineBegin = 0;  // of the line that is not complete
    qsizetype m_searched = 0;  // no line end between the two
    std::optional<MarkdownBlock> m_early;  // finished by the line that is not complete
    std::optional<Tail> m_tail;
    std::vector<TokenStretch> m_tokens;
    std::int64_t m_renderedCharacters = 0;
};

}  // namespace lapidary::gui
