#include "core/data/text/chat_template.h"

#include <algorithm>

#include "core/data/text/special_tokens.h"
#include "core/data/text/utf8.h"

namespace lapidary::text {
namespace {

// FNV-1a, 64 bit, of Gemma 3's template without white space (specification 6.4: the same text in transformers' conversion script
// and in the hub's tokenizer_config.json).
constexpr std::uint64_t kGemma3TemplateHash = 0xFDE372DCE0686F89U;

bool isPythonSpace(char32_t c) {
    if ((c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0) return true;
    return c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
           c == 0x3000;
}

std::string_view stripLeft(std::string_view text) {
    for (std::size_t length = utf8Length(text); length > 0 && isPythonSpace(codePointOf(text.substr(0, length)));
         length = utf8Length(text)) {
        text.remove_prefix(length);
    }
    return text;
}

std::string_view stripRight(std::string_view text) {
    while (!text.empty()) {
        std::size_t begin = text.size() - 1;
        while (begin > 0 && text.size() - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) --begin;
        const std::string_view last = text.substr(begin);
        if (utf8Length(last) != last.size() || !isPythonSpace(codePointOf(last))) break;
        text = text.substr(0, begin);
    }
    return text;
}

std::string describe(std::size_t index, const Message& message) {
    return "message " + std::to_string(index + 1) + " (" + message.role.substr(0, 40) + ")";
}

class Renderer {
public:
    Result<std::vector<Segment>> render(std::span<const Message> messages, AfterLastMessage after) {
        if (messages.empty()) return Error{ErrorCode::InvalidData, "a conversation needs at least one message", ""};
        markup(kBos);
        std::string prefix;
        std::size_t first = 0;
        if (messages[0].role == "system") {
            ASSIGN_OR_RETURN(prefix, systemPrefix(messages[0]));
            first = 1;
        }
        if (after == AfterLastMessage::Continue && first == messages.size())
            return nothingToContinue(first - 1, messages[first - 1]);
        for (std::size_t i = first; i < messages.size(); ++i) {
            const Message& message = messages[i];
            if ((message.role == "user") != ((i - first) % 2 == 0)) {
                return Error{ErrorCode::InvalidData, "Conversation roles must alternate user/assistant/user/assistant/...",
                             describe(i, message)};
            }
            openTurn(message.role);
            if (i == first && first == 1) {
                content(prefix);
                markup("\n\n");
            }
            const bool stayOpen = after == AfterLastMessage::Continue && i + 1 == messages.size();
            RETURN_IF_ERROR(body(i, message, stayOpen));
            if (!stayOpen) markup(std::string(kEndOfTurn) + "\n");
        }
        if (after == AfterLastMessage::GenerationPrompt) markup(std::string(kStartOfTurn) + "model\n");
        return std::move(m_segments);
    }

private:
    static Error nothingToContinue(std::size_t index, const Message& message) {
        return {ErrorCode::InvalidData, "there is no text to continue in the last message", describe(index, message)};
    }

    // The system text is printed as it is; of a list only the first part's text.
    static Result<std::string> systemPrefix(const Message& message) {
        if (const auto* text = std::get_if<std::string>(&message.content)) return *text;
        const auto* parts = std::get_if<std::vector<ContentPart>>(&message.content);
        if (parts != nullptr && !parts->empty() && parts->front().type == ContentPart::Type::Text) return parts->front().text;
        return Error{ErrorCode::InvalidData, "Invalid content type: a system message is a text, or a list that begins with one",
                     describe(0, message)};
    }

    // A role beside the usual ones is printed as it came, so it counts as typed by a person.
    void openTurn(const std::string& role) {
        markup(kStartOfTurn);
        if (role == "assistant") {
            markup("model");
        } else if (role == "user" || role == "model") {
            markup(role);
        } else {
            content(role);
        }
        markup("\n");
    }

    Result<void> body(std::size_t index, const Message& message, bool stayOpen) {
        if (const auto* text = std::get_if<std::string>(&message.content)) {
            content(stayOpen ? stripLeft(*text) : stripPython(*text));
            if (stayOpen) stripEnd();
            return {};
        }
        const auto* parts = std::get_if<std::vector<ContentPart>>(&message.content);
        if (parts == nullptr) return Error{ErrorCode::InvalidData, "Invalid content type", describe(index, message)};
        std::size_t end = parts->size();
        if (stayOpen) {
            // What follows the last text is cut off.
            while (end > 0 && (*parts)[end - 1].type != ContentPart::Type::Text) --end;
            if (end == 0) return nothingToContinue(index, message);
        }
        for (std::size_t i = 0; i < end; ++i) {
            const ContentPart& part = (*parts)[i];
            if (part.type == ContentPart::Type::Image) markup(kStartOfImage);
            if (part.type == ContentPart::Type::Text)
                content(stayOpen && i + 1 == end ? stripLeft(part.text) : stripPython(part.text));
        }
        if (stayOpen) stripEnd();
        return {};
    }

    // As transformers does it: the rendering is cut after the open text, and white space at its end dropped, the template's own too.
    void stripEnd() {
        while (!m_segments.empty()) {
            std::string& text = m_segments.back().text;
            text.resize(stripRight(text).size());
            if (!text.empty()) return;
            m_segments.pop_back();
        }
    }

    void markup(std::string_view text) { append(true, text); }
    void content(std::string_view text) { append(false, text); }
    // One segment a call: the processor finds each <start_of_image> as a segment of its own.
    void append(bool isMarkup, std::string_view text) {
        if (!text.empty()) m_segments.push_back({isMarkup, std::string(text)});
    }

    std::vector<Segment> m_segments;
};

// White space between and inside tags, real or escaped, is where copies of a template differ.
std::uint64_t templateHash(std::string_view source) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (std::size_t i = 0; i < source.size(); ++i) {
        if (source[i] == '\\' && i + 1 < source.size() && source[i + 1] == 'n') {
            ++i;
            continue;
        }
        if (source[i] == ' ' || (source[i] >= '\t' && source[i] <= '\r')) continue;
        hash = (hash ^ static_cast<unsigned char>(source[i])) * 0x100000001B3U;
    }
    return hash;
}

}  // namespace

Result<std::vector<Segment>> renderChat(std::span<const Message> messages, AfterLastMessage after) {
    return Renderer().render(messages, after);
}

Result<std::string> renderChatText(std::span<const Message> messages, AfterLastMessage after) {
    ASSIGN_OR_RETURN(const auto segments, renderChat(messages, after));
    return joinSegments(segments);
}

std::string joinSegments(std::span<const Segment> segments) {
    std::string joined;
    for (const Segment& segment : segments) joined += segment.text;
    return joined;
}

std::string_view stripPython(std::string_view text) { return stripRight(stripLeft(text)); }

ChatTemplateCheck checkChatTemplate(const std::optional<std::string>& source) {
    if (!source || stripPython(*source).empty()) return {};
    if (templateHash(*source) == kGemma3TemplateHash) return {true, true, ""};
    const bool sameMarkers = source->find(kStartOfTurn) != std::string::npos && source->find(kEndOfTurn) != std::string::npos;
    return {true, false,
            sameMarkers
                ? "the checkpoint's chat template is not Gemma 3's own; messages are rendered with Gemma 3's (Jinja is not run)"
                : "the checkpoint's chat template has none of Gemma 3's turn markers; messages are rendered with Gemma 3's "
                  "template, "
                  "which this model may not know"};
}

}  // namespace lapidary::text
