// A whole Gemma 3 configuration: text always, vision where the checkpoint has a tower (specification 1.3, 1.4).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/shared/base/result.h"
#include "core/shared/config/text_config.h"
#include "core/shared/config/vision_config.h"

namespace lapidary::config {

struct Gemma3Config {
    TextConfig text;
    std::optional<VisionConfig> vision;
    std::int64_t mmTokensPerImage = 256;
    std::int64_t boiTokenIndex = 255999;
    std::int64_t eoiTokenIndex = 256000;
    std::int64_t imageTokenIndex = 262144;
    std::string dtype = "bfloat16";       // "float32", "float16", "bfloat16": what the file says, not what is run
    std::vector<std::string> warnings;    // readings that a person should know of (an old key, an ignored one)

    [[nodiscard]] bool isVisionLanguage() const { return vision.has_value(); }
    // Same model: everything but the warnings.
    bool operator==(const Gemma3Config& other) const;
};

// Resolves every style of config.json, fills absent and null keys with transformers' defaults, checks every size.
// Errors: InvalidData naming the key (text_config.num_hidden_layers …), expected and found.
Result<Gemma3Config> parseGemma3Config(const nlohmann::json& root);

// The v5 style ("rope_parameters", "layer_types"), every key spelled out; parseGemma3Config reads it back equal.
nlohmann::json toJson(const Gemma3Config& config);

}  // namespace lapidary::config
