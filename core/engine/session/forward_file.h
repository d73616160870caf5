// One forward written to a safetensors file, for parity work (the layout is cli.md's, "`forward` file").
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <vector>

#include "core/engine/session/model.h"

namespace lapidary::session {

struct ForwardRequest {
    std::vector<std::int64_t> ids;   // [seq]
    at::Tensor pixelValues;          // [crops, 3, size, size] float32, or undefined
    std::int64_t lastLogits = 0;     // logits of that many last positions; 0: all
    bool hiddenStates = false;       // hidden_states.N [seq, hidden], N = 0 … layers
    bool attentions = false;         // attentions.N [heads, seq, seq]
    bool imageFeatures = false;      // image_features [crops, tokens, hidden], and pixel_values
};

// input_ids [seq] int64 and logits [seq or last, vocab] float32 always; the rest as asked for.
// Errors: InvalidData (no ids; pixel values that do not fit), those of the model and of writing, Cancelled.
Result<void> writeForwardFile(const Model& model, const ForwardRequest& request, const std::filesystem::path& path,
                              std::stop_token stop = {});

// Tensor `pixel_values` [crops, 3, size, size] of a safetensors file, F32 or BF16, as float32.
// Errors: those of the file; InvalidData for another shape or dtype.
Result<at::Tensor> readPixelValues(const std::filesystem::path& path);

// Views of a processed prompt → [views, 3, size, size] float32; undefined without views.
at::Tensor pixelValuesOf(const processor::ProcessedPrompt& prompt, const image::ImageProcessor& processor);

}  // namespace lapidary::session
