// A conversation from a file that a stranger may have made: read and checked whole before anything is kept.  Runs on a worker thread.
#pragma once

#include <QByteArray>
#include <QString>
#include <stop_token>

#include "core/shared/base/result.h"
#include "gui/history/history_types.h"
#include "gui/history/picture_store.h"

namespace lapidary::gui {

// Its pictures are in the store then; where one's bytes do not come along, its path is empty.  No path of the file is believed: a message
// could name any file of this machine.  InvalidData: the place and what is wrong there.
Result<ConversationData> importConversation(const QString& path, const PictureStore& pictures, const std::stop_token& stop);

}  // namespace lapidary::gui
