// A checkpoint opened as far as no tensor is needed: configuration, tokenizer, processor, chat template, defaults.
// Enough for tokenizing, counting and inspecting; `Model` adds the network.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/data/processor/gemma3_processor.h"
#include "core/data/text/chat_template.h"
#include "core/data/text/tokenizer.h"
#include "core/shared/base/result.h"
#include "core/shared/config/generation_config.h"

namespace lapidary::session {

struct OpenedCheckpoint {
    checkpoint::Checkpoint checkpoint;
    std::shared_ptr<const processor::Gemma3Processor> processor;  // null only with TokenizerNeed::Optional
    text::ChatTemplateCheck chatTemplate;  // without one: completion mode
    config::GenerationConfig generation;   // the checkpoint's own, else greedy with the configuration's end tokens
    std::vector<std::string> warnings;     // of all parts, sentences for a person

    [[nodiscard]] const config::Gemma3Config& config() const { return checkpoint.config; }
    [[nodiscard]] const text::Tokenizer& tokenizer() const { return processor->tokenizer(); }
};

// The small model that comes with Lapidary.
inline constexpr const char* kDemoModel = "demo";

// What a person gave as --model: "demo", a folder or file, or an id in the local Hugging Face cache.  (A folder of that name is
// "./demo".)  Errors: NotFound saying what was looked for.
Result<std::filesystem::path> resolveModelPath(const std::string& model);

// Whether a checkpoint without a tokenizer, or with one that cannot be used (then a warning says why), may be opened: token ids are
// enough for some work (parity, scoring).
enum class TokenizerNeed { Required, Optional };

// Errors: as openCheckpoint, Tokenizer::load and Gemma3Processor::create have them; NotFound when a required tokenizer is missing.
Result<OpenedCheckpoint> openWithProcessor(const std::filesystem::path& path, const std::filesystem::path& mmproj = {},
                                           TokenizerNeed need = TokenizerNeed::Required);

// A tokenizer alone: any checkpoint, a folder that holds only tokenizer files, or tokenizer.json / tokenizer.model itself.
Result<std::shared_ptr<const text::Tokenizer>> openTokenizer(const std::filesystem::path& path);

}  // namespace lapidary::session
