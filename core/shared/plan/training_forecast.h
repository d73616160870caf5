// Private memory that a training run will need at its peak, by item, before anything is loaded: two steps are run on tensors without
// numbers (shadow_model.h), which allocate, keep and free what the trainer does, and the fullest moment is told.  Mapped weights are not
// private: the system may drop and read them again; they are told apart.
//
//   weights              private copies: what learns, and what is held in another form than the file's (norms, biases, positions; with
//   master weights       bfloat16 also matrices of float32 files)
//   gradients            as far as they exist at that moment
//   optimizer states     two float32 a number, or two bytes and two float32 per 256 (tensors of 4096 numbers and more)
//   adapter              its weights
//   pictures             pixels of a step, and the samples that are made ready beside it
//   activations          of the language model: what is kept for the backward pass, and what lives inside an operation
//   vision activations   the same of tower and projector
//   logits               the block of the loss, hidden states and gradients of the answer's places
//   working memory       gradients on their way back
//   program              code's private pages, libraries, tokenizer, threads' buffers, and what the allocator keeps back
//
// "Measured" is what a run tells as private_bytes: the peak of its anonymous resident memory (core/shared/base/private_memory.h).
#pragma once

#include <cstdint>
#include <functional>

#include "core/shared/config/gemma3_config.h"
#include "core/shared/plan/adapter_match.h"
#include "core/shared/plan/freeze_plan.h"
#include "core/shared/plan/memory_forecast.h"
#include "core/shared/plan/recipe.h"

namespace lapidary::plan {

// What no shape says: measured (tests/bench/memory_estimate.py).
struct TrainingCosts {
    std::int64_t programBytes =
        (161 << 20) / 2;  // LibTorch's registries, its libraries' private pages, MKL's buffers of one thread
    std::int64_t pieceBytes = 298;  // a piece of the vocabulary, in the tokenizer
    std::int64_t bfloat16Bytes = 10 << 20;  // oneDNN's compiled products of bfloat16 matrices
    double allocatorOverhead = 1.02;  // of tensors: pages that are not filled, nodes of the graph
};

struct TrainingForecastSettings {
    FreezePlan freeze;
    const AdapterMatch* adapter = nullptr;  // what an adapter stands beside, or none
    AdapterKind adapterKind = AdapterKind::Lora;
    double adapterDropout = 0.0;
    Precision precision = Precision::Float32;
    StateDtype states = StateDtype::Float32;
    TrainTask task = TrainTask::Answers;
    bool activationCheckpointing = false;
    std::int64_t microBatches = 1;  // of a step
    std::int64_t rows = 1;  // samples of a micro-batch
    std::int64_t tokens = 1024;  // of a sample, after padding
    std::int64_t answerTokens = 256;  // of a micro-batch: places that have a target
    std::int64_t views = 0;  // of pictures in a micro-batch
    bool packed = false;  // sequences behind a shared prefix
    bool visionStatesCached = false;  // the frozen tower's output comes from the disk
    std::int64_t lossBlockBytes = 64 << 20;
    std::int64_t threads = 1;
    bool untiedHead = false;
    std::function<std::int64_t(const Parameter&)> weightBytes;  // as stored; empty: bfloat16
    TrainingCosts costs;
};

struct TrainingForecast {
    MemoryForecast memory;  // private, items as above; those of 0 bytes are left out
    std::int64_t mappedBytes = 0;  // weights read in place
    std::int64_t learningNumbers = 0;
};

// The largest sample of a set: its length, the places that have a target, its views, each the largest of all samples.
struct SampleExtent {
    std::int64_t tokens = 0;
    std::int64_t answers = 0;
    std::int64_t views = 0;
    bool operator==(const SampleExtent&) const = default;
};
// What a recipe lets a sample be where nothing is known of its data: as long as it may, half of it answer, and where the model has a
// tower with one picture and all its crops.
SampleExtent largestSample(const Recipe& recipe, bool visionLanguage);

// What a recipe (or one stage of it) says.  The adapter's match and the stored sizes of weights are left to the caller.
TrainingForecastSettings forecastSettings(const Recipe& recipe, const FreezePlan& freeze, const SampleExtent& sample);

TrainingForecast forecastTraining(const config::Gemma3Config& config, const TrainingForecastSettings& settings);

}  // namespace lapidary::plan
