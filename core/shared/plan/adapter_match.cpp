// Rules of peft 0.21: `check_target_module_exists`, `get_pattern_key`, `_maybe_include_all_linear_layers` and `_set_trainable`.
#include "core/shared/plan/adapter_match.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "core/shared/base/json.h"
#include "core/shared/plan/name_pattern.h"
#include "core/shared/plan/recipe.h"

namespace lapidary::plan {
namespace {

constexpr std::string_view kVisionTower = "vision_tower.vision_model.";
constexpr std::string_view kWeight = ".weight";

Error invalid(const std::string& message, const std::string& where) { return Error{ErrorCode::InvalidData, message, where}; }

// Names under which peft could know a module: transformers 5.6 dropped "vision_model" from the tower's.
std::vector<std::string> namesOf(const std::string& canonical, bool visionLanguage) {
    std::vector<std::string> names{peftName(canonical, visionLanguage)};
    if (canonical.starts_with(kVisionTower)) names.push_back("model." + canonical);
    return names;
}

bool endsWithName(const std::string& name, const std::string& end) {
    return name == end || (name.size() > end.size() && name.ends_with(end) && name[name.size() - end.size() - 1] == '.');
}

// A ModuleNames that can be asked.
class Matcher {
public:
    static Result<Matcher> of(const ModuleNames& modules, const std::string& where) {
        Matcher matcher;
        matcher.m_list = modules.list;
        matcher.m_used.assign(modules.list.size(), false);
        if (modules.expression) {
            auto pattern = NamePattern::compile(*modules.expression);
            if (!pattern) return pattern.error().within(where);
            matcher.m_pattern = std::move(*pattern);
        }
        return matcher;
    }
    bool matches(const std::vector<std::string>& names) {
        bool found = false;
        for (const std::string& name : names) {
            if (m_pattern && m_pattern->matches(name)) found = true;
            for (std::size_t i = 0; i < m_list.size(); ++i) {
                if (!endsWithName(name, m_list[i])) continue;
                m_used[i] = true;
                found = true;
            }
        }
        return found;
    }
    // The first entry of the list that no module matched.
    [[nodiscard]] const std::string* unused() const {
        const auto found = std::find(m_used.begin(), m_used.end(), false);
        return found == m_used.end() ? nullptr : &m_list[static_cast<std::size_t>(found - m_used.begin())];
    }

private:
    std::vector<std::string> m_list;
    std::vector<bool> m_used;
    std::optional<NamePattern> m_pattern;
};

// A module whose parameters are saved as a whole may hold no delta.
bool isInside(const std::string& name, const std::vector<std::string>& modules) {
    const std::string dotted = "." + name + ".";
    return std::any_of(modules.begin(), modules.end(),
                       [&](const std::string& module) { return dotted.find("." + module + ".") != std::string::npos; });
}

bool isAllLinear(const ModuleNames& modules) {
    std::string word = modules.expression.value_or(modules.list.size() == 1 ? modules.list.front() : "");
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return word == "all-linear";
}

bool isLinear(const Parameter& parameter, const config::Gemma3Config& config) {
    return parameter.kind == Kind::Matrix && parameter.part != Part::Projection && parameter.name != headName(config);
}

// The last parts of all linear layers' names, for messages.
std::string knownNames(const std::vector<Parameter>& table, const config::Gemma3Config& config) {
    std::set<std::string> names;
    for (const Parameter& parameter : table) {
        if (!isLinear(parameter, config)) continue;
        const std::string module = parameter.name.substr(0, parameter.name.size() - kWeight.size());
        names.insert(module.substr(module.rfind('.') + 1));
    }
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

std::string nearestName(const std::string& wanted, const std::vector<Parameter>& table) {
    std::set<std::string> known;
    for (const Parameter& parameter : table) {
        for (std::size_t at = 0, dot = 0; dot != std::string::npos; at = dot + 1) {
            dot = parameter.name.find('.', at);
            known.insert(parameter.name.substr(at, dot == std::string::npos ? dot : dot - at));
        }
    }
    const std::string nearest = nearestKey(wanted.substr(wanted.rfind('.') == std::string::npos ? 0 : wanted.rfind('.') + 1),
                                           {known.begin(), known.end()});
    return nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
}

// Whether modules have the name that an entry gives, though none of them was taken.
bool isNameOfSome(const std::string& entry, const std::vector<Parameter>& table, bool visionLanguage) {
    return std::any_of(table.begin(), table.end(), [&](const Parameter& parameter) {
        if (!parameter.name.ends_with(kWeight)) return false;
        const auto names = namesOf(parameter.name.substr(0, parameter.name.size() - kWeight.size()), visionLanguage);
        return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return endsWithName(name, entry); });
    });
}

Result<void> requireMatches(const Matcher& matcher, const AdapterSpec& spec, const AdapterMatch& match,
                            const std::vector<Parameter>& table, const config::Gemma3Config& config) {
    if (const std::string* unused = matcher.unused(); unused != nullptr && !isAllLinear(spec.targetModules)) {
        const bool excluded = !spec.excludeModules.empty() && isNameOfSome(*unused, table, config.isVisionLanguage());
        return invalid("'" + clipText(*unused, 80) + "' matches no module of this model" +
                           (excluded ? "; what has this name is excluded, or lies in a part that gets no adapter"
                                     : nearestName(*unused, table)) +
                           " (its linear layers: " + knownNames(table, config) + ")",
                       "target_modules");
    }
    if (!match.targets.empty() || spec.targetModules.empty()) return {};
    return invalid(
        "no module of this model matches " +
            (spec.targetModules.expression ? "'" + clipText(*spec.targetModules.expression, 120) + "'" : "the list") +
            " once exclusions are taken away (its linear layers: " + knownNames(table, config) + ")",
        "target_modules");
}

Result<void> addTarget(const AdapterSpec& spec, const Parameter& parameter, const std::string& module, const std::string& name,
                       AdapterMatch& match) {
    ASSIGN_OR_RETURN(const AdapterRank rank, adapterRank(spec, name));
    const std::int64_t out = parameter.shape[0], in = parameter.shape[1];
    if (rank.r > std::max(out, in)) {
        return invalid("the rank " + std::to_string(rank.r) + " is larger than the matrix [" + std::to_string(out) + ", " +
                           std::to_string(in) + "] of '" + name + "'",
                       "r");
    }
    match.targets.push_back({module, name, parameter.part, out, in, rank.r, rank.alpha, rank.scaling});
    return {};
}

// A parameter of a module whose name, or whose parent's name, ends with an entry (peft asks for no dot before it here).
bool isSaved(const std::string& parameterName, const std::string& entry) {
    for (std::size_t dot = parameterName.rfind('.'); dot != std::string::npos && dot > 0;
         dot = parameterName.rfind('.', dot - 1)) {
        if (std::string_view(parameterName).substr(0, dot).ends_with(entry)) return true;
    }
    return false;
}

Result<void> addSaved(const AdapterSpec& spec, const config::Gemma3Config& config, const std::vector<Parameter>& table,
                      AdapterMatch& match) {
    std::vector<Parameter> candidates = table;
    const auto isHead = [&](const Parameter& parameter) { return parameter.name == headName(config); };
    if (std::none_of(table.begin(), table.end(), isHead)) {  // a tied head can be saved as a matrix of its own
        candidates.push_back({headName(config), {config.text.vocabSize, config.text.hiddenSize}, Part::Language, Kind::Matrix});
    }
    std::vector<bool> wanted(candidates.size(), false);
    for (const std::string& entry : spec.modulesToSave) {
        bool found = false;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            for (const std::string& name : namesOf(candidates[i].name, config.isVisionLanguage())) {
                if (!isSaved(name, entry)) continue;
                found = true;
                wanted[i] = true;
            }
        }
        if (!found) {
            return invalid("'" + clipText(entry, 80) + "' is no module of this model" + nearestName(entry, candidates),
                           "modules_to_save");
        }
    }
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (wanted[i]) match.saved.push_back(candidates[i]);
    }
    return {};
}

