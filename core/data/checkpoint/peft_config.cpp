// adapter_config.json: keys of peft 0.21's LoraConfig.
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/data/checkpoint/peft_adapter.h"
#include "core/shared/base/json.h"

namespace lapidary::checkpoint {
namespace {

constexpr const char* kWhere = "adapter_config.json";
constexpr const char* kPeftVersion = "0.21.2";  // whose files these are

// Keys that change what an adapter computes and that are not supported: anything but these values is refused.
bool isEmpty(const Json& value) {
    return value.is_null() || (value.is_boolean() && !value.get<bool>()) || (value.is_structured() && value.empty());
}

Result<void> refuseOtherMethods(const Json& root) {
    ASSIGN_OR_RETURN(const auto type, findString(root, "peft_type", kWhere));
    if (type.value_or("LORA") != "LORA")
        return Error{ErrorCode::Unsupported, "peft_type is '" + clipText(*type, 40) + "'; LORA (with or without DoRA) is read",
                     kWhere};
    ASSIGN_OR_RETURN(const auto bias, findString(root, "bias", kWhere));
    if (bias.value_or("none") != "none")
        return Error{ErrorCode::Unsupported, "bias is '" + clipText(*bias, 40) + "'; adapters without trained biases are read",
                     kWhere};
    for (const char* key : {"fan_in_fan_out", "lora_bias", "use_qalora", "use_bdlora", "alora_invocation_tokens",
                            "arrow_config", "layer_replication", "target_parameters", "trainable_token_indices", "kasa_config",
                            "monteclora_config", "velora_config"}) {
        if (root.contains(key) && !isEmpty(root[key])) {
            return Error{ErrorCode::Unsupported,
                         std::string(key) + " is " + describeJson(root[key]) + "; adapters that use it are not read", kWhere};
        }
    }
    return {};
}

// null, "one expression", or a list of names.
Result<plan::ModuleNames> findModules(const Json& root, const char* key) {
    plan::ModuleNames modules;
    if (!root.contains(key) || root[key].is_null()) return modules;
    const Json& value = root[key];
    if (value.is_string()) {
        modules.expression = value.get<std::string>();
        return modules;
    }
    if (!value.is_array())
        return Error{ErrorCode::InvalidData, std::string(key) + ": expected a string or a list, found " + describeJson(value),
                     kWhere};
    for (const Json& name : value) {
        if (!name.is_string())
            return Error{ErrorCode::InvalidData, std::string(key) + ": expected names, found " + describeJson(name), kWhere};
        modules.list.push_back(name.get<std::string>());
    }
    return modules;
}

template <class Value>
Result<std::map<std::string, Value>> findPattern(const Json& root, const char* key) {
    std::map<std::string, Value> pattern;
    if (!root.contains(key) || root[key].is_null()) return pattern;
    if (!root[key].is_object())
        return Error{ErrorCode::InvalidData, std::string(key) + ": expected an object, found " + describeJson(root[key]),
                     kWhere};
    for (const auto& [name, value] : root[key].items()) {
        std::optional<Value> number;
        if constexpr (std::is_integral_v<Value>) {
            ASSIGN_OR_RETURN(number, findInteger(root[key], name, std::string(kWhere) + ": " + key));
        } else {
            ASSIGN_OR_RETURN(number, findNumber(root[key], name, std::string(kWhere) + ": " + key));
        }
        if (number) pattern[name] = *number;
    }
    return pattern;
}

Result<void> readNumbers(const Json& root, plan::AdapterSpec& spec) {
    ASSIGN_OR_RETURN(const auto rank, findInteger(root, "r", kWhere));
    ASSIGN_OR_RETURN(const auto alpha, findNumber(root, "lora_alpha", kWhere));
    ASSIGN_OR_RETURN(const auto dropout, findNumber(root, "lora_dropout", kWhere));
    spec.r = rank.value_or(8);
    spec.alpha = alpha.value_or(8.0);
    spec.dropout = dropout.value_or(0.0);
    if (spec.r < 1) return Error{ErrorCode::InvalidData, "r: expected at least 1, found " + std::to_string(spec.r), kWhere};
    if (!std::isfinite(spec.alpha) || spec.dropout < 0.0 || !(spec.dropout < 1.0))
        return Error{ErrorCode::InvalidData, "lora_alpha must be finite and lora_dropout from 0 to below 1", kWhere};
    ASSIGN_OR_RETURN(spec.rankPattern, findPattern<std::int64_t>(root, "rank_pattern"));
    ASSIGN_OR_RETURN(spec.alphaPattern, findPattern<double>(root, "alpha_pattern"));
    return {};
}

nlohmann::json asJson(const plan::ModuleNames& modules) {
    if (modules.expression) return *modules.expression;
    if (modules.list.empty()) return nullptr;
    return modules.list;
}

// peft writes whole numbers as they were given: 8, not 8.0.
nlohmann::json number(double value) {
    if (value == std::floor(value) && std::abs(value) < 1e15) return static_cast<std::int64_t>(value);
    return value;
}

}  // namespace

Result<PeftConfig> parsePeftConfig(const nlohmann::json& root) {
    if (!root.is_object()) return Error{ErrorCode::InvalidData, "expected an object, found " + describeJson(root), kWhere};
    RETURN_IF_ERROR(refuseOtherMethods(root));
    PeftConfig config;
    plan::AdapterSpec& spec = config.spec;
    RETURN_IF_ERROR(readNumbers(root, spec));
    ASSIGN_OR_RETURN(const auto dora, findBool(root, "use_dora", kWhere));
    ASSIGN_OR_RETURN(const auto rslora, findBool(root, "use_rslora", kWhere));
    ASSIGN_OR_RETURN(const auto tying, findBool(root, "ensure_weight_tying", kWhere));
    ASSIGN_OR_RETURN(const auto bypass, findBool(root, "lapidary_post_norm_bypass", kWhere));
    spec.kind = dora.value_or(false) ? plan::AdapterKind::Dora : plan::AdapterKind::Lora;
    spec.useRslora = rslora.value_or(false);
    spec.ensureWeightTying = tying.value_or(false);
    spec.postNormBypass = bypass.value_or(false);
    ASSIGN_OR_RETURN(spec.targetModules, findModules(root, "target_modules"));
    ASSIGN_OR_RETURN(spec.excludeModules, findModules(root, "exclude_modules"));
    ASSIGN_OR_RETURN(const plan::ModuleNames saved, findModules(root, "modules_to_save"));
    if (saved.expression) return Error{ErrorCode::InvalidData, "modules_to_save: expected a list, found a string", kWhere};
    spec.modulesToSave = saved.list;
    ASSIGN_OR_RETURN(const auto base, findString(root, "base_model_name_or_path", kWhere));
    config.baseModel = base.value_or("");
    return config;
}

std::string peftConfigText(const PeftAdapter& adapter) {
    const plan::AdapterSpec& spec = adapter.spec;
    nlohmann::json root;  // sorted by key, as peft's own output
    for (const char* key :
         {"alora_invocation_tokens", "arrow_config", "corda_config", "eva_config", "kasa_config", "layer_replication",
          "layers_pattern", "layers_to_transform", "lora_ga_config", "megatron_config", "monteclora_config", "revision",
          "target_parameters", "task_type", "trainable_token_indices", "use_bdlora", "velora_config"}) {
        root[key] = nullptr;
    }
    for (const char* key : {"fan_in_fan_out", "lora_bias", "use_qalora"}) root[key] = false;
    root["auto_mapping"] = {
        {"base_model_class", adapter.visionLanguage ? "Gemma3ForConditionalGeneration" : "Gemma3ForCausalLM"},
        {"parent_library", "transformers.models.gemma3.modeling_gemma3"}};
    root["base_model_name_or_path"] = adapter.baseModel;
    root["bias"] = "none";
    root["ensure_weight_tying"] = spec.ensureWeightTying;
    root["exclude_modules"] = asJson(spec.excludeModules);
    root["inference_mode"] = true;
    root["init_lora_weights"] = true;
    root["loftq_config"] = nlohmann::json::object();
    root["lora_alpha"] = number(spec.alpha);
    root["lora_dropout"] = spec.dropout;
    root["megatron_core"] = "megatron.core";
    root["modules_to_save"] = asJson({.list = spec.modulesToSave, .expression = {}});
    root["peft_type"] = "LORA";
    root["peft_version"] = kPeftVersion;
    root["qalora_group_size"] = 16;
    root["r"] = spec.r;
    root["rank_pattern"] = nlohmann::json(spec.rankPattern);
    root["alpha_pattern"] = nlohmann::json::object();
    for (const auto& [name, alpha] : spec.alphaPattern) root["alpha_pattern"][name] = number(alpha);
    root["target_modules"] = asJson(spec.targetModules);
    root["use_dora"] = spec.kind == plan::AdapterKind::Dora;
    root["use_rslora"] = spec.useRslora;
    if (spec.postNormBypass) root["lapidary_post_norm_bypass"] = true;  // others must not think these numbers theirs
    return root.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace lapidary::checkpoint
