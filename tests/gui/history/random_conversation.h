// Conversations with everything in them, from a seed.
#pragma once

#include <random>
#include <vector>

#include "gui/history/history_types.h"

namespace lapidary::gui::test {

using Random = std::mt19937;

QString randomText(Random& random);
Message randomMessage(Random& random, std::int64_t id, std::int64_t parent, const std::vector<StoredPicture>& pictures);
ConversationSettings randomSettings(Random& random);
// A tree of `count` messages.
ConversationData randomConversation(Random& random, int count, const std::vector<StoredPicture>& pictures);

}  // namespace lapidary::gui::test
