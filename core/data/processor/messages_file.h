// The messages list of transformers' chat templates, and batches of requests, as JSON (cli.md, "Messages file").
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/image/image_source.h"
#include "core/data/text/chat_template.h"
#include "core/shared/base/result.h"

namespace lapidary::processor {

struct Conversation {
    std::vector<text::Message> messages;
    std::vector<image::ImageSource> images;  // ContentPart::imageIndex indexes it
};

enum class UnknownKeys {
    Refuse,  // files that people write
    Ignore,  // messages between processes
};

// `root`: a list of messages, or {"messages": [...]}.  Relative picture paths are taken from `folder` (the file's own).  An image
// without path, url and base64 is a placeholder (imageIndex -1) for a picture that comes beside the messages.
// Errors: InvalidData naming the place ("messages[1].content[0]"); an unknown key or role with the nearest known one (Fault61); an image
// with more than one of path, url, base64.  A content that is null or a number is kept: the template refuses it.
Result<Conversation> parseMessages(const nlohmann::json& root, const std::filesystem::path& folder = {},
                                   UnknownKeys unknown = UnknownKeys::Refuse);
Result<Conversation> parseMessagesText(std::string_view json, const std::string& source,
                                       const std::filesystem::path& folder = {});
// Errors: also NotFound, InvalidFile (above 64 MiB).
Result<Conversation> readMessagesFile(const std::filesystem::path& path);

// One request of a --batch file.
struct BatchEntry {
    std::size_t line = 0;  // from 1
    std::optional<std::string> prompt;  // {"prompt": "…"}; then `conversation` is empty
    Conversation conversation;  // {"messages": […]}
};
// JSON lines; empty lines are skipped.  Errors: InvalidData with the line number.
Result<std::vector<BatchEntry>> parseBatch(std::string_view jsonLines, const std::string& source,
                                           const std::filesystem::path& folder = {});
Result<std::vector<BatchEntry>> readBatchFile(const std::filesystem::path& path);

}  // namespace lapidary::processor
