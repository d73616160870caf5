// Whether what a model is about to learn is Gemma 3's template: one <bos>, turns that open and close, ids as the reference has them;
// and texts that were rendered before (fault 33).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/data/dataset/record.h"
#include "core/data/text/tokenizer.h"

namespace lapidary::dataset {

// Sentences about a rendered conversation, [seq] ids without padding; none: it is well formed.
std::vector<std::string> lintIds(std::span<const std::int64_t> ids, const text::Tokenizer& tokenizer);

// A fixed conversation rendered and compared with the ids of the reference (transformers, Gemma's own vocabulary); for another
// vocabulary its form alone is looked at.
std::vector<std::string> lintTokenizer(const text::Tokenizer& tokenizer);

// Template markers of Gemma and others inside the texts: "turn 1 holds <start_of_turn>".
std::vector<std::string> lintTexts(const Record& record);

}  // namespace lapidary::dataset
