#include "core/data/text/utf8.h"

#include <cstdio>

namespace lapidary::text {
namespace {

unsigned char byteAt(std::string_view text, std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

bool isContinuation(unsigned char byte) { return (byte & 0xC0U) == 0x80U; }

}  // namespace

std::size_t utf8Length(std::string_view text) {
    if (text.empty()) return 0;
    const unsigned char first = byteAt(text, 0);
    const unsigned char second = byteAt(text, 1);
    if (first < 0x80) return 1;
    if (first < 0xC2 || !isContinuation(second)) return 0;
    if (first < 0xE0) return 2;
    if (!isContinuation(byteAt(text, 2))) return 0;
    if (first < 0xF0) {
        const bool overlong = first == 0xE0 && second < 0xA0;
        const bool surrogate = first == 0xED && second >= 0xA0;
        return overlong || surrogate ? 0 : 3;
    }
    const bool overlong = first == 0xF0 && second < 0x90;
    const bool tooLarge = first > 0xF4 || (first == 0xF4 && second >= 0x90);
    return overlong || tooLarge || !isContinuation(byteAt(text, 3)) ? 0 : 4;
}

std::size_t validUtf8Bytes(std::string_view text) {
    std::size_t at = 0;
    for (std::size_t length = utf8Length(text); length > 0; length = utf8Length(text.substr(at))) at += length;
    return at;
}

bool isValidUtf8(std::string_view text) { return validUtf8Bytes(text) == text.size(); }

Result<void> requireUtf8(std::string_view text, const std::string& source) {
    const std::size_t at = validUtf8Bytes(text);
    if (at == text.size()) return {};
    char byte[8];
    std::snprintf(byte, sizeof byte, "0x%02X", static_cast<unsigned int>(byteAt(text, at)));
    return Error{ErrorCode::InvalidData,
                 "expected a text in UTF-8, found " + std::string(byte) + " at byte " + std::to_string(at + 1), source};
}

std::string repairUtf8(std::string_view text) {
    std::string repaired;
    repaired.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8Length(text);
        repaired += length == 0 ? kReplacementCharacter : text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return repaired;
}

char32_t codePointOf(std::string_view character) {
    const char32_t first = byteAt(character, 0);
    if (character.size() <= 1) return first;
    // The lead byte of a character of n bytes keeps its 7 - n lowest bits.
    char32_t value = first & (0x7FU >> character.size());
    for (const char byte : character.substr(1)) value = (value << 6U) | (static_cast<unsigned char>(byte) & 0x3FU);
    return value;
}

}  // namespace lapidary::text
