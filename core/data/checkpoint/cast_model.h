// `convert cast`: a model's folder with its weights in another type of number, and the proof that only rounding changed them.  A block of
// numbers at a time is in memory, whatever the model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::checkpoint {

struct CastRequest {
    std::filesystem::path model;  // a Hugging Face folder
    std::string dtype;  // "float32", "bfloat16", "float16"
    std::filesystem::path output;  // must not exist
    std::function<void(const std::string& tensor, double fraction)> onProgress;
};

// What was measured on the finished folder, opened anew.
struct CastReport {
    std::int64_t tensors = 0;
    std::int64_t castTensors = 0;  // of these, stored in another type before
    std::int64_t bytes = 0;  // of all tensors
    double largestChange = 0.0;  // of a number, relative to it
    std::vector<std::string> warnings;
};

// model.safetensors under hub names, config.json with the new dtype, and whatever else transformers reads beside them.
// Errors: Usage (an unknown dtype; the output exists), Unsupported (GGUF, quantised weights), InvalidData (a number that float16 cannot
// hold), those of opening, Io; Different when the folder is not what it should be: then nothing is left.
Result<CastReport> castModel(const CastRequest& request, std::stop_token stop = {});

}  // namespace lapidary::checkpoint
