#include "gui/history/conversation_import.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QMap>
#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "gui/chat/message_json.h"
#include "gui/history/conversation_export.h"
#include "gui/history/history_text.h"

namespace lapidary::gui {
namespace {

constexpr qsizetype kMostTitle = 10000;
constexpr std::size_t kMostMessages = 200000;

Error wrong(const QString& sentence) { return failure(ErrorCode::InvalidData, sentence); }

Result<QJsonObject> readDocument(const QString& path) {
    const QFileInfo info(path);
    if (!info.isFile()) return failure(ErrorCode::NotFound, HistoryText::tr("There is no file “%1”.").arg(path));
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return failure(ErrorCode::Io, HistoryText::tr("“%1” cannot be read (%2).").arg(path, file.errorString()));
    if (file.size() > kMostExportBytes) {
        return failure(ErrorCode::InvalidFile,
                       HistoryText::tr("“%1” is larger than %2 MiB, the most that a conversation may have.")
                           .arg(path, QString::number(kMostExportBytes >> 20)));
    }
    QJsonParseError parse;
    const QJsonDocument document = QJsonDocument::fromJson(file.read(kMostExportBytes), &parse);
    if (parse.error != QJsonParseError::NoError) {
        return failure(
            ErrorCode::InvalidFile,
            HistoryText::tr("“%1” is no JSON (%2, at byte %3).").arg(path, parse.errorString(), QString::number(parse.offset)));
    }
    if (!document.isObject()) return failure(ErrorCode::InvalidFile, HistoryText::tr("“%1” holds no conversation.").arg(path));
    return document.object();
}

Result<void> checkKind(const QJsonObject& json) {
    if (json.value(QLatin1String("format")) != QJsonValue(QStringLiteral("lapidary-conversation")))
        return wrong(HistoryText::tr("The file is no conversation that this program exported."));
    const QJsonValue version = json.value(QLatin1String("version"));
    if (!version.isDouble() || version.toInteger(0) < 1)
        return wrong(HistoryText::tr("“version”: a whole number is expected here."));
    if (version.toInteger(0) > kExportVersion) {
        return failure(ErrorCode::Unsupported, HistoryText::tr("The file was exported by a newer version of this program."));
    }
    return {};
}

Result<std::vector<Message>> readMessages(const QJsonArray& json) {
    if (static_cast<std::size_t>(json.size()) > kMostMessages)
        return wrong(HistoryText::tr("“messages”: there are too many of them."));
    std::vector<Message> messages;
    std::set<std::int64_t> ids;
    for (qsizetype i = 0; i < json.size(); ++i) {
        const QString place = QStringLiteral("messages[%1]").arg(i);
        if (!json.at(i).isObject()) return wrong(HistoryText::tr("“%1”: an object is expected here.").arg(place));
        ASSIGN_OR_RETURN(Message message, messageFromJson(json.at(i).toObject(), place));
        if (!ids.insert(message.id).second)
            return wrong(HistoryText::tr("“%1.id”: %2 stands here for the second time.").arg(place).arg(message.id));
        if (message.state == Message::State::Streaming) message.state = Message::State::Interrupted;
        messages.push_back(std::move(message));
    }
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (messages[i].parent != 0 && ids.count(messages[i].parent) == 0)
            return wrong(HistoryText::tr("“messages[%1].parent”: there is no message %2.").arg(i).arg(messages[i].parent));
    }
    std::sort(messages.begin(), messages.end(), [](const Message& a, const Message& b) { return a.id < b.id; });
    return messages;
}

Result<ConversationData> readConversation(const QJsonObject& json) {
    ConversationData data;
    QString problem;
    JsonFields fields(json, {}, problem);
    fields.require({"messages", "settings"});
    fields.text("title", data.info.title, kMostTitle);
    fields.integer("created", data.info.createdMs, 0);
    fields.text("model", data.info.model, kMostTitle);
    fields.integer("leaf", data.leaf, 0);
    for (const char* list : {"settings", "pictures"}) fields.within(list, [](JsonFields&) {});
    if (problem.isEmpty() && !json.value(QLatin1String("messages")).isArray())
        fields.refuse("messages", HistoryText::tr("A list is expected here."));
    if (!problem.isEmpty()) return wrong(problem);
    ASSIGN_OR_RETURN(data.settings,
                     settingsFromJson(json.value(QLatin1String("settings")).toObject(), QStringLiteral("settings")));
    ASSIGN_OR_RETURN(data.messages, readMessages(json.value(QLatin1String("messages")).toArray()));
    const bool there =
        std::any_of(data.messages.begin(), data.messages.end(), [&](const Message& one) { return one.id == data.leaf; });
    if (data.leaf != 0 && !there) return wrong(HistoryText::tr("“leaf”: there is no message %1.").arg(data.leaf));
    return data;
}

// The bytes of a picture, if they come along and are what their name says.
Result<std::optional<QByteArray>> pictureBytes(const QJsonObject& pictures, const QString& sha256) {
    if (!pictures.contains(sha256)) return std::optional<QByteArray>();
    const QString place = QStringLiteral("pictures.%1.base64").arg(sha256);
    const QJsonValue text = pictures.value(sha256).toObject().value(QLatin1String("base64"));
    if (!text.isString()) return wrong(HistoryText::tr("“%1”: a text is expected here.").arg(place));
    const auto decoded = QByteArray::fromBase64Encoding(text.toString().toLatin1(), QByteArray::AbortOnBase64DecodingErrors);
    if (decoded.decodingStatus != QByteArray::Base64DecodingStatus::Ok)
        return wrong(HistoryText::tr("“%1”: this is no base64.").arg(place));
    if (decoded.decoded.size() > PictureStore::kMostBytes)
        return wrong(HistoryText::tr("“%1”: the picture is too large.").arg(place));
    if (sha256Of(decoded.decoded) != sha256)
        return wrong(HistoryText::tr("“%1”: these are not the bytes of that picture.").arg(place));
    return std::optional<QByteArray>(decoded.decoded);
}

QSet<QString> picturesOf(const ConversationData& data) {
    QSet<QString> found;
    for (const Message& message : data.messages) {
        for (const Picture& picture : message.pictures()) {
            if (!picture.sha256.isEmpty()) found.insert(picture.sha256);
        }
    }
    return found;
}

}  // namespace

Result<ConversationData> importConversation(const QString& path, const PictureStore& pictures, const std::stop_token& stop) {
    ASSIGN_OR_RETURN(const QJsonObject json, readDocument(path));
    RETURN_IF_ERROR(checkKind(json));
    ASSIGN_OR_RETURN(ConversationData data, readConversation(json));
    const QJsonObject bundled = json.value(QLatin1String("pictures")).toObject();
    const QSet<QString> named = picturesOf(data);
    // All are checked before the first is kept; decoding twice costs less than holding all of them.
    for (const QString& sha256 : named) {
        RETURN_IF_ERROR(pictureBytes(bundled, sha256));
        if (stop.stop_requested())
            return failure(ErrorCode::Cancelled, HistoryText::tr("The import of “%1” was stopped.").arg(path));
    }
    QMap<QString, QString> paths;
    for (const QString& sha256 : named) {
        ASSIGN_OR_RETURN(const auto bytes, pictureBytes(bundled, sha256));
        if (!bytes) continue;
        ASSIGN_OR_RETURN(const StoredPicture stored, pictures.import(*bytes));
        paths.insert(sha256, stored.path);
    }
    for (Message& message : data.messages) {
        for (MessagePart& part : message.parts) {
            if (part.picture) part.picture->path = paths.value(part.picture->sha256);
        }
    }
    return data;
}

}  // namespace lapidary::gui
