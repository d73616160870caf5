#include "app/lapidary/chat_transcript.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "core/shared/base/file.h"

namespace lapidary::app {
namespace {

using nlohmann::ordered_json;

const char* sourceKey(image::ImageSource::Kind kind) {
    switch (kind) {
        case image::ImageSource::Kind::Path: return "path";
        case image::ImageSource::Kind::Url: return "url";
        case image::ImageSource::Kind::Base64: return "base64";
    }
    return "path";
}

// A messages file's relative paths begin at its own folder, a person's at the current one.
std::string valueSeenFrom(const std::filesystem::path& folder, const image::ImageSource& source) {
    if (source.kind != image::ImageSource::Kind::Path || std::filesystem::path(source.value).is_absolute()) return source.value;
    std::error_code problem;
    const auto path = std::filesystem::proximate(source.value, folder.empty() ? "." : folder, problem);
    return problem ? source.value : path.string();
}

}  // namespace

std::string typedPath(std::string_view argument) {
    constexpr std::string_view kBlanks = " \t\r";
    argument.remove_prefix(std::min(argument.find_first_not_of(kBlanks), argument.size()));
    argument = argument.substr(0, argument.find_last_not_of(kBlanks) + 1);
    const bool quoted =
        argument.size() >= 2 && argument.front() == argument.back() && (argument.front() == '"' || argument.front() == '\'');
    if (quoted) argument = argument.substr(1, argument.size() - 2);
    const char* home = std::getenv("HOME");
    if (home == nullptr || *home == '\0' || (argument != "~" && !argument.starts_with("~/"))) return std::string(argument);
    return home + std::string(argument.substr(1));
}

Result<void> ChatTranscript::addImage(const std::string& argument) {
    if (argument.empty()) return Error{ErrorCode::Usage, "/image takes a path or an https address", ""};
    ASSIGN_OR_RETURN(image::ImageSource source, image::imageSourceFromArgument(argument));
    std::error_code problem;
    if (source.kind == image::ImageSource::Kind::Path && !std::filesystem::is_regular_file(source.value, problem)) {
        return Error{ErrorCode::NotFound, "there is no picture '" + source.value + "'", ""};
    }
    m_pending.push_back(std::move(source));
    return {};
}

void ChatTranscript::ask(const std::string& text) { m_turns.push_back({std::exchange(m_pending, {}), text, "", false}); }

void ChatTranscript::answer(const std::string& text) {
    m_turns.back().answer = text;
    m_turns.back().answered = true;
}

bool ChatTranscript::undo() {
    if (m_turns.empty()) return false;
    m_turns.pop_back();
    return true;
}

processor::Conversation ChatTranscript::conversation() const {
    processor::Conversation conversation;
    if (!m_system.empty()) conversation.messages.push_back({"system", m_system});
    for (const Turn& turn : m_turns) {
        std::vector<text::ContentPart> parts;
        for (const image::ImageSource& source : turn.images) {
            parts.push_back({text::ContentPart::Type::Image, "", static_cast<std::int64_t>(conversation.images.size())});
            conversation.images.push_back(source);
        }
        parts.push_back({text::ContentPart::Type::Text, turn.question, -1});
        conversation.messages.push_back({"user", std::move(parts)});
        if (turn.answered) conversation.messages.push_back({"assistant", turn.answer});
    }
    return conversation;
}

Result<void> ChatTranscript::save(const std::filesystem::path& path) const {
    ordered_json messages = ordered_json::array();
    if (!m_system.empty()) messages.push_back({{"role", "system"}, {"content", m_system}});
    for (const Turn& turn : m_turns) {
        ordered_json content = ordered_json::array();
        for (const image::ImageSource& source : turn.images)
            content.push_back({{"type", "image"}, {sourceKey(source.kind), valueSeenFrom(path.parent_path(), source)}});
        content.push_back({{"type", "text"}, {"text", turn.question}});
        messages.push_back({{"role", "user"}, {"content", std::move(content)}});
        if (turn.answered) messages.push_back({{"role", "assistant"}, {"content", turn.answer}});
    }
    return writeFileAtomically(path, messages.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace lapidary::app
