#include "core/data/dataset/record.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>

namespace lapidary::dataset {
namespace {

using text::ContentPart;

constexpr std::string_view kMarker = "<image>";
constexpr std::array<const char*, 6> kPictureKeys{"path", "url", "base64", "bytes", "image", "image_url"};

Error badRecord(const std::string& message) { return {ErrorCode::InvalidData, message, ""}; }

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

// LLaVA, ShareGPT and others → the names of transformers.
std::string normalRole(const std::string& role) {
    std::string name = lower(role);
    if (name == "human" || name == "user") return "user";
    if (name == "gpt" || name == "assistant" || name == "model" || name == "bot" || name == "chatgpt") return "assistant";
    return name;
}

class RowMapper {
public:
    RowMapper(const Json& row, const MappingOptions& options) : m_row(row), m_options(options) {}

    Result<MappedRow> map() {
        if (!m_row.is_object()) return badRecord("expected an object with columns, found " + describeJson(m_row));
        nameColumns();
        readId();
        RETURN_IF_ERROR(readPictures());
        if (const Json* messages = cell("messages")) {
            RETURN_IF_ERROR(readMessages(*messages));
        } else {
            RETURN_IF_ERROR(readQuestionAndAnswer());
        }
        placePictures();
        return std::move(m_mapped);
    }

private:
    // Which column serves as what: the caller's word first, then the first known name of each meaning.
    void nameColumns() {
        std::map<std::string, std::string> byLowerName;
        for (const auto& [name, value] : m_row.items()) {
            m_mapped.columns[name] = "unused";
            byLowerName.emplace(lower(name), name);
        }
        for (const auto& [name, meaning] : m_options.columns) use(name, meaning);
        for (const char* meaning : {"messages", "prompt", "answer", "system", "image", "id", "caption", "input"}) {
            for (const std::string& known : columnNamesOf(meaning)) {
                const auto found = byLowerName.find(known);
                if (found == byLowerName.end() || m_mapped.columns[found->second] != "unused") continue;
                if (!fits(meaning, known, m_row[found->second])) continue;
                const bool several = meaning == std::string_view("image");  // "image" and "images" may stand side by side
                if (!several && m_columns.contains(meaning)) break;
                use(found->second, meaning);
            }
        }
    }

    // A column that is null in this row says nothing; an image_id is a picture only where it holds one (MedPix).
    static bool fits(std::string_view meaning, const std::string& name, const Json& value) {
        if (value.is_null()) return false;
        if (meaning == "image" && name == "image_id") return value.is_object() || value.is_binary();
        if (meaning == "messages")
            return value.is_array() || (value.is_string() && value.get_ref<const std::string&>().starts_with('['));
        if (meaning == "answer" || meaning == "prompt" || meaning == "caption" || meaning == "system")
            return !value.is_array() && !value.is_object() && !value.is_binary();
        return true;
    }

    void use(const std::string& column, const std::string& meaning) {
        if (!m_row.contains(column)) return;
        m_mapped.columns[column] = meaning;
        m_columns[meaning].push_back(column);
    }

    [[nodiscard]] const Json* cell(const std::string& meaning) const {
        const auto found = m_columns.find(meaning);
        return found == m_columns.end() ? nullptr : &m_row[found->second.front()];
    }
    [[nodiscard]] std::string columnOf(const std::string& meaning) const { return m_columns.at(meaning).front(); }

    // Numbers and truth values of tables are texts here ("7").
    [[nodiscard]] Result<std::string> textOf(const std::string& meaning) const {
        const Json& value = *cell(meaning);
        if (value.is_string()) return value.get<std::string>();
        if (value.is_number() || value.is_boolean()) return value.dump();
        return badRecord("column '" + columnOf(meaning) + "': expected a text, found " + describeJson(value));
    }

    void readId() {
        const Json* id = cell("id");
        if (id == nullptr) return;
        if (id->is_string()) m_mapped.record.id = id->get<std::string>();
        if (id->is_number_integer()) m_mapped.record.id = id->dump();
    }

    Result<void> readPictures() {
        const auto columns = m_columns.find("image");
        if (columns == m_columns.end()) return {};
        for (const std::string& column : columns->second) {
            ASSIGN_OR_RETURN(auto found, picturesOfCell(m_row[column], column, m_options.pictureFolder));
            std::move(found.begin(), found.end(), std::back_inserter(m_listed));
        }
        return {};
    }

