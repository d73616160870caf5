// One row as a conversation with its pictures, and how its columns were understood (fault 28; specification 6.1).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "core/data/dataset/finding.h"
#include "core/data/image/image_source.h"
#include "core/data/text/chat_template.h"
#include "core/shared/base/json.h"
#include "core/shared/base/result.h"

namespace lapidary::dataset {

// A picture as a row gives it.
struct PictureRef {
    enum class Kind : std::uint8_t { Path, Url, Base64, Bytes };
    Kind kind = Kind::Path;
    std::string value;  // path (joined to the folder of pictures), address, base64 text, or the encoded bytes
    std::string name;   // of embedded bytes, where the row gives one
};

// For messages: "images/7.png", an address without its query, "embedded picture a.png (1234 bytes)".
std::string describePicture(const PictureRef& picture);
// The encoded bytes.  Errors: as image::readImageBytes.
Result<std::string> readPictureBytes(const PictureRef& picture, image::UrlConsent consent, const std::stop_token& stop = {});
Result<image::Picture> loadPicture(const PictureRef& picture, image::UrlConsent consent, const std::stop_token& stop = {});

struct Record {
    std::string place;  // "train.jsonl:12"
    std::string id;     // of an id column; may be empty
    std::vector<text::Message> messages;  // ContentPart::imageIndex is the picture's number in `pictures`
    std::vector<PictureRef> pictures;     // each has exactly one place in the messages or more
    std::vector<Finding> warnings;        // of the mapping; row and place are not set
};

// "<image>" markers in plain texts are taken by the pictures of the row in order.
enum class MarkerNumbering : std::uint8_t {
    AcrossRecord,       // the second message goes on where the first ended
    RestartInEachTurn,  // Megatron-Bridge's preloaded provider: each message begins with the first picture again
};

struct MappingOptions {
    std::filesystem::path pictureFolder;  // relative paths are joined to it
    MarkerNumbering markers = MarkerNumbering::AcrossRecord;
    // Column of the file → what it means ("messages", "prompt", "answer", "system", "id", "image"), where names do not tell.
    std::map<std::string, std::string> columns;
};

// How often a column served as what; "unused" where it did not.
using ColumnUse = std::map<std::string, std::map<std::string, std::int64_t>>;

struct MappedRow {
    Record record;
    std::map<std::string, std::string> columns;  // of this row → meaning
};

// Columns are found by their names, in any case: messages | conversation | conversations (role/content or from/value; Bridge's
// "conversation" is passed through), or prompt | question | instruction | … with answer | response | completion | …, or a caption
// (caption | text | description) beside a picture, whose prompt is "Describe this image.".  image | images | image_path | … may be a
// path, an https address, base64, bytes, {bytes, path}, {path}, {url}, or a list of them.
// Errors: InvalidData naming the column ("column 'image': neither bytes nor a path").
Result<MappedRow> mapRow(const Json& row, const MappingOptions& options);

// Pictures of one cell.  `column`: its name, which tells base64 text from paths.
Result<std::vector<PictureRef>> picturesOfCell(const Json& cell, const std::string& column,
                                               const std::filesystem::path& folder);

// The known names of a meaning, most telling first.
const std::vector<std::string>& columnNamesOf(const std::string& meaning);

inline constexpr const char* kDescribePrompt = "Describe this image.";

// One user turn (pictures first, then the text) and one assistant turn.
std::vector<text::Message> questionAndAnswer(std::string question, std::string answer, std::size_t pictures);

// Roles, order and emptiness (fault 30).  Row and place are not set.
std::vector<Finding> checkTurns(const Record& record);

// The text of a message's parts, joined.
std::string textOfMessage(const text::Message& message);

}  // namespace lapidary::dataset
