#include "app/lapidary/finetune_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/data/files/yaml_text.h"
#include "core/shared/base/file.h"
#include "core/shared/base/json.h"
#include "core/shared/plan/builtin_recipes.h"
#include "core/shared/plan/recipe_overrides.h"

namespace lapidary::app {
namespace {

constexpr std::uint64_t kMaxRecipeBytes = 1 << 20;

// Bridge's makers of conversations (specification megatron 6.2); the names are theirs, with or without the decoration.
constexpr std::array kMakers = {"cord_v2", "medpix", "raven", "rdr"};

bool isMaker(std::string name) {
    constexpr std::string_view kBefore = "make_", kBehind = "_dataset";
    if (name.starts_with(kBefore)) name.erase(0, kBefore.size());
    if (name.ends_with(kBehind)) name.resize(name.size() - kBehind.size());
    return std::find(kMakers.begin(), kMakers.end(), name) != kMakers.end();
}

Result<plan::Recipe> startingRecipe(const FinetuneOptions& options, plan::PeftChoice choice) {
    std::error_code ignored;
    std::filesystem::path file = options.recipe;
    const bool isRun = std::filesystem::is_directory(file, ignored);
    if (isRun) file /= "recipe.json";
    const bool isFile = file.extension() == ".json" || std::filesystem::is_regular_file(file, ignored);
    if (!isFile) return plan::builtinRecipe(options.recipe, choice);
    ASSIGN_OR_RETURN(const std::string text, readFile(file, kMaxRecipeBytes));
    ASSIGN_OR_RETURN(plan::Recipe recipe, plan::recipeFromText(text, file.string(), choice));
    if (isRun) {  // wherever it lies now
        const std::filesystem::path run = file.lexically_normal().parent_path();
        recipe.run = {run.has_parent_path() ? run.parent_path().string() : ".", run.filename().string()};
        recipe.checkpoint.save.reset();
        recipe.checkpoint.load.reset();
    }
    return recipe;
}

// The options that are keys of a recipe.
Json partOf(const FinetuneOptions& options) {
    Json part = Json::object();
    const auto text = [&](const std::string& value, const char* section, const char* key) {
        if (!value.empty()) part[section][key] = value;
    };
    const auto number = [&](const std::optional<std::int64_t>& value, const char* section, const char* key) {
        if (value) part[section][key] = *value;
    };
    if (!options.dataset.empty()) {
        const bool maker = isMaker(options.dataset);
        text(options.dataset, "dataset", maker ? "maker_name" : "train_data_path");
        text(maker ? "hf" : "preloaded", "dataset", "dataset_type");
    }
    if (!options.dataPath.empty() || options.usePreloaded) text("preloaded", "dataset", "dataset_type");
    text(options.dataPath, "dataset", "train_data_path");
    text(options.imageFolder, "dataset", "image_folder");
    text(options.datasetType, "dataset", "dataset_type");
    if (options.packedSequence) part["dataset"]["pack_sequences_in_batch"] = true;
    text(options.model, "model", "hf_path");
    text(options.pretrainedCheckpoint, "checkpoint", "pretrained_checkpoint");
    text(options.saveDir, "run", "dir");
    number(options.seqLength, "model", "seq_length");
    if (options.seqLength) part["dataset"]["seq_length"] = nullptr;  // follows the model's
    number(options.maxSteps, "train", "train_iters");
    number(options.saveInterval, "checkpoint", "save_interval");
    return part;
}

}  // namespace

void addFinetuneOptions(CLI::App& command, FinetuneOptions& options) {
    command.add_option("--recipe", options.recipe, "a built-in recipe, a recipe file, or the folder of a run")
        ->required()
        ->type_name("NAME|F.json");
    command.add_option("--config-file", options.configFile, "settings between recipe and command line, as YAML")
        ->type_name("F.yaml");
    command.add_option("--peft-scheme,--peft", options.peft, "adapters instead of the whole model (default: the recipe's)")
        ->type_name("lora|dora|none");
    command.add_option("--model", options.model, "the model to begin with (model.hf_path)")->type_name("M");
    command.add_option("--pretrained-checkpoint", options.pretrainedCheckpoint, "weights to begin with, in place of --model")
        ->type_name("DIR");
    command.add_option("--dataset", options.dataset, "a known data set (cord_v2, medpix, raven) or a file")
        ->type_name("NAME|F");
    command.add_option("--dataset-type", options.datasetType, "where samples come from")
        ->type_name("preloaded|hf|captions|scenes|mock");
    command.add_option("--data-path", options.dataPath, "training data: json, jsonl, csv, parquet or arrow")->type_name("F");
    command.add_option("--image-folder", options.imageFolder, "where relative paths of pictures begin")->type_name("DIR");
    command.add_flag("--use-preloaded", options.usePreloaded, "the same as --dataset-type preloaded");
    command.add_flag("--packed-sequence", options.packedSequence, "Megatron-Bridge's; refused for Gemma 3, as there");
    command.add_option("--seq-length", options.seqLength, "tokens of a sample at most")->type_name("N");
    command.add_option("--max-steps", options.maxSteps, "steps of the run (train.train_iters)")->type_name("N");
    command.add_option("--save-dir", options.saveDir, "the folder of runs (default: $SAVE_DIR, else nemo_experiments)")
        ->type_name("DIR");
    command.add_option("--save-interval", options.saveInterval, "steps between checkpoints")->type_name("N");
    command.add_option("--mode", options.mode, "Megatron-Bridge's; finetune alone")->check(CLI::IsMember({"finetune"}));
    command.add_option("--step-func", options.stepFunction, "Megatron-Bridge's; follows from the model here")
        ->check(CLI::IsMember({"gpt_step", "vlm_step", "llava_step"}));
    command.add_flag("--debug", options.debug, "Megatron-Bridge's; see --log-level");
    command.add_option("overrides", options.overrides, "changes to the recipe: optimizer.lr=1e-4, +a.b=c, ~peft")
        ->type_name("KEY=VALUE");
}

Result<ResolvedRecipe> resolveRecipe(const FinetuneOptions& options) {
    plan::PeftChoice choice = plan::PeftChoice::RecipeDefault;
    if (!options.peft.empty()) {
        ASSIGN_OR_RETURN(choice, plan::peftChoice(options.peft));
    }
    ResolvedRecipe resolved;
    ASSIGN_OR_RETURN(resolved.recipe, startingRecipe(options, choice));
    if (!options.configFile.empty()) {
        ASSIGN_OR_RETURN(const std::string text, readFile(options.configFile, kMaxRecipeBytes));
        ASSIGN_OR_RETURN(const Json part, files::parseYaml(text, options.configFile));
        ASSIGN_OR_RETURN(resolved.recipe, plan::mergeRecipe(resolved.recipe, part, options.configFile));
    }
    ASSIGN_OR_RETURN(resolved.recipe, plan::mergeRecipe(resolved.recipe, partOf(options), "command line"));
    ASSIGN_OR_RETURN(resolved.recipe, plan::applyOverrides(resolved.recipe, options.overrides));
    resolved.baseName = resolved.recipe.recipe.empty() ? "the defaults" : resolved.recipe.recipe;
    if (!resolved.recipe.recipe.empty()) {
        const auto& peft = resolved.recipe.peft;
        choice = !peft ? plan::PeftChoice::None
                       : (peft->peftScheme == plan::PeftScheme::Dora ? plan::PeftChoice::Dora : plan::PeftChoice::Lora);
        ASSIGN_OR_RETURN(resolved.base, plan::builtinRecipe(resolved.recipe.recipe, choice));
    }
    return resolved;
}

}  // namespace lapidary::app