    Result<void> readMessages(const Json& given) {
        const std::string column = columnOf("messages");
        Json parsed;
        if (given.is_string()) {  // CSV
            ASSIGN_OR_RETURN(parsed, parseJson(given.get_ref<const std::string&>(), "column '" + column + "'"));
        }
        const Json& list = given.is_string() ? parsed : given;
        if (!list.is_array() || list.empty())
            return badRecord("column '" + column + "': expected a list of messages, found " + describeJson(list));
        if (m_columns.contains("system") && normalRole(roleOf(list[0]).value_or("")) != "system") {
            ASSIGN_OR_RETURN(auto system, textOf("system"));
            if (!system.empty()) m_mapped.record.messages.push_back({"system", std::move(system)});
        }
        for (std::size_t i = 0; i < list.size(); ++i) {
            auto read = readMessage(list[i]);
            if (!read)
                return Error{read.error().code, column + "[" + std::to_string(i) + "]: " + read.error().message,
                             read.error().context};
        }
        return {};
    }

    static std::optional<std::string> roleOf(const Json& message) {
        for (const char* key : {"role", "from"}) {
            if (message.is_object() && message.contains(key) && message[key].is_string())
                return message[key].get<std::string>();
        }
        return std::nullopt;
    }

    Result<void> readMessage(const Json& message) {
        if (!message.is_object()) return badRecord("expected an object with role and content, found " + describeJson(message));
        const auto role = roleOf(message);
        if (!role) return badRecord("neither 'role' nor 'from' names who speaks");
        if (m_options.markers == MarkerNumbering::RestartInEachTurn) m_nextPicture = 0;
        const Json* content = nullptr;
        for (const char* key : {"content", "value", "text"}) {
            if (content == nullptr && message.contains(key) && !message[key].is_null()) content = &message[key];
        }
        std::vector<ContentPart> parts;
        if (content != nullptr && content->is_string()) {
            RETURN_IF_ERROR(appendText(parts, content->get<std::string>()));
        } else if (content != nullptr && content->is_array()) {
            for (const Json& part : *content) RETURN_IF_ERROR(appendPart(parts, part));
        } else if (content != nullptr) {
            return badRecord("the content is " + describeJson(*content) + ", expected a text or a list of parts");
        }
        m_mapped.record.messages.push_back({normalRole(*role), std::move(parts)});
        return {};
    }

    // The media first, then the texts between the markers joined without a separator (specification 6.1).
    Result<void> appendText(std::vector<ContentPart>& parts, std::string_view text) {
        std::string joined;
        for (std::size_t at = text.find(kMarker); at != std::string_view::npos; at = text.find(kMarker)) {
            joined += text.substr(0, at);
            text.remove_prefix(at + kMarker.size());
            m_sawMarker = true;
            RETURN_IF_ERROR(takeListed(parts));
        }
        joined += text;
        parts.push_back({ContentPart::Type::Text, std::move(joined), -1});
        return {};
    }

    Result<void> appendPart(std::vector<ContentPart>& parts, const Json& part) {
        if (part.is_string()) {
            parts.push_back({ContentPart::Type::Text, part.get<std::string>(), -1});
            return {};
        }
        if (!part.is_object()) return badRecord("a part is " + describeJson(part));
        const std::string type = part.contains("type") && part["type"].is_string() ? part["type"].get<std::string>() : "";
        if (type == "text" || (type.empty() && part.contains("text"))) {
            if (!part.contains("text") || !part["text"].is_string()) return badRecord("a part of type \"text\" has no text");
            parts.push_back({ContentPart::Type::Text, part["text"].get<std::string>(), -1});
            return {};
        }
        if (type != "image" && type != "image_url") {
            return badRecord("a part is of type \"" + clipText(type, 40) + "\": Gemma 3 reads text and images");
        }
        m_sawMarker = true;
        // Tables give every part all keys, most of them null.
        const bool named = std::any_of(kPictureKeys.begin(), kPictureKeys.end(),
                                       [&](const char* key) { return part.contains(key) && !part[key].is_null(); });
        if (!named) return takeListed(parts);
        ASSIGN_OR_RETURN(auto pictures, picturesOfCell(part, "image part", m_options.pictureFolder));
        parts.push_back({ContentPart::Type::Image, "", addPicture(std::move(pictures.front()))});
        return {};
    }

