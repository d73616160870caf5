// Adapters as Hugging Face's peft stores them (specification megatron 7.4): adapter_config.json and adapter_model.safetensors in one
// folder.  Read in every naming that peft, transformers and Megatron-Bridge have written; written as peft 0.21 writes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/shared/base/result.h"
#include "core/shared/config/gemma3_config.h"
#include "core/shared/plan/adapter_spec.h"
#include "kernels/block_format.h"

namespace lapidary::checkpoint {

enum class PeftRole : std::uint8_t {
    A,  // [r, in]
    B,  // [out, r]
    Magnitude,  // [out], DoRA
    Saved,  // a whole parameter that replaces the model's
};

struct PeftTensor {
    std::string name;  // canonical (tensor_source.h): of a parameter; for A, B and Magnitude the weight that they stand beside
    PeftRole role = PeftRole::A;
    kernels::BlockFormat format = kernels::BlockFormat::F32;  // F32, F16 or BF16
    std::vector<std::int64_t> shape;
    std::span<const std::byte> bytes;  // little-endian; may be unaligned
    std::shared_ptr<const void> owner;  // keeps `bytes` alive
};

struct PeftAdapter {
    plan::AdapterSpec spec;
    std::string baseModel;  // what the adapter was trained on, as its maker said it; may be empty
    bool visionLanguage = false;
    std::vector<PeftTensor> tensors;
    std::vector<std::string> warnings;
};

// Reads and checks everything against the model's configuration: every delta complete, of the shapes and the rank that model and
// adapter_config.json demand.  Errors: NotFound, InvalidFile, InvalidData (which tensor or key, expected, found), Unsupported (other
// methods than LoRA and DoRA, biases, pickled weights).
Result<PeftAdapter> openPeftAdapter(const std::filesystem::path& folder, const config::Gemma3Config& config);

// adapter_config.json alone.  Keys that nobody needs are ignored; those that would change the numbers are refused.
struct PeftConfig {
    plan::AdapterSpec spec;
    std::string baseModel;
    std::vector<std::string> warnings;
};
Result<PeftConfig> parsePeftConfig(const nlohmann::json& root);

// The text of adapter_config.json: every key of peft 0.21, sorted, indented by two.
std::string peftConfigText(const PeftAdapter& adapter);
// "base_model.model.model.language_model.layers.0.mlp.up_proj.lora_A.weight": the tensor's name in the file.
std::string peftTensorName(const PeftTensor& tensor, bool visionLanguage);

// Both files, each complete or absent; the folder is made where it does not exist.  Errors: Io, Usage.
Result<void> writePeftAdapter(const std::filesystem::path& folder, const PeftAdapter& adapter);

}  // namespace lapidary::checkpoint
