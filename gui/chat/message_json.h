// Messages and settings as JSON: in the history's columns and in exports.  Read strictly, since an export may come from a stranger.
#pragma once

#include <QJsonArray>
#include <QJsonObject>
#include <QString>
#include <vector>

#include "core/shared/base/result.h"
#include "gui/chat/json_fields.h"
#include "gui/chat/message.h"

namespace lapidary::gui {

[[nodiscard]] QJsonObject toJson(const Message& message);
[[nodiscard]] QJsonObject toJson(const ConversationSettings& settings);
[[nodiscard]] QJsonArray partsToJson(const std::vector<MessagePart>& parts);
[[nodiscard]] QJsonArray tokensToJson(const std::vector<AnswerToken>& tokens);

// InvalidData with the place of what is wrong, seen from `place` (of the object in its document).  Unknown fields are ignored.
Result<Message> messageFromJson(const QJsonObject& json, const QString& place = {});
Result<ConversationSettings> settingsFromJson(const QJsonObject& json, const QString& place = {});
Result<std::vector<MessagePart>> partsFromJson(const QJsonArray& json, const QString& place = {});
Result<std::vector<AnswerToken>> tokensFromJson(const QJsonArray& json, const QString& place = {});

}  // namespace lapidary::gui
