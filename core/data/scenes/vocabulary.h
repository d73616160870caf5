// The demo model's own vocabulary: 1,024 pieces in Gemma 3's manner (byte fallback, runs of newlines and spaces, digits and capitals
// always single, so that printed text is spelled), learnt by byte-pair encoding from all that questions, answers and the
// prompt around pictures can say.  A function of this folder's wordings alone; nothing is read.
#pragma once

#include <cstdint>
#include <string>

#include "core/data/text/vocabulary.h"

namespace lapidary::scenes {

inline constexpr std::int64_t kVocabularySize = 1024;

// Gemma's ids where a small vocabulary can keep them (0 to 4), then the markers.
inline constexpr std::int64_t kPadId = 0;
inline constexpr std::int64_t kEosId = 1;
inline constexpr std::int64_t kBosId = 2;
inline constexpr std::int64_t kUnknownId = 3;
inline constexpr std::int64_t kStartOfTurnId = 5;
inline constexpr std::int64_t kEndOfTurnId = 6;
inline constexpr std::int64_t kStartOfImageId = 7;
inline constexpr std::int64_t kEndOfImageId = 8;
inline constexpr std::int64_t kImageSoftTokenId = 9;

text::Vocabulary makeVocabulary();

// The same as the bytes of a SentencePiece file (tokenizer.model).
std::string tokenizerModel();

}  // namespace lapidary::scenes
