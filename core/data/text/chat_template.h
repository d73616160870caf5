// Gemma 3's chat template, natively (specification 6.4).  The Jinja text of a checkpoint is compared, not run.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/data/text/segment.h"
#include "core/shared/base/result.h"

namespace lapidary::text {

struct ContentPart {
    enum class Type { Text, Image, Other };  // Other: printed as nothing, as in the template
    Type type = Type::Text;
    std::string text;              // Text
    std::int64_t imageIndex = -1;  // Image: position among all pictures of the conversation; -1 where none is attached
};

// A message's content: plain text, parts, or (monostate) what no template can print: null, a number.
using MessageContent = std::variant<std::monostate, std::string, std::vector<ContentPart>>;

struct Message {
    std::string role;  // "user", "assistant", "system", or any other
    MessageContent content;
};

enum class AfterLastMessage {
    Nothing,
    GenerationPrompt,  // "<start_of_turn>model\n": the model's turn begins
    Continue,          // the last message stays open (continue_final_message)
};

// Segments of the whole conversation, <bos> first; joined they are what transformers renders.
// Errors: InvalidData "Conversation roles must alternate user/assistant/user/assistant/...", "Invalid content type", or for an empty
// list; the context names the message.
Result<std::vector<Segment>> renderChat(std::span<const Message> messages, AfterLastMessage after);
inline Result<std::vector<Segment>> renderChat(std::span<const Message> messages, bool addGenerationPrompt) {
    return renderChat(messages, addGenerationPrompt ? AfterLastMessage::GenerationPrompt : AfterLastMessage::Nothing);
}

// The same as one string.
Result<std::string> renderChatText(std::span<const Message> messages, AfterLastMessage after);

std::string joinSegments(std::span<const Segment> segments);

// Python's str.strip(): all Unicode white space, U+001C-U+001F and U+0085 among it.
std::string_view stripPython(std::string_view text);

// What a checkpoint's own template (chat_template.jinja, tokenizer_config.json, GGUF) means for us.
struct ChatTemplateCheck {
    bool hasTemplate = false;  // false: a base model, completion mode (<bos> and text)
    bool isGemma3 = false;
    std::string warning;  // for people; empty where there is nothing to say
};
// `source`: the Jinja text, or nothing where the checkpoint has none.  White space between tags does not count.
ChatTemplateCheck checkChatTemplate(const std::optional<std::string>& source);

}  // namespace lapidary::text
