// Memory that a checkpoint will take, part by part, from what it really stores.
#pragma once

#include <cstdint>
#include <string>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/shared/base/result.h"
#include "core/shared/plan/memory_forecast.h"

namespace lapidary::session {

// dtype: "auto", "float32", "bfloat16"; quantize: empty or as --quantize.  Errors: Usage for an unknown
// quantisation, or one of weights that are quantised already.
Result<plan::MemoryForecast> forecastOf(const checkpoint::Checkpoint& checkpoint, std::int64_t contextTokens,
                                        const std::string& dtype, const std::string& quantize);

}  // namespace lapidary::session
