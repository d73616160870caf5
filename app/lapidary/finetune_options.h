// Options of `lapidary finetune` (specification megatron 5.4) and the recipe that they add up to: recipe < --config-file < command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/shared/base/result.h"
#include "core/shared/plan/recipe.h"

namespace CLI {
class App;
}

namespace lapidary::app {

struct FinetuneOptions {
    std::string recipe;  // a built-in one's name, a file, or a run's folder (which the run then lives in)
    std::string configFile;  // YAML
    std::string peft;  // lora, dora, none; empty: the recipe's
    std::string model;
    std::string pretrainedCheckpoint;
    std::string datasetType;
    std::string dataset;  // a maker's name or a path
    std::string dataPath;
    std::string imageFolder;
    bool usePreloaded = false;
    bool packedSequence = false;
    std::string saveDir;
    std::optional<std::int64_t> seqLength;
    std::optional<std::int64_t> maxSteps;
    std::optional<std::int64_t> saveInterval;
    std::string mode = "finetune";
    std::string stepFunction;  // Bridge's; which forward is needed follows from the model
    bool debug = false;  // Bridge's
    std::vector<std::string> overrides;  // key=value
};

void addFinetuneOptions(CLI::App& command, FinetuneOptions& options);

struct ResolvedRecipe {
    plan::Recipe recipe;
    plan::Recipe base;  // the built-in recipe that it stands on, in the same variant; the defaults where it names none
    std::string baseName;  // "270m", or "the defaults"
};

// Errors: Usage, NotFound, InvalidData with source, path, expected and found.
Result<ResolvedRecipe> resolveRecipe(const FinetuneOptions& options);

}  // namespace lapidary::app
