// Private memory that a training step will need at its peak, by item, before anything is loaded.  Mapped weights are not private: the
// system may drop and read them again; they are told apart.  T: tokens of a micro-batch with its padding; e: bytes of an activation.
//
//   trained weights      a private copy of every parameter that learns (float32; bfloat16 with master weights), and the small ones
//   master weights       that are held as float32 whatever the file says (norms, biases, positions)
//   gradients            one a number that learns
//   optimizer states     two float32 a number, or two bytes and two float32 per 256 (tensors of 4096 numbers and more)
//   adapter              its weights, gradients and states
//   activations          kept for the backward pass, a text layer (core/engine/model/gemma3_decoder_layer.cpp):
//                          T·e·(4 hidden + 2 queries + 3 keys + 2 intermediate), and where its matrices or deltas learn also their
//                          inputs (normed x, attention's result, normed x, gated product); with checkpointing T·e·hidden a layer
//                          and one whole layer
//   vision activations   the same for a tower that learns, V views of P patches: V·P·e·(9 hidden + 2 intermediate + heads) a layer;
//                          a frozen one needs those of one view in flight, and none where its states are cached
//   logits               the block of the loss, hidden states and gradients of the answer's places
//   working memory       the largest of what lives for a moment: gradients inside a layer, attention's blocks, the gradient of the
//                          largest matrix beside the sum that it is added to, the optimizer's float32 copies
//   program              code, libraries, threads, tokenizer, and what the allocator keeps back
#pragma once

#include <cstdint>
#include <functional>

#include "core/shared/config/gemma3_config.h"
#include "core/shared/plan/adapter_match.h"
#include "core/shared/plan/freeze_plan.h"
#include "core/shared/plan/memory_forecast.h"
#include "core/shared/plan/recipe.h"

namespace lapidary::plan {

// Every number of the formula that is not a shape: sizes of the engine's blocks, and what was measured.
struct TrainingCosts {
    std::int64_t attentionQueryBlock = 128;  // core/engine/ops/learning_attention.cpp
    std::int64_t attentionScoreBuffers = 4;  // probabilities, their gradient and two temporaries
    std::int64_t headRows = 4096;  // core/engine/train/blockwise_loss.cpp
    std::int64_t productScratchBytes = 4 << 20;  // core/engine/ops/stored_product.cpp
    std::int64_t eightBitBlock = 256;  // kernels/adam_w.h
    std::int64_t eightBitSmallest = 4096;  // core/engine/train/adam_w.cpp
    std::int64_t viewsAtOnce = 1;  // core/engine/model/gemma3_vl_model.cpp, on a CPU
    std::int64_t programBytes = 160 << 20;  // measured
    double allocatorOverhead = 1.02;  // measured: of everything but the program
};

struct TrainingForecastSettings {
    FreezePlan freeze;
    const AdapterMatch* adapter = nullptr;  // what an adapter stands beside, or none
    AdapterKind adapterKind = AdapterKind::Lora;
    double adapterDropout = 0.0;
    Precision precision = Precision::Float32;
    StateDtype states = StateDtype::Float32;
    bool activationCheckpointing = false;
    std::int64_t rows = 1;  // samples of a micro-batch
    std::int64_t tokens = 1024;  // of a sample, after padding
    std::int64_t answerTokens = 256;  // of a micro-batch: places that have a target
    std::int64_t views = 0;  // of pictures in a micro-batch
    bool visionStatesCached = false;  // the frozen tower's output comes from the disk
    std::int64_t lossBlockBytes = 64 << 20;
    bool untiedHead = false;
    std::function<std::int64_t(const Parameter&)> weightBytes;  // as stored; empty: bfloat16
    TrainingCosts costs;
};

struct TrainingForecast {
    MemoryForecast memory;  // private, items as above; those of 0 bytes are left out
    std::int64_t mappedBytes = 0;  // weights read in place
    std::int64_t learningNumbers = 0;
};

// What a recipe (or one stage of it) says; the samples are as long as they may be, each with `viewsOfSample` views, half of it answer.
// The adapter's match and the stored sizes of weights are left to the caller.
TrainingForecastSettings forecastSettings(const Recipe& recipe, const FreezePlan& freeze, std::int64_t viewsOfSample);

TrainingForecast forecastTraining(const config::Gemma3Config& config, const TrainingForecastSettings& settings);

}  // namespace lapidary::plan
