// Tiny (or true-shape) random checkpoints with the true key names, in every naming, one file or shards, without LibTorch.
// Link lapidary::test_checkpoints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/shared/config/gemma3_config.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::test {

// 5 local + 1 global layer, hidden 32, MLP 48, 4 query / 2 key heads of 8, window 8, vocabulary 264 (boi 260, eoi 261, image 262).
config::Gemma3Config tinyTextConfig();
// The same with a 2-layer tower of width 16 (2 heads, picture 56, patch 14) and 4 image tokens.
config::Gemma3Config tinyVisionConfig();

// Specification 7.1, one row each.
enum class Naming : std::uint8_t {
    TextOnly,  // model.…                       (text-only configurations)
    Hub,  // language_model.model.…, vision_tower.vision_model.…
    StateDict452,  // model.language_model.…, model.vision_tower.vision_model.…
    StateDict56,  // model.language_model.…, model.vision_tower.…
    HubFlatVision,  // language_model.model.…, vision_tower.…
    BaseModel,  // language_model.…, vision_tower.vision_model.…
    BareText,  // embed_tokens.weight, layers.…  (base text model; text-only configurations)
};
std::string nameIn(Naming naming, const std::string& canonicalName);

// float32 values of a tensor, a function of seed and canonical name alone: the same in every naming, dtype and sharding.
// Norm offsets lie about 0, matrices have standard deviation 1/sqrt(columns), so activations stay finite.
std::vector<float> seededValues(const plan::Parameter& parameter, std::uint64_t seed);
// The same by portions: elements [begin, begin + count), so that a large model never lies in memory.
void seededValues(const plan::Parameter& parameter, std::uint64_t seed, std::int64_t begin, std::int64_t count, float* out);
// float32 to "F32", "BF16" or "F16" bytes.
std::string encodeValues(const std::string& dtype, const float* values, std::size_t count);

struct BuildOptions {
    Naming naming = Naming::Hub;  // TextOnly is taken for text-only configurations
    std::string dtype = "F32";  // "F32", "BF16", "F16"
    int shards = 1;  // more than 1: model-0000i-of-0000n.safetensors and an index
    std::uint64_t seed = 1;
    bool untiedHead = false;  // adds a head that differs from the embedding
    bool writeConfig = true;  // config.json (v5 style), generation_config.json, preprocessor_config.json
    // Last say over the tensors that will be written: rename, drop, reshape, change values.
    std::function<void(std::map<std::string, std::pair<plan::Parameter, std::vector<float>>>&)> edit;
};

// config.json (v5 style), generation_config.json and, for vision, preprocessor_config.json.
void writeConfigFiles(const std::filesystem::path& folder, const config::Gemma3Config& config, const std::string& dtype);

// Writes the checkpoint below `folder` (made where missing).  Throws std::runtime_error when it cannot.
void buildCheckpoint(const std::filesystem::path& folder, const config::Gemma3Config& config, const BuildOptions& options = {});

}  // namespace lapidary::test
