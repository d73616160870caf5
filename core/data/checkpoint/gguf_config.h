// A GGUF's metadata as the configuration that a config.json would have said (specification 7.4, 7.5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/data/files/gguf_file.h"
#include "core/data/text/tokenizer.h"
#include "core/shared/base/result.h"
#include "core/shared/config/gemma3_config.h"

namespace lapidary::checkpoint {

// Errors: Unsupported where general.architecture is another one than `expected` ("gemma3", "clip"), or the file one part of several.
Result<void> checkGgufArchitecture(const files::GgufFile& file, const std::string& expected);

// `mmproj` null: text only.  `embeddingRows`: rows of token_embd after trimming.  `vocabulary` may be null.
// Errors: Unsupported (another architecture, a split file), InvalidData (a missing or impossible key).
Result<config::Gemma3Config> readGgufConfig(const files::GgufFile& text, const files::GgufFile* mmproj,
                                            std::int64_t embeddingRows, const text::GgufVocabulary* vocabulary);

// image_mean, image_std of an mmproj file over the defaults of `config`.
Result<ImageProcessorSettings> readGgufImageProcessor(const files::GgufFile& mmproj, const config::Gemma3Config& config);

}  // namespace lapidary::checkpoint
