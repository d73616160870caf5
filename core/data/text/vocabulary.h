// A vocabulary as any source gives it, before it becomes a tokenizer: pieces with scores and types in SentencePiece's terms.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/text/piece_table.h"

namespace lapidary::text {

// SentencePiece's numbers (sentencepiece_model.proto, ModelProto.SentencePiece.Type); GGUF's token types are the same.
enum class PieceType : std::uint8_t { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };

struct Vocabulary {
    PieceTable pieces;             // indexed
    std::vector<float> scores;     // [pieces]
    std::vector<PieceType> types;  // [pieces]
    bool byteFallback = true;
    std::int64_t unknownId = -1;
    std::int64_t bosId = -1;
    std::int64_t eosId = -1;
    std::int64_t padId = -1;
};

// A string that is split off before BPE.
struct AddedToken {
    std::int64_t id = 0;
    std::string content;
    bool special = false;
};

}  // namespace lapidary::text
