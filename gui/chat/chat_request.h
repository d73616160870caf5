// Messages of a conversation → the engine's `chat` request.
#pragma once

#include <vector>

#include "core/shared/protocol/request.h"
#include "gui/chat/message.h"

namespace lapidary::gui {

// What goes with a picture of that choice; nothing where the model's own processor decides.
std::optional<protocol::PictureViewSettings> viewSettingsOf(const PictureViews& views);

// What the engine is asked in order to show the views of a picture.
protocol::PreviewRequest previewRequestOf(const Picture& picture);

// `path`: first to last.  An assistant's message at the end is continued.  `sequence` names the conversation, whose cache is reused.
protocol::ChatRequest chatRequestOf(const std::vector<const Message*>& path, const ConversationSettings& settings,
                                    const QString& sequence);

}  // namespace lapidary::gui
