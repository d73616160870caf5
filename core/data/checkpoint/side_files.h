// The small files beside the weights: generation_config.json, preprocessor_config.json or processor_config.json, tokenizer files.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/shared/base/result.h"

namespace lapidary::checkpoint {

// Settings over `defaults` (size and tokens a view follow the model's configuration).  Accepts the flat form of
// preprocessor_config.json and the "image_processor" object of processor_config.json.  Errors: InvalidData naming the key.
Result<ImageProcessorSettings> parseImageProcessor(const nlohmann::json& root, const ImageProcessorSettings& defaults,
                                                   const std::string& source);

// What a model without these files gets: the picture size of its tower, its tokens a view, Gemma's mean and deviation.
ImageProcessorSettings defaultImageProcessor(const config::Gemma3Config& config);

// Fills generation, imageProcessor (of vision-language models) and tokenizer from the files that `checkpoint.folder` holds.
// Errors: InvalidData, InvalidFile naming the file.
Result<void> readSideFiles(Checkpoint& checkpoint);

// A JSON file of at most `maxBytes`.
Result<nlohmann::json> readJson(const std::filesystem::path& path, std::uint64_t maxBytes);

}  // namespace lapidary::checkpoint
