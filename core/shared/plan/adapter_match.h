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
#include "core/shared/plan/freeze_plan.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::plan {

struct PeftSection;

// One linear layer with a delta.
struct AdapterTarget {
    std::string module;  // canonical, without ".weight"
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
    std::vector<Parameter> saved;  // parameters of modulesToSave, in the table's order

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

// "language_model.model.layers.0.mlp.up_proj" → "model.language_model.layers.0.mlp.up_proj"; of modules and of parameters.
std::string peftName(const std::string& canonical, bool visionLanguage);

// A recipe's section as a spec.  Bridge's names (linear_qkv, linear_proj, linear_fc1, linear_fc2) become peft's in the parts that
// `plan` gives an adapter, as one expression where the model has a tower (its projections have the same names).
AdapterSpec adapterSpec(const PeftSection& section, const FreezePlan& plan, bool visionLanguage);

}  // namespace lapidary::plan
