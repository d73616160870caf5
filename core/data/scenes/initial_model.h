// The demo model before its first step: a folder that every verb can open, with weights from a seed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/data/processor/gemma3_processor.h"
#include "core/shared/base/result.h"
#include "core/shared/config/gemma3_config.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::scenes {

// A made-up model path: this model, written into the folder of the run that begins with it.
inline constexpr const char* kInitialModelPath = "demo:initial";

// 4.3 M parameters: text hidden 192, 6 layers (two sliding, one global, twice), window 64; a tower of 4 layers and width 192 on
// 112 x 112 pixels; 16 soft tokens a view.
config::Gemma3Config demoConfig();

// Its processor: our vocabulary, views of 112 pixels, pan & scan as kPanAndScan says.
Result<processor::Gemma3Processor> demoProcessor();

// Initial values of one tensor, float32; a function of seed and name, the same on every machine.  Differs from transformers'
// initialisers where a model this small would not start to learn (a projector of zeros, positions a tenth as loud as the patches):
// projector N(0, 0.5 / sqrt(hidden)), position table 2-D sines times 0.7, text matrices N(0, 0.05).
std::vector<float> initialValues(const plan::Parameter& parameter, const config::Gemma3Config& config, std::uint64_t seed);

// config.json, generation_config.json, preprocessor_config.json, processor_config.json, chat_template.jinja,
// tokenizer_config.json, tokenizer.model, model.safetensors (float32: training starts from it).  Existing files are replaced.
// Errors: Io.
Result<void> writeInitialModel(const std::filesystem::path& folder, std::uint64_t seed);

}  // namespace lapidary::scenes
