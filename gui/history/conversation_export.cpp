#include "gui/history/conversation_export.h"

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QLocale>
#include <QMap>
#include <QSaveFile>
#include <utility>

#include "gui/chat/conversation.h"
#include "gui/chat/message_json.h"
#include "gui/history/history_text.h"
#include "gui/history/picture_store.h"

namespace lapidary::gui {
namespace {

constexpr qint64 kBlock = qint64{3} << 18;  // of three bytes, so that base64 of blocks is base64 of the whole

Error cannotWrite(const QString& path, const QString& why) {
    return failure(ErrorCode::Io, HistoryText::tr("“%1” cannot be written (%2).").arg(path, why));
}

// Text of the file; write errors are kept by the file and told at the end.
class Writer {
public:
    Writer(QSaveFile& file, const std::stop_token& stop) : m_file(file), m_stop(stop) {}

    void text(const QString& text) { m_file.write(text.toUtf8()); }
    void bytes(const QByteArray& bytes) { m_file.write(bytes); }
    // False: the picture's file is not there any more.
    bool base64(const QString& path) {
        QFile picture(path);
        if (path.isEmpty() || !picture.open(QIODevice::ReadOnly)) return false;
        while (!picture.atEnd() && !m_stop.stop_requested()) m_file.write(picture.read(kBlock).toBase64());
        return true;
    }
    [[nodiscard]] bool stopped() const { return m_stop.stop_requested(); }

private:
    QSaveFile& m_file;
    const std::stop_token& m_stop;
};

QString oneLine(const QString& text) { return text.simplified(); }

QString titleOf(const ConversationData& data) {
    return data.info.title.isEmpty() ? HistoryText::tr("Conversation") : oneLine(data.info.title);
}

QString hourOf(std::int64_t sinceEpochMs) {
    return QLocale().toString(QDateTime::fromMSecsSinceEpoch(sinceEpochMs), QLocale::ShortFormat);
}

// What became of an answer that did not end by itself.
QString fateOf(const Message& message) {
    if (message.state == Message::State::Failed) return HistoryText::tr("This answer failed.  %1").arg(message.error);
    if (message.state == Message::State::Complete) return {};
    return HistoryText::tr("This answer was interrupted.");
}

// ---- Markdown ----

QString pictureFolderOf(const QString& path) { return path + QStringLiteral("_pictures"); }

Result<QString> copyForMarkdown(const Picture& picture, const QString& path) {
    QFile source(picture.path);
    if (picture.path.isEmpty() || !source.open(QIODevice::ReadOnly)) return QString();
    const QString folder = pictureFolderOf(path);
    const QString name = QFileInfo(picture.path).fileName();
    if (!QDir().mkpath(folder)) return cannotWrite(folder, HistoryText::tr("the folder cannot be made"));
    QSaveFile copy(QDir(folder).filePath(name));
    if (!copy.open(QIODevice::WriteOnly)) return cannotWrite(copy.fileName(), copy.errorString());
    while (!source.atEnd()) copy.write(source.read(kBlock));
    if (!copy.commit()) return cannotWrite(copy.fileName(), copy.errorString());
    return QFileInfo(folder).fileName() + QLatin1Char('/') + name;
}

Result<QString> markdownPicture(const Picture& picture, const QString& path) {
    QString name = oneLine(picture.name);
    name.remove(QLatin1Char('[')).remove(QLatin1Char(']')).remove(QLatin1Char('\\'));
    ASSIGN_OR_RETURN(const QString copy, copyForMarkdown(picture, path));
    if (copy.isEmpty()) return HistoryText::tr("(The picture “%1” is not there any more.)").arg(name);
    return QStringLiteral("![%1](<%2>)").arg(name, copy);
}

Result<void> writeMarkdown(const ConversationData& data, const Conversation& shown, const QString& path, Writer& out) {
    out.text(QStringLiteral("# %1\n\n").arg(titleOf(data)));
    if (!data.settings.systemPrompt.isEmpty())
        out.text(QStringLiteral("## %1\n\n%2\n\n").arg(HistoryText::tr("System prompt"), data.settings.systemPrompt));
    for (int row = 0; row < shown.size() && !out.stopped(); ++row) {
        const Message& message = shown.at(row);
        out.text(QStringLiteral("## %1\n\n*%2*\n\n").arg(oneLine(speakerOf(message)), hourOf(message.createdMs)));
        for (const MessagePart& part : message.parts) {
            QString text = part.text;
            if (part.picture) {
                ASSIGN_OR_RETURN(text, markdownPicture(*part.picture, path));
            }
            out.text(text + QStringLiteral("\n\n"));
        }
        if (const QString fate = fateOf(message); !fate.isEmpty()) out.text(QStringLiteral("*%1*\n\n").arg(oneLine(fate)));
    }
    return {};
}

// ---- HTML ----

// No script runs and nothing is fetched, whatever a message says: every text is escaped, and the policy forbids the rest.
constexpr const char* kHtmlHead = R"(<!DOCTYPE html>
<html lang="%1"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>%2</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1rem; margin: 2rem 0 0; }
.hour, .fate { font-size: 0.875rem; opacity: 0.75; margin: 0; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.5rem 0; }
.answer { overflow-wrap: anywhere; margin: 0.5rem 0; }
.answer p { margin: 0.5rem 0; }
.answer li > p { margin: 0.25rem 0; }
.answer li.task { list-style: none; }
.answer li.task::before { content: attr(data-box) " "; float: left; margin-left: -1.25rem; }
h3, h4, h5, h6 { margin: 1rem 0 0.5rem; font-size: 1rem; }
h3 { font-size: 1.3rem; }
h4 { font-size: 1.15rem; }
pre { border: 1px solid rgba(128, 128, 128, 0.5); border-radius: 6px; padding: 0.75rem; overflow-x: auto; }
code { font-family: ui-monospace, monospace; font-size: 0.9em; }
:not(pre) > code { background: rgba(128, 128, 128, 0.15); padding: 0 0.2em; }
table { border-collapse: collapse; margin: 0.5rem 0; display: block; overflow-x: auto; overflow-wrap: break-word; }
th, td { border: 1px solid rgba(128, 128, 128, 0.5); padding: 0.25rem 0.5rem; text-align: start; }
blockquote { border-inline-start: 3px solid rgba(128, 128, 128, 0.5); margin: 0.5rem 0; padding-inline-start: 1rem; }
hr { border: 0; border-top: 1px solid; opacity: 0.25; }
.k { color: #7a1fa2; } .s { color: #0b6e4f; } .c { color: #5c6370; } .n { color: #a14400; }
@media (prefers-color-scheme: dark) {
.k { color: #d6a3f5; } .s { color: #7fd6b0; } .c { color: #a0a6b2; } .n { color: #f0b183; }
}
img { max-width: 100%; height: auto; }
</style></head><body>
<h1 dir="auto">%2</h1>
)";

QString escaped(const QString& text) { return text.toHtmlEscaped(); }

// Raster pictures alone: an SVG may hold more than a picture.
QString mimeOf(const QString& path) {
    QFile file(path);
    if (path.isEmpty() || !file.open(QIODevice::ReadOnly)) return {};
    const QString extension = pictureExtension(file.read(16));
    if (extension == QLatin1String("bin")) return {};
    return QStringLiteral("image/") + (extension == QLatin1String("jpg")   ? QStringLiteral("jpeg")
                                       : extension == QLatin1String("tif") ? QStringLiteral("tiff")
                                                                           : extension);
}

void writeHtmlPicture(const Picture& picture, Writer& out) {
    const QString mime = mimeOf(picture.path);
    if (mime.isEmpty()) {
        const QString sentence =
            HistoryText::tr("(The picture “%1” is not there any more, or is of a kind that is not shown.)");
        out.text(QStringLiteral("<p dir=\"auto\">%1</p>\n").arg(escaped(sentence.arg(picture.name))));
        return;
    }
    out.text(QStringLiteral("<p><img alt=\"%1\" src=\"data:").arg(escaped(picture.name)) + mime + QStringLiteral(";base64,"));
    out.base64(picture.path);
    out.text(QStringLiteral("\"></p>\n"));
}

void writeHtmlText(const char* kind, const QString& text, Writer& out) {
    if (text.isEmpty()) return;
    out.text(QStringLiteral("<div class=\"") + QLatin1String(kind) + QStringLiteral("\" dir=\"auto\">") + escaped(text) +
             QStringLiteral("</div>\n"));
}

void writeHtml(const ConversationData& data, const Conversation& shown, const MarkdownHtml& html, Writer& out) {
    QString head = QString::fromLatin1(kHtmlHead);
    head.replace(QStringLiteral("%1"), escaped(QLocale().bcp47Name()));
    head.replace(QStringLiteral("%2"), escaped(titleOf(data)));
    out.text(head);
    const auto heading = [&](const QString& text) {
        out.text(QStringLiteral("<h2 dir=\"auto\">") + escaped(text) + QStringLiteral("</h2>\n"));
    };
    if (!data.settings.systemPrompt.isEmpty()) {
        heading(HistoryText::tr("System prompt"));
        writeHtmlText("text", data.settings.systemPrompt, out);
    }
    for (int row = 0; row < shown.size() && !out.stopped(); ++row) {
        const Message& message = shown.at(row);
        heading(speakerOf(message));
        writeHtmlText("hour", hourOf(message.createdMs), out);
        for (const MessagePart& part : message.parts) {
            if (part.picture) {
                writeHtmlPicture(*part.picture, out);
            } else if (html && message.role == Role::Assistant) {
                out.text(QStringLiteral("<div class=\"answer\">\n") + html(part.text) + QStringLiteral("</div>\n"));
            } else {
                writeHtmlText("text", part.text, out);
            }
        }
        writeHtmlText("fate", fateOf(message), out);
    }
    out.text(QStringLiteral("</body></html>\n"));
}

// ---- JSON ----

// Where each picture of the store lies now; messages name them by their hash alone.
QMap<QString, QString> takePicturePaths(std::vector<Message>& messages) {
    QMap<QString, QString> paths;
    for (Message& message : messages) {
        for (MessagePart& part : message.parts) {
            if (!part.picture) continue;
            if (!part.picture->sha256.isEmpty()) paths.insert(part.picture->sha256, part.picture->path);
            part.picture->path.clear();
        }
    }
    return paths;
}

Result<void> writeJson(const ConversationData& data, Writer& out) {
    std::vector<Message> messages = data.messages;
    const QMap<QString, QString> pictures = takePicturePaths(messages);
    QJsonArray list;
    for (const Message& message : messages) list.append(toJson(message));
    const QJsonObject json{{QStringLiteral("format"), QStringLiteral("lapidary-conversation")},
                           {QStringLiteral("version"), kExportVersion},
                           {QStringLiteral("title"), data.info.title},
                           {QStringLiteral("created"), qint64{data.info.createdMs}},
                           {QStringLiteral("model"), data.info.model},
                           {QStringLiteral("settings"), toJson(data.settings)},
                           {QStringLiteral("leaf"), qint64{data.leaf}},
                           {QStringLiteral("messages"), list}};
    QByteArray head = QJsonDocument(json).toJson(QJsonDocument::Compact);
    qint64 size = head.size();
    for (const QString& path : pictures) size += QFileInfo(path).size() / 3 * 4 + 128;
    if (size > kMostExportBytes) {
        return failure(ErrorCode::InvalidData,
                       HistoryText::tr("With its pictures the conversation would take %1 MiB as JSON, of which at most "
                                       "%2 can be read back.  Export it as HTML.")
                           .arg(size >> 20)
                           .arg(kMostExportBytes >> 20));
    }
    head.chop(1);  // the last brace: pictures follow, a block at a time
    out.bytes(head + ",\"pictures\":{");
    QByteArray comma;
    for (auto picture = pictures.begin(); picture != pictures.end() && !out.stopped(); ++picture) {
        if (!QFileInfo(picture.value()).isFile()) continue;  // named by its message; its bytes are gone
        out.bytes(comma + '"' + picture.key().toLatin1() + "\":{\"base64\":\"");
        if (!out.base64(picture.value())) {
            return failure(ErrorCode::Io, HistoryText::tr("The picture “%1” cannot be read.").arg(picture.value()));
        }
        out.bytes("\"}");
        comma = ",";
    }
    out.bytes("}}\n");
    return {};
}

}  // namespace

Result<void> exportConversation(const ConversationData& data, ExportFormat format, const QString& path,
                                const std::stop_token& stop, const MarkdownHtml& html) {
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly)) return cannotWrite(path, file.errorString());
    Conversation shown;
    shown.restore(data.messages, data.leaf);
    Writer out(file, stop);
    switch (format) {
        case ExportFormat::Markdown: RETURN_IF_ERROR(writeMarkdown(data, shown, path, out)); break;
        case ExportFormat::Html: writeHtml(data, shown, html, out); break;
        case ExportFormat::Json: RETURN_IF_ERROR(writeJson(data, out)); break;
    }
    if (stop.stop_requested())
        return failure(ErrorCode::Cancelled, HistoryText::tr("The export to “%1” was stopped.").arg(path));
    if (!file.commit()) return cannotWrite(path, file.errorString());
    return {};
}

}  // namespace lapidary::gui
