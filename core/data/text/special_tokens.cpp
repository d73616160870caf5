#include "core/data/text/special_tokens.h"

#include <algorithm>
#include <array>

#include "core/data/text/utf8.h"

namespace lapidary::text {
namespace {

constexpr std::array kSpecialNames{kPad,       kEos,          kBos,        kUnknown,       kStartOfTurn,
                                   kEndOfTurn, kStartOfImage, kEndOfImage, kImageSoftToken};

// Ids 168-237 of Gemma's vocabulary; each has its closing tag there too.
constexpr std::array<std::string_view, 35> kHtmlTags{
    "table", "caption", "thead",      "tbody",  "tfoot", "tr",   "th", "td", "h1",  "h2",     "h3",    "h4",
    "h5",    "h6",      "blockquote", "strong", "em",    "b",    "i",  "u",  "s",   "sub",    "sup",   "code",
    "a",     "html",    "body",       "img",    "span",  "bbox", "ul", "li", "div", "iframe", "footer"};

bool contains(auto const& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

bool isHtmlTag(std::string_view piece) {
    if (piece.size() < 3 || piece.front() != '<' || piece.back() != '>') return false;
    std::string_view name = piece.substr(1, piece.size() - 2);
    if (name.front() == '/') name.remove_prefix(1);
    return contains(kHtmlTags, name);
}

bool isRunOf(std::string_view piece, char character) {
    return !piece.empty() && piece.find_first_not_of(character) == std::string_view::npos;
}

// "<unused" digits ">"
bool isUnusedName(std::string_view piece) {
    constexpr std::string_view kPrefix = "<unused";
    if (piece.size() < kPrefix.size() + 2 || !piece.starts_with(kPrefix) || piece.back() != '>') return false;
    const std::string_view digits = piece.substr(kPrefix.size(), piece.size() - kPrefix.size() - 1);
    return digits.find_first_not_of("0123456789") == std::string_view::npos;
}

int hexadecimalDigit(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
}

}  // namespace

bool isSpecialName(std::string_view piece) { return contains(kSpecialNames, piece); }

bool isGemmaAddedName(std::string_view piece) {
    return isSpecialName(piece) || piece == "<mask>" || piece == "[multimodal]" || isUnusedName(piece) || isTypableName(piece);
}

bool isTypableName(std::string_view piece) { return isRunOf(piece, '\n') || isRunOf(piece, '\t') || isHtmlTag(piece); }

bool isSpaceRun(std::string_view piece) {
    if (piece.size() < 2 * kSpaceMark.size() || piece.size() % kSpaceMark.size() != 0) return false;
    while (piece.starts_with(kSpaceMark)) piece.remove_prefix(kSpaceMark.size());
    return piece.empty();
}

int byteOfPiece(std::string_view piece) {
    if (piece.size() != 6 || !piece.starts_with("<0x") || piece.back() != '>') return -1;
    const int high = hexadecimalDigit(piece[3]);
    const int low = hexadecimalDigit(piece[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

}  // namespace lapidary::text
