#include "core/data/processor/messages_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/shared/base/file.h"
#include "core/shared/base/json.h"

namespace lapidary::processor {
namespace {

// base64 pictures lie inside, so more than text alone would need.
constexpr std::uint64_t kMaxMessagesBytes = std::uint64_t{64} << 20;

Error invalid(const std::string& where, const std::string& message) { return {ErrorCode::InvalidData, message, where}; }

class MessagesReader {
public:
    MessagesReader(std::filesystem::path folder, UnknownKeys unknown) : m_folder(std::move(folder)), m_unknown(unknown) {}

    Result<Conversation> read(const Json& list, const std::string& where) {
        if (!list.is_array()) return invalid(where, "expected a list of messages, found " + describeJson(list));
        for (std::size_t i = 0; i < list.size(); ++i)
            RETURN_IF_ERROR(readMessage(list[i], where + "[" + std::to_string(i) + "]"));
        return std::move(m_conversation);
    }

    Result<void> checkKeys(const Json& object, const std::vector<std::string>& known, const std::string& where) const {
        if (!object.is_object()) return invalid(where, "expected an object, found " + describeJson(object));
        return m_unknown == UnknownKeys::Refuse ? refuseUnknownKeys(object, known, where) : Result<void>{};
    }

private:
    Result<void> readMessage(const Json& message, const std::string& where) {
        RETURN_IF_ERROR(checkKeys(message, {"role", "content"}, where));
        ASSIGN_OR_RETURN(const auto role, findString(message, "role", where));
        if (!role || role->empty()) return invalid(where, "'role' is missing (\"user\", \"assistant\" or \"system\")");
        if (m_unknown == UnknownKeys::Refuse) RETURN_IF_ERROR(checkRole(*role, where));
        if (!message.contains("content")) return invalid(where, "'content' is missing");
        ASSIGN_OR_RETURN(auto content, readContent(message["content"], where + ".content"));
        m_conversation.messages.push_back({*role, std::move(content)});
        return {};
    }

