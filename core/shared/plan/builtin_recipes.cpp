#include "core/shared/plan/builtin_recipes.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/shared/base/json.h"

namespace lapidary::plan {

// Written by resources/cmake/EmbedText.cmake: stem and text of each file.
extern const std::pair<std::string_view, std::string_view> kRecipeFiles[kRecipeFileCount];

namespace {

const Json* fileNamed(std::string_view name, Json& storage) {
    for (const auto& [stem, text] : kRecipeFiles) {
        if (stem != name) continue;
        storage = Json::parse(text);  // ours: a test reads each of them
        return &storage;
    }
    return nullptr;
}

// A file and those that it stands on, the lowest first.
std::vector<Json> chainOf(std::string_view name) {
    std::vector<Json> chain;
    Json file;
    for (std::string next(name); !next.empty() && fileNamed(next, file) != nullptr;) {
        next = file.value("base", "");
        chain.insert(chain.begin(), std::move(file));
    }
    return chain;
}

// gemma3_vl_4b_sft_1gpu_h100_bf16_config → gemma3_vl_4b_sft_config: version 0.6 puts machine and precision into the name.
std::string withoutMachine(std::string_view name) {
    constexpr std::string_view kEnd = "_config";
    const std::size_t gpu = name.find("gpu_");
    if (gpu == std::string_view::npos || !name.ends_with(kEnd)) return std::string(name);
    std::size_t digits = gpu;
    while (digits > 0 && std::isdigit(static_cast<unsigned char>(name[digits - 1])) != 0) --digits;
    if (digits == gpu || digits == 0 || name[digits - 1] != '_') return std::string(name);
    return std::string(name.substr(0, digits - 1)) + std::string(kEnd);
}

// The keys of a file that are a recipe's.
Json settingsOf(const Json& file) {
    Json settings = file;
    for (const char* key : {"base", "default_peft", "with_peft"}) settings.erase(key);
    return settings;
}

std::optional<PeftScheme> schemeOf(PeftChoice choice, const std::vector<Json>& chain) {
    if (choice == PeftChoice::RecipeDefault) {
        for (const Json& file : chain) {
            const auto named = peftChoice(file.value("default_peft", "none"));
            if (file.contains("default_peft") && named) choice = *named;
        }
    }
    if (choice == PeftChoice::Lora) return PeftScheme::Lora;
    if (choice == PeftChoice::Dora) return PeftScheme::Dora;
    return std::nullopt;
}

Error notFound(std::string_view name) {
    const std::vector<std::string> known = builtinRecipeNames();
    const std::string nearest = nearestKey(name, known);
    std::string message = "there is no recipe '" + clipText(name, 80) + "'";
    if (!nearest.empty()) return Error{ErrorCode::NotFound, message + "; did you mean '" + nearest + "'?", ""};
    message += "; there are";
    for (const std::string& each : known) message += (each == known.front() ? " " : ", ") + each;
    return Error{ErrorCode::NotFound, message, ""};
}

}  // namespace

Result<PeftChoice> peftChoice(std::string_view name) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower == "none" || lower == "null") return PeftChoice::None;
    if (lower == "lora") return PeftChoice::Lora;
    if (lower == "dora") return PeftChoice::Dora;
    return Error{ErrorCode::Usage, "expected lora, dora or none, found '" + clipText(name, 40) + "'", "--peft"};
}

std::vector<std::string> builtinRecipeNames() {
    std::vector<std::string> names;
    for (const auto& [stem, text] : kRecipeFiles) names.emplace_back(stem);
    return names;
}

PeftSection defaultPeft(PeftScheme scheme) {
    PeftSection peft;
    peft.peftScheme = scheme;
    peft.alpha = scheme == PeftScheme::Dora ? 64.0 : 32.0;
    peft.targetModules = {"linear_qkv", "linear_proj", "linear_fc1", "linear_fc2"};
    return peft;
}

Result<Recipe> builtinRecipe(std::string_view name, PeftChoice choice) {
    const std::string canonical = withoutMachine(name);
    const std::vector<Json> chain = chainOf(canonical);
    if (chain.empty()) return notFound(name);
    Recipe recipe;
    for (const Json& file : chain) {
        ASSIGN_OR_RETURN(recipe, Recipe::fromJson(settingsOf(file), canonical, recipe));
    }
    if (const auto scheme = schemeOf(choice, chain)) {
        recipe.peft = defaultPeft(*scheme);
        for (const Json& file : chain) {
            if (!file.contains("with_peft")) continue;
            ASSIGN_OR_RETURN(recipe, Recipe::fromJson(file.at("with_peft"), canonical, recipe));
        }
    }
    recipe.recipe = canonical;
    return recipe;
}

Result<Recipe> recipeFromText(std::string_view text, const std::string& source, PeftChoice choice) {
    ASSIGN_OR_RETURN(const Json root, parseJson(text, source));
    Recipe base;
    ASSIGN_OR_RETURN(const auto name, findString(root, "recipe", source));
    const Json peft = root.is_object() ? root.value("peft", Json()) : Json();
    if (choice == PeftChoice::RecipeDefault && root.is_object() && root.contains("peft")) {
        ASSIGN_OR_RETURN(const auto scheme, findString(peft, "peft_scheme", source + ": peft"));
        ASSIGN_OR_RETURN(choice, peftChoice(peft.is_null() ? "none" : scheme.value_or("lora")));
    }
    if (name && !name->empty()) {
        ASSIGN_OR_RETURN(base, builtinRecipe(*name, choice));
    } else if (choice == PeftChoice::Lora || choice == PeftChoice::Dora) {
        base.peft = defaultPeft(choice == PeftChoice::Dora ? PeftScheme::Dora : PeftScheme::Lora);
    }
    ASSIGN_OR_RETURN(Recipe recipe, Recipe::fromJson(root, source, base));
    // A scheme that was asked for on the command line wins over the file's.
    if (choice == PeftChoice::None) recipe.peft.reset();
    if (recipe.peft && choice != PeftChoice::RecipeDefault) {
        recipe.peft->peftScheme = choice == PeftChoice::Dora ? PeftScheme::Dora : PeftScheme::Lora;
    }
    return recipe;
}

}  // namespace lapidary::plan