    // The next picture of the row's own list.  Bridge's provider lets a marker without a picture vanish.
    Result<void> takeListed(std::vector<ContentPart>& parts) {
        if (m_nextPicture >= m_listed.size()) {
            if (m_options.markers == MarkerNumbering::AcrossRecord) {
                return Error{ErrorCode::InvalidData,
                             "more image markers than pictures (" + std::to_string(m_listed.size()) + ")", "picture_count"};
            }
            warn(Rule::PictureUnused, "an image marker has no picture and is left out");
            return {};
        }
        m_taken.resize(m_listed.size(), -1);
        std::int64_t& index = m_taken[m_nextPicture];
        if (index < 0) index = addPicture(m_listed[m_nextPicture]);
        ++m_nextPicture;
        parts.push_back({ContentPart::Type::Image, "", index});
        return {};
    }

    std::int64_t addPicture(PictureRef picture) {
        m_mapped.record.pictures.push_back(std::move(picture));
        return std::ssize(m_mapped.record.pictures) - 1;
    }

    Result<void> readQuestionAndAnswer() {
        const bool caption = !m_columns.contains("answer") && m_columns.contains("caption") &&
                             (!m_listed.empty() || m_columns.contains("prompt"));
        if (!m_columns.contains("answer") && !caption)
            return badRecord("no messages, and no answer to a prompt; the columns are " + columnList());
        if (!m_columns.contains("prompt") && m_listed.empty())
            return badRecord("column '" + columnOf(caption ? "caption" : "answer") +
                             "' answers nothing: there is neither a prompt nor a picture; the columns are " + columnList());
        std::string prompt = kDescribePrompt;
        if (m_columns.contains("prompt")) {
            ASSIGN_OR_RETURN(prompt, textOf("prompt"));
            if (m_columns.contains("input") && lower(columnOf("prompt")) == "instruction") {  // Alpaca
                ASSIGN_OR_RETURN(const auto input, textOf("input"));
                if (!input.empty()) prompt += "\n\n" + input;
            } else {
                unuse("input");
            }
        }
        if (!caption) unuse("caption");
        ASSIGN_OR_RETURN(auto answer, textOf(caption ? "caption" : "answer"));
        if (m_columns.contains("system")) {
            ASSIGN_OR_RETURN(auto system, textOf("system"));
            if (!system.empty()) m_mapped.record.messages.push_back({"system", std::move(system)});
        }
        std::vector<ContentPart> parts;
        RETURN_IF_ERROR(appendText(parts, prompt));
        m_mapped.record.messages.push_back({"user", std::move(parts)});
        m_mapped.record.messages.push_back({"assistant", std::move(answer)});
        return {};
    }

    void unuse(const std::string& meaning) {
        const auto found = m_columns.find(meaning);
        if (found == m_columns.end()) return;
        for (const std::string& column : found->second) m_mapped.columns[column] = "unused";
        m_columns.erase(found);
    }

    // Without any marker the row's pictures stand before the first question; with markers a picture left over has no place.
    void placePictures() {
        if (m_sawMarker || m_listed.empty()) {
            const auto used = static_cast<std::size_t>(
                std::count_if(m_taken.begin(), m_taken.end(), [](std::int64_t index) { return index >= 0; }));
            if (used < m_listed.size())
                warn(Rule::PictureUnused, std::to_string(m_listed.size() - used) + " of " + std::to_string(m_listed.size()) +
                                              " pictures have no marker and are left out");
            return;
        }
        for (text::Message& message : m_mapped.record.messages) {
            if (message.role != "user") continue;
            auto& parts = std::get<std::vector<ContentPart>>(message.content);
            std::vector<ContentPart> images;
            images.reserve(m_listed.size());
            for (PictureRef& picture : m_listed)
                images.push_back({ContentPart::Type::Image, "", addPicture(std::move(picture))});
            parts.insert(parts.begin(), images.begin(), images.end());
            return;
        }
    }

    void warn(Rule rule, std::string message) { m_mapped.record.warnings.push_back({rule, 0, "", std::move(message)}); }

    [[nodiscard]] std::string columnList() const {
        std::string list;
        for (const auto& [name, value] : m_row.items()) list += (list.empty() ? "" : ", ") + name;
        return list.empty() ? "none" : clipText(list, 200);
    }

