// What `lapidary bench` measures: rounds of reading, writing and looking, beside what they cost at least.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>

#include "core/engine/session/model.h"
#include "kernels/roofline.h"

namespace lapidary::app {

using BenchClock = std::chrono::steady_clock;
double secondsSince(BenchClock::time_point start);

// What a step of the text model costs at least: bytes read to make one token, operations for every token of a prompt.
struct TextCost {
    double bytesPerToken = 0.0;
    double flopsPerPromptToken = 0.0;
};
TextCost textCost(const session::Model& model);

// Seconds, the best of the rounds: what other programs do on the machine only ever adds.
struct Measured {
    double opening = 1e9;      // again, with its files in the page cache
    double prefill = 1e9;      // of the whole prompt
    double decode = 1e9;       // of all new tokens
    double imageEncode = 1e9;  // of one view
    kernels::Roofline roof;  // of the device that the model lies on
};

// What the model's device can do at most: on the CPU in float32, on a GPU in the dtype that the model computes in.
// Errors: OutOfMemory.
Result<kernels::Roofline> rooflineOf(const session::Model& model);

// Reads a prompt of `promptTokens` made-up ids into an empty cache, then writes `newTokens` given ones.
// Errors: Cancelled, those of the model.
Result<void> textRound(const std::shared_ptr<const session::Model>& model, std::int64_t promptTokens, std::int64_t newTokens,
                       Measured& measured, const std::stop_token& stop);

// Looks at one grey view; only for a model with a vision tower.  Errors: as textRound's.
Result<void> imageRound(const session::Model& model, Measured& measured, const std::stop_token& stop);

}  // namespace lapidary::app
