// A conversation as a file: Markdown and HTML of the branch that is shown, JSON of all of it.  Runs on a worker thread.
//
// The JSON: {"format": "lapidary-conversation", "version": 1, "title", "created", "model", "settings", "leaf", "messages": […],
// "pictures": {"<sha256>": {"base64": …}}}.  Whether a conversation is pinned is its owner's matter and stays at home.
#pragma once

#include <QString>
#include <stop_token>

#include "core/shared/base/result.h"
#include "gui/history/history_types.h"

namespace lapidary::gui {

constexpr int kExportVersion = 1;
// A file that is longer is not written, since it could not be read back.
constexpr qint64 kMostExportBytes = qint64{512} << 20;

// The file is whole or not there.  Without `html` answers stand on a page of HTML as they were written.  Markdown's pictures are copied into the folder "<file>_pictures" beside it.
Result<void> exportConversation(const ConversationData& data, ExportFormat format, const QString& path,
                                const std::stop_token& stop, const MarkdownHtml& html = {});

}  // namespace lapidary::gui
