// The five released sizes (specification 1.1), for true-shape random models, tests and forecasts without a checkpoint.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/shared/base/result.h"
#include "core/shared/config/gemma3_config.h"

namespace lapidary::config {

// "270m", "1b", "4b", "12b", "27b".
std::vector<std::string> releasedSizes();

// As the instruction-tuned checkpoint says it (end tokens 1 and 106).  Errors: NotFound naming the sizes.
Result<Gemma3Config> releasedConfig(std::string_view size);

}  // namespace lapidary::config
