// A prompt before its pictures are opened: segments of text, and the places where pictures stand.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/text/chat_template.h"
#include "core/data/text/segment.h"
#include "core/data/text/tokenizer.h"
#include "core/shared/base/result.h"

namespace lapidary::processor {

struct DraftPiece {
    text::Segment segment;      // text; unused where a picture stands
    bool isPicture = false;
    std::int64_t picture = -1;  // index of the picture; -1 until assigned, or: whichever comes next
    std::string owner;          // "message 3 (user)", for errors
};
using PromptDraft = std::vector<DraftPiece>;

// A "<start_of_image>" that a person typed is a picture's place only in Parse mode, and only if there are pictures (specification 5.4).
// A message with pictures and typed markers has its pictures at the markers.  Errors: InvalidData where their numbers differ.
struct DraftOptions {
    text::SpecialTokens typed = text::SpecialTokens::AsText;
    std::int64_t pictures = 0;
};

// Rendered with the chat template.  Errors: as renderChat.
Result<PromptDraft> draftChat(std::span<const text::Message> messages, text::AfterLastMessage after,
                              const DraftOptions& options);

// <bos> and the messages' texts, one a line: what a model without a chat template continues, and what --raw gives any model.  In
// Parse mode a text that starts with "<bos>" gets no second one.  Errors: "Invalid content type".
Result<PromptDraft> draftPlain(std::span<const text::Message> messages, const DraftOptions& options);

// <bos> and the text.  With pictures every marker in it is a place, in either mode; no text at all stands for markers alone.
PromptDraft draftRaw(std::string_view prompt, const DraftOptions& options);

// Gives every place its picture.  Errors: InvalidData with the count of places in every message, where not every place gets a
// picture and every picture a place (Fault24).
Result<void> assignPictures(PromptDraft& draft, std::int64_t pictures);

}  // namespace lapidary::processor
