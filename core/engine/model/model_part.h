// Which part of the model a process holds, and how it is held.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/engine/ops/weight.h"
#include "kernels/block_format.h"

namespace lapidary::model {

// A pipeline stage, in Megatron's words: the first (preProcess) embeds tokens and pictures, the last (postProcess) has the final
// norm and the head.  Names and layer numbers stay those of the whole model.
struct ModelPart {
    std::int64_t layerBegin = 0;
    std::int64_t layerEnd = -1;  // -1: to the last layer
    bool preProcess = true;
    bool postProcess = true;
    std::optional<int> vpStage;  // number of the virtual stage on this rank; carried, not interpreted
};

enum class WeightStorage : std::uint8_t {
    AsStored,  // in place, read-only: inference
    Trainable,  // private float32 or bfloat16 tensors that require a gradient until frozen
};

struct LoadOptions {
    ops::Precision precision = ops::Precision::Float32;
    at::Device device = at::kCPU;
    // Q8_0, Q4_0, Int8Row or Int4Group128: matrices of a float source are quantised while they are loaded
    // (core/data/checkpoint/quantize_source.h).
    std::optional<kernels::BlockFormat> quantize;
    WeightStorage storage = WeightStorage::AsStored;
    // With Trainable storage: which parameters are to learn; the others are held as AsStored.  Empty: all.
    std::function<bool(const std::string& canonicalName)> learns;
    ModelPart part;
};

}  // namespace lapidary::model
