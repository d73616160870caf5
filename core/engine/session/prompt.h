// A conversation with picture sources → what the model reads: pictures are fetched and decoded, the template is rendered, or not.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/data/image/image_source.h"
#include "core/data/processor/gemma3_processor.h"
#include "core/data/processor/messages_file.h"
#include "core/engine/session/opened_checkpoint.h"

namespace lapidary::session {

struct PromptSettings {
    bool raw = false;  // no template: <bos> and the texts as they stand, special tokens parsed
    bool parseSpecial = false;  // special tokens typed in a text become control tokens
    text::AfterLastMessage after = text::AfterLastMessage::GenerationPrompt;
    image::ViewSettings views;
    std::vector<image::ViewSettings> viewsOfPicture{};  // one a picture, where they differ; else empty
    std::optional<std::int64_t> contextTokens;
    image::UrlConsent urls = image::UrlConsent::Refuse;
};

// A model without a chat template continues text: the messages' texts and pictures one after the other, a newline between
// messages ("completion mode"); so does --raw.
// Errors: Fault15, pictures for a text-only model, before any picture is read; those of reading pictures, within the picture's
// name; those of Gemma3Processor; Cancelled.
Result<processor::ProcessedPrompt> buildPrompt(const OpenedCheckpoint& opened, const processor::Conversation& conversation,
                                               const PromptSettings& settings, std::stop_token stop = {});

// The one sentence for a text-only model that is given a picture.
Error textOnlyModelError();

}  // namespace lapidary::session
