// JSON that came from outside: parsed with limits, read key by key, every complaint naming place, key, expected, found.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary {

using Json = nlohmann::json;

// Errors: InvalidData with the byte position and the key path near it; the key path ("a.b[2]") of a number that no double holds;
// more than `maxDepth` objects and lists inside each other; duplicate keys.  A UTF-8 byte order mark is skipped.
Result<Json> parseJson(std::string_view text, const std::string& source, int maxDepth = 64);

// The integer under `key` of the outermost object, also of a text that parseJson refuses for a number, for its depth or for
// another key that appears twice.  Nothing where the text is no JSON, or `key` is absent, no integer, or there twice.
std::optional<std::int64_t> outermostInteger(std::string_view text, const std::string& key);

// Value of `key` in `object`, or nothing where the key is absent or null.  `where` is the path shown in errors ("text_config").
// Errors: InvalidData when the type is another one, or a number does not fit.
Result<std::optional<std::int64_t>> findInteger(const Json& object, const std::string& key, const std::string& where);
Result<std::optional<double>> findNumber(const Json& object, const std::string& key, const std::string& where);
Result<std::optional<bool>> findBool(const Json& object, const std::string& key, const std::string& where);
Result<std::optional<std::string>> findString(const Json& object, const std::string& key, const std::string& where);

// The known key that `key` was probably meant to be (edit distance at most 3, and at most half of its length), or empty.
std::string nearestKey(std::string_view key, const std::vector<std::string>& known);

// Errors: InvalidData naming the first key of `object` that is not in `known`, and the nearest known one.
Result<void> refuseUnknownKeys(const Json& object, const std::vector<std::string>& known, const std::string& where);

// The first `maxBytes` of `text` (never half a UTF-8 character), with "…" where something was cut: hostile files must not fill
// an error message.
std::string clipText(std::string_view text, std::size_t maxBytes);

// What nlohmann's parser has to say without the name of its exception, clipped: "[json.exception.parse_error.101] parse error at
// line 2, column 5: syntax error …" → "line 2, column 5: syntax error …".
std::string placeAndReason(std::string_view what);

// A short rendering of a value for messages ("a string", "the number 3", …).
std::string describeJson(const Json& value);

}  // namespace lapidary
