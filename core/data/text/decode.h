// The two halves of decoding that whole texts and streams share (specification 6.1, "Decode").
#pragma once

#include <string>
#include <string_view>

namespace lapidary::text {

// A piece that is no byte token, as it is shown: ▁ becomes a space.
std::string shownPiece(std::string_view piece);

// A run of byte tokens: itself if it is UTF-8, else one U+FFFD for each byte, its valid part included.
std::string shownBytes(std::string_view bytes);

}  // namespace lapidary::text
