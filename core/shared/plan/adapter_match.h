// Which modules of a model an adapter stands beside: peft's matching rule over the parameter table, with names as transformers 5 has
// them ("model.language_model.layers.0.self_attn.q_proj"; those of 4.52, with "vision_tower.vision_model", match too).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/shared/base/result.h"
#include "core/shared/config/gemma3_config.h"
#include "core/shared/plan/adapter_spec.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::plan {

// One linear layer with a delta.
struct AdapterTarget {
    std::string module;    // canonical, without ".weight"
    std::string peftName;  // as peft names it, without "base_model.model."
    Part part = Part::Language;
    std::int64_t out = 0;
    std::int64_t in = 0;
    std::int64_t r = 0;
    double alpha = 0.0;
    double scaling = 0.0;  // alpha / r, or alpha / sqrt(r)
};

struct AdapterMatch {
    std::vector<AdapterTarget> targets;  // in the table's order
    std::vector<Parameter> saved;        // parameters of modulesToSave, in the table's order

    [[nodiscard]] std::int64_t targetsIn(Part part) const;
    // Numbers that learn: A, B, magnitudes, saved modules.
    [[nodiscard]] std::int64_t parameters(AdapterKind kind) const;
};

// Errors: InvalidData when nothing matches (the nearest module names are in the message), an entry of a list matches nothing, a
// rank is below 1 or beyond the matrix's longer side, an expression cannot be read; Unsupported for a target that is no linear layer of
// the model (embedding, head, patches: name those in modulesToSave).
Result<AdapterMatch> matchAdapter(const AdapterSpec& spec, const config::Gemma3Config& config, bool untiedHead = false);

// Rank, alpha and scaling of one module (rankPattern, alphaPattern).  Errors: InvalidData as above.
struct AdapterRank {
    std::int64_t r = 0;
    double alpha = 0.0;
    double scaling = 0.0;
};
Result<AdapterRank> adapterRank(const AdapterSpec& spec, const std::string& peftName);

// "language_model.model.layers.0.mlp.up_proj" → "model.language_model.layers.0.mlp.up_proj", and back; also of parameters.
// The way back takes every naming of specification megatron 7.4; what it does not know it hands back as it is.
std::string peftName(const std::string& canonical, bool visionLanguage);
std::string canonicalOfPeft(const std::string& peftName, bool visionLanguage);

// Entries in Megatron-Bridge's words (linear_qkv, linear_proj, linear_fc1, linear_fc2) as peft's; others stay.  Bridge's mean the
// language model alone.
std::vector<std::string> peftSuffixes(const std::vector<std::string>& names);

}  // namespace lapidary::plan
