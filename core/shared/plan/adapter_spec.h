// What a low-rank adapter is, in peft's words (LoraConfig of peft 0.21): plain data, read from a recipe or from adapter_config.json.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lapidary::plan {

enum class AdapterKind : std::uint8_t { Lora, Dora };
// How A begins: kaiming-uniform with a = sqrt(5) as peft, or xavier-normal as Megatron-Bridge.  B is always zero.
enum class AdapterInit : std::uint8_t { PeftDefault, Xavier };

// Modules by peft's rule: an entry of the list is a whole name or the end of one behind a dot; one expression matches whole names.
struct ModuleNames {
    std::vector<std::string> list;
    std::optional<std::string> expression;  // instead of the list

    [[nodiscard]] bool empty() const { return list.empty() && !expression; }
    bool operator==(const ModuleNames&) const = default;
};

struct AdapterSpec {
    AdapterKind kind = AdapterKind::Lora;
    std::int64_t r = 8;
    double alpha = 8.0;
    double dropout = 0.0;
    bool useRslora = false;  // alpha / sqrt(r) instead of alpha / r
    // "all-linear" as the only entry of the list: every linear layer but the head.
    ModuleNames targetModules;
    ModuleNames excludeModules;
    std::vector<std::string> modulesToSave;  // ends of module names: trained as a whole beside the deltas
    bool ensureWeightTying = false;  // a saved embedding serves the tied head too
    // The end of a module's name (an expression) → its own rank or alpha.
    std::map<std::string, std::int64_t> rankPattern;
    std::map<std::string, double> alphaPattern;
    AdapterInit init = AdapterInit::PeftDefault;
    // Megatron-Bridge's numerics: deltas of o_proj and down_proj go round the norm behind them (specification megatron 5.3).
    bool postNormBypass = false;

    bool operator==(const AdapterSpec&) const = default;
};

}  // namespace lapidary::plan