std::vector<std::string> bridgeNames(const std::string& name, Part part) {
    const bool vision = part == Part::Vision;
    if (name == "linear_qkv") return {"q_proj", "k_proj", "v_proj"};
    if (name == "linear_proj") return {vision ? "out_proj" : "o_proj"};
    if (name == "linear_fc1")
        return vision ? std::vector<std::string>{"fc1"} : std::vector<std::string>{"gate_proj", "up_proj"};
    if (name == "linear_fc2") return {vision ? "fc2" : "down_proj"};
    return {};
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        if (!text.empty()) text += '|';
        for (const char c : name) {  // a name is literal here
            if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) text += '\\';
            text += c;
        }
    }
    return text;
}

// Both towers have a q_proj: names by peft's rule would reach a part that is frozen, or learns by itself.
std::string withoutAdapters(const FreezePlan& plan) {
    std::string expression;
    if (plan.vision != Training::Adapter) expression = "^.*vision_tower.*$";
    if (plan.language != Training::Adapter)
        expression += std::string(expression.empty() ? "" : "|") + "^.*language_model.*$|^lm_head$";
    return expression;
}

// A list by peft's rule (a whole name, or the end of one behind a dot) as an expression.
std::string asExpression(const std::vector<std::string>& list) { return "^(.*\\.)?(" + joined(list) + ")$"; }

}  // namespace

