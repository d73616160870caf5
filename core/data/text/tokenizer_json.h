// tokenizer.json of Hugging Face's `tokenizers`, read as a stream: 33 MB of text become the few tables that we need, without a
// document tree (specification 6.1, 6.2).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/text/segment_encoder.h"
#include "core/data/text/vocabulary.h"
#include "core/shared/base/result.h"

namespace lapidary::text {

// Gemma 3's file has 33 MB; larger ones than this are refused before they are read (Fault16).
inline constexpr std::size_t kMaxTokenizerJsonBytes = std::size_t{64} << 20;

struct TokenizerJson {
    Vocabulary vocabulary;  // typed, scores still 0
    std::vector<AddedToken> added;
    std::vector<MergeRule> merges;  // in rank order
    UnknownCharacters unknown = UnknownCharacters::Fuse;
    std::vector<std::string> warnings;
};

// Errors: InvalidFile (not JSON, with the byte), InvalidData (key path, expected, found), Unsupported (a model, normaliser or
// decoder that is not Gemma's kind).
Result<TokenizerJson> parseTokenizerJson(std::string_view bytes, const std::string& name);

// SentencePiece's scores from which exactly these merges follow (specification 6.2): the n-th piece of the merge list gets -n.
// Nothing where no scores do: some split of a piece is missing, a piece's merges are scattered, or runs of spaces do not come first.
std::optional<std::vector<float>> scoresFromMerges(const TokenizerJson& tokenizer);

}  // namespace lapidary::text
