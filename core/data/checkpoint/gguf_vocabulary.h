// tokenizer.ggml.* of a GGUF (specification 7.4) as plain data for the tokenizer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/data/files/gguf_file.h"
#include "core/data/text/tokenizer.h"
#include "core/shared/base/result.h"

namespace lapidary::checkpoint {

// Null where the file holds none, or one of another kind than SentencePiece (with a warning).
// Errors: InvalidData (lists of different lengths, an unknown piece type, a byte piece that names no byte, ids beyond the pieces).
Result<std::shared_ptr<const text::GgufVocabulary>> readGgufVocabulary(const files::GgufFile& file,
                                                                       std::vector<std::string>& warnings);

}  // namespace lapidary::checkpoint