std::int64_t AdapterMatch::targetsIn(Part part) const {
    return std::count_if(targets.begin(), targets.end(), [&](const AdapterTarget& target) { return target.part == part; });
}

std::int64_t AdapterMatch::parameters(AdapterKind kind) const {
    std::int64_t total = 0;
    for (const AdapterTarget& target : targets)
        total += target.r * (target.in + target.out) + (kind == AdapterKind::Dora ? target.out : 0);
    for (const Parameter& parameter : saved) total += parameter.elements();
    return total;
}

Result<AdapterRank> adapterRank(const AdapterSpec& spec, const std::string& peftName) {
    const auto find = [&](const auto& patterns, const char* where, auto standard) -> Result<decltype(standard)> {
        for (const auto& [key, value] : patterns) {
            const auto pattern = NamePattern::compile("(?:.*\\.)?(?:" + key + ")");
            if (!pattern) return pattern.error().within(where);
            if (pattern->matches(peftName)) return value;
        }
        return standard;
    };
    AdapterRank rank;
    ASSIGN_OR_RETURN(rank.r, find(spec.rankPattern, "rank_pattern", spec.r));
    ASSIGN_OR_RETURN(rank.alpha, find(spec.alphaPattern, "alpha_pattern", spec.alpha));
    if (rank.r < 1)
        return invalid("expected a rank of at least 1 for '" + peftName + "', found " + std::to_string(rank.r), "r");
    if (!std::isfinite(rank.alpha) || rank.alpha == 0.0)
        return invalid("expected a finite alpha other than 0 for '" + peftName + "'", "lora_alpha");
    const auto size = static_cast<double>(rank.r);
    rank.scaling = rank.alpha / (spec.useRslora ? std::sqrt(size) : size);
    return rank;
}

