// SentencePiece's model file, read and written without libprotobuf: the few fields that a BPE model needs
// (sentencepiece_model.proto; protobuf's wire format, https://protobuf.dev/programming-guides/encoding).
#pragma once

#include <string>
#include <string_view>

#include "core/data/text/vocabulary.h"
#include "core/shared/base/result.h"

namespace lapidary::text {

// Errors: InvalidFile (not the wire format, with the byte offset; pieces that are empty, doubled, or not UTF-8; a score that is
// not finite; no pieces, or more than kMaxPieces), Unsupported (unigram models, models with normalisation rules).
Result<Vocabulary> parseSentencePieceModel(std::string_view bytes, const std::string& name);

// A model that libsentencepiece loads: BPE, no normalisation, no dummy prefix, white space kept.
std::string serializeSentencePieceModel(const Vocabulary& vocabulary);

}  // namespace lapidary::text
