// Gemma 3's tokenizer from each kind of source, loaded once a process.
#pragma once

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include "core/data/text/tokenizer.h"

namespace lapidary::test {

enum class GemmaSource { TokenizerJson, SentencePieceModel, Gguf };

std::shared_ptr<const text::Tokenizer> gemmaTokenizer(GemmaSource source);
std::string gemmaSourceName(GemmaSource source);
inline void PrintTo(GemmaSource source, std::ostream* out) {  // for GoogleTest
    *out << gemmaSourceName(source);
}

// The regenerated tokenizer.json in the build folder.
std::filesystem::path gemmaTokenizerJsonPath();

// The vocabulary as llama.cpp's converter stores it: runs of spaces as plain spaces, <unusedN> and the turn and image markers typed
// control, added tokens with score -1000.
text::GgufVocabulary gemmaGgufVocabulary();

}  // namespace lapidary::test