Result<AdapterMatch> matchAdapter(const AdapterSpec& spec, const config::Gemma3Config& config, bool untiedHead) {
    const bool visionLanguage = config.isVisionLanguage();
    const std::vector<Parameter> table = parameterTable(config, untiedHead);
    const bool everyLinear = isAllLinear(spec.targetModules);
    ASSIGN_OR_RETURN(Matcher targets, Matcher::of(everyLinear ? ModuleNames{} : spec.targetModules, "target_modules"));
    ASSIGN_OR_RETURN(Matcher excluded, Matcher::of(spec.excludeModules, "exclude_modules"));
    AdapterMatch match;
    for (const Parameter& parameter : table) {
        if (!parameter.name.ends_with(kWeight)) continue;
        const std::string module = parameter.name.substr(0, parameter.name.size() - kWeight.size());
        const std::vector<std::string> names = namesOf(module, visionLanguage);
        const bool linear = isLinear(parameter, config);
        if (excluded.matches(names) || !(everyLinear ? linear : targets.matches(names))) continue;
        if (isInside(names.front(), spec.modulesToSave)) continue;
        if (!linear) {
            return Error{
                ErrorCode::Unsupported,
                "'" + names.front() + "' is no linear layer that can have a low-rank delta; name it in modules_to_save",
                "target_modules"};
        }
        RETURN_IF_ERROR(addTarget(spec, parameter, module, names.front(), match));
    }
    RETURN_IF_ERROR(requireMatches(targets, spec, match, table, config));
    RETURN_IF_ERROR(addSaved(spec, config, table, match));
    if (match.targets.empty() && match.saved.empty())
        return invalid("neither target_modules nor modules_to_save names anything", "adapter");
    return match;
}

std::string peftName(const std::string& canonical, bool visionLanguage) {
    const std::string_view name = canonical;
    const auto after = [&](std::string_view prefix) { return std::string(name.substr(prefix.size())); };
    constexpr std::string_view kText = "language_model.model.", kHead = "language_model.lm_head";
    if (name.starts_with(kText)) return "model.language_model." + after(kText);
    if (name.starts_with(kHead)) return "lm_head" + after(kHead);
    if (name.starts_with(kVisionTower)) return "model.vision_tower." + after(kVisionTower);
    return visionLanguage && name.starts_with("multi_modal_projector") ? "model." + canonical : canonical;
}

AdapterSpec adapterSpec(const PeftSection& section, const FreezePlan& plan, bool visionLanguage) {
    AdapterSpec spec;
    spec.kind = section.peftScheme == PeftScheme::Dora ? AdapterKind::Dora : AdapterKind::Lora;
    spec.r = section.dim;
    spec.alpha = section.alpha;
    spec.dropout = section.dropout;
    spec.useRslora = section.useRslora;
    spec.excludeModules.list = section.excludeModules;
    spec.modulesToSave = section.modulesToSave;
    spec.rankPattern = section.rankPattern;
    spec.alphaPattern = section.alphaPattern;
    spec.init = section.loraAInitMethod;
    spec.postNormBypass = section.postNormBypass;
    spec.targetModules.expression = section.targetModulesRegex;
    std::vector<std::string> language, vision, plain;
    for (const std::string& name : section.targetModules) {
        const std::vector<std::string> text = bridgeNames(name, Part::Language), tower = bridgeNames(name, Part::Vision);
        if (text.empty()) plain.push_back(name);
        language.insert(language.end(), text.begin(), text.end());
        vision.insert(vision.end(), tower.begin(), tower.end());
    }
    const std::string excluded = visionLanguage ? withoutAdapters(plan) : "";
    if (!excluded.empty() && (section.targetModulesRegex || !plain.empty())) {
        spec.excludeModules.expression =
            spec.excludeModules.list.empty() ? excluded : asExpression(spec.excludeModules.list) + "|" + excluded;
        spec.excludeModules.list.clear();
    }
    if (section.targetModulesRegex) return spec;
    if (language.empty() || !visionLanguage) {
        spec.targetModules.list = plain;
        spec.targetModules.list.insert(spec.targetModules.list.end(), language.begin(), language.end());
        return spec;
    }
    std::vector<std::string> ways;
    if (plan.language == Training::Adapter) ways.push_back("^.*language_model.*\\.(" + joined(language) + ")$");
    if (plan.vision == Training::Adapter) ways.push_back("^.*vision_tower.*\\.(" + joined(vision) + ")$");
    if (!plain.empty()) ways.push_back(asExpression(plain));
    std::string expression;
    for (const std::string& way : ways) expression += (expression.empty() ? "" : "|") + way;
    spec.targetModules.expression = expression;
    return spec;
}

}  // namespace lapidary::plan