    // The template prints any role as it came, so a slip would only show as an odd answer.
    static Result<void> checkRole(const std::string& role, const std::string& where) {
        const std::vector<std::string> known{"user", "assistant", "model", "system"};
        if (std::find(known.begin(), known.end(), role) != known.end()) return {};
        const std::string nearest = nearestKey(role, known);
        return invalid(where, "'role': expected \"user\", \"assistant\" (or \"model\") or \"system\", found \"" +
                                  clipText(role, 40) + "\"" + (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
    }

    Result<text::MessageContent> readContent(const Json& content, const std::string& where) {
        if (content.is_string()) return text::MessageContent(content.get<std::string>());
        if (content.is_object()) return invalid(where, "expected a string or a list of parts, found an object");
        if (!content.is_array()) return text::MessageContent();
        std::vector<text::ContentPart> parts;
        for (std::size_t i = 0; i < content.size(); ++i) {
            ASSIGN_OR_RETURN(auto part, readPart(content[i], where + "[" + std::to_string(i) + "]"));
            parts.push_back(std::move(part));
        }
        return text::MessageContent(std::move(parts));
    }

    Result<text::ContentPart> readPart(const Json& part, const std::string& where) {
        RETURN_IF_ERROR(checkKeys(part, {"type", "text", "path", "url", "base64"}, where));
        ASSIGN_OR_RETURN(const auto type, findString(part, "type", where));
        if (!type) return invalid(where, "'type' is missing (\"text\" or \"image\")");
        if (*type == "text") {
            RETURN_IF_ERROR(checkKeys(part, {"type", "text"}, where));
            ASSIGN_OR_RETURN(auto text, findString(part, "text", where));
            if (!text) return invalid(where, "'text' is missing");
            return text::ContentPart{text::ContentPart::Type::Text, std::move(*text), -1};
        }
        if (*type == "image") return readImage(part, where);
        if (m_unknown == UnknownKeys::Ignore) return text::ContentPart{text::ContentPart::Type::Other, {}, -1};
        return invalid(where, "'type': expected \"text\" or \"image\", found \"" + type->substr(0, 40) + "\"");
    }

    Result<text::ContentPart> readImage(const Json& part, const std::string& where) {
        RETURN_IF_ERROR(checkKeys(part, {"type", "path", "url", "base64"}, where));
        using Kind = image::ImageSource::Kind;
        std::optional<image::ImageSource> source;
        for (const auto& [key, kind] : {std::pair{"path", Kind::Path}, {"url", Kind::Url}, {"base64", Kind::Base64}}) {
            ASSIGN_OR_RETURN(auto value, findString(part, key, where));
            if (!value) continue;
            if (value->empty()) return invalid(where, std::string("'") + key + "' is empty");
            if (source) return invalid(where, "an image has one of 'path', 'url' and 'base64', found several");
            source = image::ImageSource{kind, std::move(*value)};
        }
        if (!source) return text::ContentPart{text::ContentPart::Type::Image, {}, -1};
        if (source->kind == Kind::Path && !m_folder.empty()) source->value = (m_folder / source->value).string();
        m_conversation.images.push_back(std::move(*source));
        return text::ContentPart{
            text::ContentPart::Type::Image, {}, static_cast<std::int64_t>(m_conversation.images.size()) - 1};
    }

    std::filesystem::path m_folder;
    UnknownKeys m_unknown;
    Conversation m_conversation;
};

Result<BatchEntry> parseBatchLine(const Json& request, const std::filesystem::path& folder) {
    BatchEntry entry;
    MessagesReader reader(folder, UnknownKeys::Refuse);
    RETURN_IF_ERROR(reader.checkKeys(request, {"prompt", "messages"}, ""));
    ASSIGN_OR_RETURN(entry.prompt, findString(request, "prompt", ""));
    const bool hasMessages = request.contains("messages");
    if (entry.prompt.has_value() == hasMessages) return invalid("", "expected one of 'prompt' and 'messages'");
    if (hasMessages) {
        ASSIGN_OR_RETURN(entry.conversation, reader.read(request["messages"], "messages"));
    }
    return entry;
}

}  // namespace

Result<Conversation> parseMessages(const Json& root, const std::filesystem::path& folder, UnknownKeys unknown) {
    MessagesReader reader(folder, unknown);
    if (!root.is_object()) return reader.read(root, "messages");
    RETURN_IF_ERROR(reader.checkKeys(root, {"messages"}, ""));
    if (!root.contains("messages")) return invalid("", "'messages' is missing");
    return reader.read(root["messages"], "messages");
}

Result<Conversation> parseMessagesText(std::string_view json, const std::string& source, const std::filesystem::path& folder) {
    ASSIGN_OR_RETURN(const Json root, parseJson(json, source));
    auto conversation = parseMessages(root, folder);
    if (!conversation) return conversation.error().within(source);
    return conversation;
}

Result<Conversation> readMessagesFile(const std::filesystem::path& path) {
    ASSIGN_OR_RETURN(const std::string bytes, readFile(path, kMaxMessagesBytes));
    return parseMessagesText(bytes, path.string(), path.parent_path());
}

Result<std::vector<BatchEntry>> parseBatch(std::string_view jsonLines, const std::string& source,
                                           const std::filesystem::path& folder) {
    if (jsonLines.starts_with("\xEF\xBB\xBF")) jsonLines.remove_prefix(3);
    std::vector<BatchEntry> entries;
    for (std::size_t line = 1; !jsonLines.empty(); ++line) {
        const std::size_t end = std::min(jsonLines.find('\n'), jsonLines.size());
        const std::string_view text = jsonLines.substr(0, end);
        jsonLines.remove_prefix(std::min(end + 1, jsonLines.size()));
        if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        const std::string where = source + ", line " + std::to_string(line);
        ASSIGN_OR_RETURN(const Json request, parseJson(text, where));
        auto entry = parseBatchLine(request, folder);
        if (!entry) return entry.error().within(where);
        entry->line = line;
        entries.push_back(std::move(*entry));
    }
    if (entries.empty()) return invalid(source, "no request in the file");
    return entries;
}

Result<std::vector<BatchEntry>> readBatchFile(const std::filesystem::path& path) {
    ASSIGN_OR_RETURN(const std::string bytes, readFile(path, kMaxMessagesBytes));
    return parseBatch(bytes, path.string(), path.parent_path());
}

}  // namespace lapidary::processor
