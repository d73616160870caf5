// Gemma 3's added tokens by name: which are special, which must be split off before BPE (specification 6.1, "Vocabulary layout").
// Names, not ids: small test vocabularies number them differently.
#pragma once

#include <string_view>

namespace lapidary::text {

inline constexpr std::string_view kBos = "<bos>";
inline constexpr std::string_view kEos = "<eos>";
inline constexpr std::string_view kPad = "<pad>";
inline constexpr std::string_view kUnknown = "<unk>";
inline constexpr std::string_view kStartOfTurn = "<start_of_turn>";
inline constexpr std::string_view kEndOfTurn = "<end_of_turn>";
inline constexpr std::string_view kStartOfImage = "<start_of_image>";
inline constexpr std::string_view kEndOfImage = "<end_of_image>";
inline constexpr std::string_view kImageSoftToken = "<image_soft_token>";

// The nine that skip_special_tokens drops: 0, 1, 2, 3, 105, 106, 255999, 256000, 262144 in Gemma's own numbering.
bool isSpecialName(std::string_view piece);

// Any added token of Gemma 3 but the runs of ▁: the special ones, <mask>, [multimodal], <unusedN>, runs of newlines or tabs,
// HTML tags.  Sources that type them wrongly (specification 7.4, "Known defect") are mended with this.
bool isGemmaAddedName(std::string_view piece);

// Those of them that stand in ordinary text: runs of newlines or tabs, HTML tags.
bool isTypableName(std::string_view piece);

// Two or more ▁ and nothing else.
bool isSpaceRun(std::string_view piece);

// The byte of "<0xXX>" (two upper- or lower-case hexadecimal digits), or -1: "<0x-1>" and the like are no byte tokens.
int byteOfPiece(std::string_view piece);

}  // namespace lapidary::text
