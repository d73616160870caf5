// Defaults of generation (specification 8): generation_config.json, else greedy.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::config {

struct GenerationConfig {
    bool doSample = false;
    double temperature = 1.0;
    std::int64_t topK = 50;   // 0: off
    double topP = 1.0;
    double minP = 0.0;
    double repetitionPenalty = 1.0;
    std::vector<std::int64_t> eosTokenIds{1};
    std::int64_t padTokenId = 0;
    std::int64_t bosTokenId = 2;
    bool operator==(const GenerationConfig&) const = default;
};

// Errors: InvalidData naming the key.  Unknown keys are ignored; null counts as absent.
Result<GenerationConfig> parseGenerationConfig(const nlohmann::json& root);

}  // namespace lapidary::config