    const Json& m_row;
    const MappingOptions& m_options;
    std::map<std::string, std::vector<std::string>> m_columns;  // meaning → columns
    std::vector<PictureRef> m_listed;  // of the row's picture columns
    std::vector<std::int64_t> m_taken;  // their numbers in the record, or -1
    std::size_t m_nextPicture = 0;
    bool m_sawMarker = false;
    MappedRow m_mapped;
};

}  // namespace

const std::vector<std::string>& columnNamesOf(const std::string& meaning) {
    static const std::map<std::string, std::vector<std::string>> kNames{
        {"messages", {"messages", "conversation", "conversations", "dialog", "dialogue", "chat", "turns"}},
        {"prompt", {"prompt", "question", "instruction", "query", "problem", "request", "user", "human", "input"}},
        {"answer", {"answer", "response", "completion", "output", "target", "reply", "solution", "assistant"}},
        {"caption", {"caption", "text", "description"}},
        {"input", {"input"}},
        {"system", {"system", "system_prompt"}},
        {"image",
         {"image", "images", "image_path", "image_paths", "image_file", "image_files", "file_name", "picture", "pictures",
          "img", "photo", "image_url", "image_urls", "image_base64", "image_bytes", "image_id"}},
        {"id", {"id", "sample_id", "question_id", "uid", "guid", "key"}},
    };
    return kNames.at(meaning);
}

Result<MappedRow> mapRow(const Json& row, const MappingOptions& options) { return RowMapper(row, options).map(); }

std::vector<text::Message> questionAndAnswer(std::string question, std::string answer, std::size_t pictures) {
    std::vector<ContentPart> parts;
    for (std::size_t i = 0; i < pictures; ++i) parts.push_back({ContentPart::Type::Image, "", static_cast<std::int64_t>(i)});
    parts.push_back({ContentPart::Type::Text, std::move(question), -1});
    return {{"user", std::move(parts)}, {"assistant", std::move(answer)}};
}

std::string textOfMessage(const text::Message& message) {
    if (const auto* string = std::get_if<std::string>(&message.content)) return *string;
    std::string joined;
    if (const auto* parts = std::get_if<std::vector<ContentPart>>(&message.content)) {
        for (const ContentPart& part : *parts) joined += part.text;
    }
    return joined;
}

std::vector<Finding> checkTurns(const Record& record) {
    std::vector<Finding> findings;
    const auto add = [&](Rule rule, std::string message) { findings.push_back({rule, 0, "", std::move(message)}); };
    const auto hasPicture = [](const text::Message& message) {
        const auto* parts = std::get_if<std::vector<ContentPart>>(&message.content);
        return parts != nullptr && std::any_of(parts->begin(), parts->end(),
                                               [](const ContentPart& part) { return part.type == ContentPart::Type::Image; });
    };
    std::string expected = "user";
    bool answered = false;
    for (std::size_t i = 0; i < record.messages.size(); ++i) {
        const text::Message& message = record.messages[i];
        const std::string turn = "turn " + std::to_string(i + 1);
        if (message.role == "system") {
            if (i > 0) add(Rule::SystemAfterUser, turn + " is a system message; it may stand at the begin alone");
            if (hasPicture(message))
                add(Rule::PictureCount, "the system message holds a picture, which the template leaves out");
            continue;
        }
        if (message.role == "tool" || message.role == "function" || message.role == "ipython") {
            add(Rule::ToolRole, turn + " has the role \"" + message.role + "\"");
            continue;
        }
        if (message.role != expected) {
            std::string sentence = turn;
            sentence.append(": expected \"")
                .append(expected)
                .append("\", found \"")
                .append(clipText(message.role, 40))
                .append("\"");
            add(Rule::RoleOrder, std::move(sentence));
            expected = message.role == "user" || message.role == "assistant" ? message.role : expected;
        }
        if (message.role == "assistant") {
            answered = true;
            if (text::stripPython(textOfMessage(message)).empty()) add(Rule::EmptyAnswer, turn + " is empty");
            if (hasPicture(message)) add(Rule::PictureInAnswer, turn + " holds a picture");
        }
        expected = expected == "user" ? "assistant" : "user";
    }
    if (!answered) add(Rule::NoAnswer, "none of " + std::to_string(record.messages.size()) + " turns is the assistant's");
    if (answered && record.messages.back().role == "user") add(Rule::EndsWithQuestion, "the last turn is the user's");
    return findings;
}

}  // namespace lapidary::dataset
