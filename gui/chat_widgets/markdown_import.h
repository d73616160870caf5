// What is inside of a Markdown block (emphasis, links, tables, headings), read by Qt's importer (md4c).  Nothing is ever loaded: images
// become their alternative text, HTML stays text.
#pragma once

#include <QTextDocument>
#include <QTextFragment>
#include <QUrl>
#include <memory>

#include "gui/chat_widgets/markdown_splitter.h"

namespace lapidary::gui {

// A document that reads nothing but what it is told.
class SealedDocument : public QTextDocument {
    Q_OBJECT

public:
    explicit SealedDocument(QObject* parent = nullptr) : QTextDocument(parent) { setUndoRedoEnabled(false); }

protected:
    QVariant loadResource(int type, const QUrl& name) override;
};

// GitHub's dialect.  Every line end of a paragraph stays one, as a block of its own: people who chat see the lines that were written.
[[nodiscard]] std::unique_ptr<SealedDocument> importMarkdown(MarkdownBlock::Kind kind, QStringView source);

// Of what was imported.
[[nodiscard]] QString textOf(const QTextFragment& fragment);
[[nodiscard]] bool isCode(const QTextCharFormat& format);
// Addresses of the web and of mail alone.
[[nodiscard]] bool mayBeOpened(const QUrl& url);

// Lists and quotes within each other; deeper ones are shown as they are written.
inline constexpr int kMaxMarkdownDepth = 12;

// A list item's mark as it is shown: a dot, a number, or the box of a task, which is taken off `content`.
[[nodiscard]] QString itemMarker(const MarkdownBlock& block, QString& content);

}  // namespace lapidary::gui
