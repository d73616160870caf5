// Messages of a vector file as the chat template takes them.
#pragma once

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "core/data/text/chat_template.h"

namespace lapidary::test {

inline text::MessageContent contentOf(const nlohmann::json& content) {
    if (content.is_string()) return content.get<std::string>();
    if (!content.is_array()) return {};
    std::vector<text::ContentPart> parts;
    for (const nlohmann::json& item : content) {
        const auto type = item["type"].get<std::string>();
        using Type = text::ContentPart::Type;
        parts.push_back({type == "text"    ? Type::Text
                         : type == "image" ? Type::Image
                                           : Type::Other,
                         item.value("text", ""), -1});
    }
    return parts;
}

inline std::vector<text::Message> messagesOf(const nlohmann::json& list) {
    std::vector<text::Message> messages;
    for (const nlohmann::json& message : list)
        messages.push_back({message["role"].get<std::string>(), contentOf(message["content"])});
    return messages;
}

}  // namespace lapidary::test
