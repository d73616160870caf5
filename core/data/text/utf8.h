// UTF-8, strictly (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF): what Rust's str and Python's decode accept.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/shared/base/result.h"

namespace lapidary::text {

// Bytes of the well-formed character at the start of `text`, or 0 where there is none.
std::size_t utf8Length(std::string_view text);

// Bytes before the first one that belongs to no well-formed character; all of them where there is none.
std::size_t validUtf8Bytes(std::string_view text);
bool isValidUtf8(std::string_view text);

// For texts that people give: another encoding would become U+FFFD without a word.  `source`: the file or option.
// Errors: InvalidData with the byte's position, counted from 1.
Result<void> requireUtf8(std::string_view text, const std::string& source);

// Every byte that belongs to no well-formed character becomes U+FFFD.
std::string repairUtf8(std::string_view text);

// The code point of the well-formed character `character`.
char32_t codePointOf(std::string_view character);

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";
inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581, SentencePiece's space

}  // namespace lapidary::text
