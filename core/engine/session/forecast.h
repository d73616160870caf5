// Memory that a checkpoint will take, part by part, from what it really stores and how a load would hold that.
#pragma once

#include <cstdint>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/engine/model/model_part.h"
#include "core/shared/base/result.h"
#include "core/shared/plan/memory_forecast.h"

namespace lapidary::session {

// Bytes of a parameter once it is loaded.  On a CPU as stored, or as `quantize` makes it, or two a number where bfloat16 rounds floats; on
// a GPU always plain numbers of the precision, whatever the file holds.  0 for one that the checkpoint lacks.
std::int64_t heldBytes(const checkpoint::TensorSource& source, const plan::Parameter& parameter,
                       const model::LoadOptions& options);

// Errors: Usage for a quantisation of weights that are quantised already.
Result<plan::MemoryForecast> forecastOf(const checkpoint::Checkpoint& checkpoint, std::int64_t contextTokens,
                                        const model::LoadOptions& options);

}  // namespace lapidary::session
