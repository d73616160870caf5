// One door for every checkpoint: a Hugging Face folder (one file, shards and an index), a single .safetensors, or a GGUF,
// alone or with its mmproj file.  Weights stay mapped; what a person should know comes back as warnings.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/data/checkpoint/tensor_source.h"
#include "core/data/text/tokenizer.h"
#include "core/shared/base/result.h"
#include "core/shared/config/gemma3_config.h"
#include "core/shared/config/generation_config.h"

namespace lapidary::checkpoint {

// Where the tokenizer can be made from.  Paths are set only where the file exists.
struct TokenizerMaterial {
    std::optional<std::filesystem::path> sentencePieceModel;  // tokenizer.model
    std::optional<std::filesystem::path> tokenizerJson;
    std::optional<std::filesystem::path> tokenizerConfigJson;
    std::optional<std::filesystem::path> chatTemplateJinja;
    std::shared_ptr<const text::GgufVocabulary> gguf;
    std::optional<std::string>
        chatTemplate;  // from tokenizer.chat_template of a GGUF, chat_template.jinja/.json, or tokenizer_config.json
};

// preprocessor_config.json or processor_config.json, filled with the processor's call-time defaults (specification 5.1).
struct ImageProcessorSettings {
    std::int64_t height = 896;
    std::int64_t width = 896;
    std::array<double, 3> mean{0.5, 0.5, 0.5};
    std::array<double, 3> standardDeviation{0.5, 0.5, 0.5};
    double rescaleFactor = 1.0 / 255.0;
    std::int64_t imageSequenceLength = 256;  // soft tokens a view
    bool doPanAndScan = false;
    std::int64_t panAndScanMinCropSize = 256;
    std::int64_t panAndScanMaxNumCrops = 4;
    double panAndScanMinRatioToActivate = 1.2;
};

enum class CheckpointKind : std::uint8_t { HuggingFace, Gguf };
const char* checkpointKindName(CheckpointKind kind);  // "huggingface", "gguf"

struct Checkpoint {
    CheckpointKind kind = CheckpointKind::HuggingFace;
    std::filesystem::path folder;               // that holds the files
    std::vector<std::filesystem::path> files;   // weight files, as opened
    config::Gemma3Config config;                // shapes have won over config.json where that was safe
    std::optional<config::GenerationConfig> generation;
    std::shared_ptr<TensorSource> tensors;      // exactly the tensors of the parameter table, canonical names
    bool untiedHead = false;                    // lm_head is stored and differs from the embedding
    TokenizerMaterial tokenizer;
    std::optional<ImageProcessorSettings> imageProcessor;  // of vision-language checkpoints
    std::vector<std::string> warnings;          // sentences for a person
};

struct OpenOptions {
    std::optional<std::filesystem::path> mmproj;  // vision part of a GGUF
};

// `path`: a folder, a .safetensors file or its index inside one, or a .gguf.
// Errors: NotFound (no such path; no weights in the folder; a tensor that the configuration needs), InvalidFile, InvalidData (shapes
// against configuration, index against shards), Unsupported (pickled weights, foreign architectures).
Result<Checkpoint> openCheckpoint(const std::filesystem::path& path, const OpenOptions& options = {});

}  // namespace lapidary::checkpoint
