#include "gui/chat_widgets/markdown_import.h"

#include <QFontDatabase>
#include <QStringList>
#include <QTextCharFormat>

namespace lapidary::gui {
namespace {

// md4c's flags, as Qt passes them on: GitHub's dialect without _underline_ and with HTML as text.
constexpr int kImporterFlags = 0x0004 | 0x0008 | 0x0400    // links that are written as addresses
                               | 0x0100                    // tables
                               | 0x0200                    // ~~strikethrough~~
                               | 0x0020 | 0x0040;          // no HTML blocks, no HTML spans

QString withHardBreaks(QStringView paragraph) {
    QStringList lines;
    for (const QStringView line : paragraph.split(u'\n')) {
        QStringView text = line.trimmed();
        if (text.endsWith(u'\\') && !text.endsWith(u"\\\\")) text.chop(1);
        if (!text.isEmpty()) lines.append(text.toString());
    }
    return lines.join(QLatin1String("  \n"));
}

}  // namespace

QVariant SealedDocument::loadResource(int, const QUrl&) { return {}; }

std::unique_ptr<SealedDocument> importMarkdown(MarkdownBlock::Kind kind, QStringView source) {
    auto imported = std::make_unique<SealedDocument>();
    const QString text = kind == MarkdownBlock::Kind::Paragraph ? withHardBreaks(source) : source.toString();
    imported->setMarkdown(text, QTextDocument::MarkdownFeatures(kImporterFlags));
    return imported;
}

QString textOf(const QTextFragment& fragment) {
    const QTextCharFormat format = fragment.charFormat();
    if (format.isImageFormat()) {
        const QString text = format.stringProperty(QTextFormat::ImageAltText);
        return text.isEmpty() ? format.stringProperty(QTextFormat::ImageTitle) : text;
    }
    const QString text = fragment.text();
    return text == QString(QChar::ObjectReplacementCharacter) ? QString() : text;
}

bool isCode(const QTextCharFormat& format) {
    if (format.fontFixedPitch()) return true;
    static const QStringList kFamilies = QFontDatabase::systemFont(QFontDatabase::FixedFont).families();
    return format.hasProperty(QTextFormat::FontFamilies) && format.fontFamilies().toStringList() == kFamilies;
}

bool mayBeOpened(const QUrl& url) {
    const QString scheme = url.scheme().toLower();
    return scheme == QLatin1String("https") || scheme == QLatin1String("http") || scheme == QLatin1String("mailto");
}

QString itemMarker(const MarkdownBlock& block, QString& content) {
    if (content.startsWith(QLatin1String("[ ] "))) {
        content.remove(0, 4);
        return QStringLiteral("☐");
    }
    if (content.startsWith(QLatin1String("[x] "), Qt::CaseInsensitive)) {
        content.remove(0, 4);
        return QStringLiteral("☑");
    }
    return block.number < 0 ? QStringLiteral("•") : QString::number(block.number) + block.mark;
}

}  // namespace lapidary::gui
