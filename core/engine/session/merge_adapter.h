// `convert merge`: a base model and adapters become one Hugging Face folder, and the folder is proved (specification megatron 7.2).
// Sums are made in float32 and rounded to the type of the base; at most a block of rows is in memory, whatever the model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::session {

struct MergeRequest {
    std::string model;  // as --model; safetensors only
    std::vector<std::string> adapters;  // peft folders, merged one after the other
    std::filesystem::path output;  // must not exist
    std::function<void(const std::string& tensor, double fraction)> onProgress;
};

// What was measured on the finished folder, opened anew.
struct MergeReport {
    std::int64_t tensors = 0;
    std::int64_t changedTensors = 0;  // of these, bytes that differ from the base's
    std::int64_t touchedTensors = 0;  // that the adapters stand beside or replace
    std::int64_t bytes = 0;
    double mergedToAdapter = 0.0;  // largest difference of a logit: merged model against base with adapters
    double mergedToBase = 0.0;  // the same against the base alone
    double tolerance = 0.0;  // for mergedToAdapter: rounding of the type that the weights are stored in
    std::vector<std::string> warnings;
};

// Writes `<output>.partial`, proves it, renames it.  The configuration, tokenizer and other small files of the base are copied.
// Errors: Usage (the output exists, or lies in the source), Unsupported (GGUF; a head that would no longer be tied; adapters that go
// round the norms), those of opening; Different when the folder is not what it should be: then nothing is left.
Result<MergeReport> mergeAdapter(const MergeRequest& request, std::stop_token stop = {});

// Allowed difference of a logit of size `largest` after rounding `tensors` matrices to a type: each adds an independent relative error of
// half its epsilon; at least the sums' own rounding in float32, 3e-5 of the size, as of peft's merges.
double mergeTolerance(double epsilon, std::int64_t tensors, double largest);

}  // namespace lapidary::session
