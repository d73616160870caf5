// Requests of the protocol in the words of the layers below.
#pragma once

#include <optional>

#include "core/data/processor/messages_file.h"
#include "core/engine/session/model.h"
#include "core/engine/session/prompt.h"
#include "core/shared/protocol/request.h"

namespace lapidary::session {

processor::Conversation conversationOf(const std::vector<protocol::ChatMessage>& messages);

// `defaults`: the checkpoint's own pan & scan settings.  Errors: Usage when own crops are not one list a picture.
struct RequestedViews {
    image::ViewSettings views;
    std::vector<image::ViewSettings> viewsOfPicture;
};
Result<RequestedViews> viewsOf(const protocol::ViewSettings& wanted, const image::ImageProcessorSettings& defaults,
                               std::size_t pictures);
// The same for the pictures of `messages`, some of which may bring views of their own.
Result<RequestedViews> viewsOf(const protocol::ViewSettings& wanted, const std::vector<protocol::ChatMessage>& messages,
                               const image::ImageProcessorSettings& defaults);

ModelRequest modelRequestOf(const protocol::LoadRequest& request);

}  // namespace lapidary::session
