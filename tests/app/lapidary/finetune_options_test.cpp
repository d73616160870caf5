#include "app/lapidary/finetune_options.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "core/shared/plan/builtin_recipes.h"
#include "core/shared/plan/recipe_rules.h"
#include "tests/support/temp_dir.h"

namespace lapidary::app {
namespace {

FinetuneOptions parsed(std::vector<std::string> arguments) {
    CLI::App app;
    FinetuneOptions options;
    addFinetuneOptions(app, options);
    std::reverse(arguments.begin(), arguments.end());
    app.parse(std::move(arguments));
    return options;
}

ResolvedRecipe resolved(const std::vector<std::string>& arguments) {
    const auto result = resolveRecipe(parsed(arguments));
    EXPECT_TRUE(result) << result.error().toString();
    return result ? *result : ResolvedRecipe();
}

std::string complaint(const std::vector<std::string>& arguments) {
    const auto result = resolveRecipe(parsed(arguments));
    EXPECT_FALSE(result);
    return result ? "" : result.error().toString();
}

TEST(FinetuneOptions, EveryOptionIsAKey) {
    const plan::Recipe recipe = resolved({"--recipe",
                                          "gemma3_vl_4b_finetune_config",
                                          "--pretrained-checkpoint",
                                          "/ck",
                                          "--data-path",
                                          "train.jsonl",
                                          "--image-folder",
                                          "/pictures",
                                          "--seq-length",
                                          "512",
                                          "--max-steps",
                                          "7",
                                          "--save-dir",
                                          "/runs",
                                          "--save-interval",
                                          "3",
                                          "--model",
                                          "folder",
                                          "--step-func",
                                          "vlm_step",
                                          "--mode",
                                          "finetune",
                                          "--debug"})
                                    .recipe;
    EXPECT_EQ(recipe.checkpoint.pretrainedCheckpoint, "/ck");
    EXPECT_EQ(recipe.dataset.datasetType, plan::DatasetType::Preloaded);
    EXPECT_EQ(recipe.dataset.trainDataPath, "train.jsonl");
    EXPECT_EQ(recipe.dataset.imageFolder, "/pictures");
    EXPECT_EQ(recipe.model.seqLength, 512);
    EXPECT_EQ(recipe.train.trainIters, 7);
    EXPECT_EQ(recipe.run.dir, "/runs");
    EXPECT_EQ(recipe.checkpoint.saveInterval, 3);
    EXPECT_EQ(recipe.model.hfPath, "folder");
    EXPECT_EQ(plan::runPlaces(recipe, std::nullopt).folder, "/runs/gemma3_vl_finetune");
    const plan::Recipe changed = resolved({"--recipe", "270m", "dataset.seq_length=99", "model.seq_length=99"}).recipe;
    EXPECT_EQ(changed.dataset.seqLength, 99);
}

TEST(FinetuneOptions, DataSetsInEverySpelling) {
    const auto dataset = [](std::vector<std::string> more) {
        more.insert(more.begin(), {"--recipe", "270m"});
        return resolved(more).recipe.dataset;
    };
    EXPECT_EQ(dataset({"--dataset", "raven"}).makerName, "raven");
    EXPECT_EQ(dataset({"--dataset", "raven"}).datasetType, plan::DatasetType::Hf);
    EXPECT_EQ(dataset({"--dataset", "make_cord_v2_dataset"}).makerName, "make_cord_v2_dataset");
    EXPECT_EQ(dataset({"--dataset", "my/raven.jsonl"}).trainDataPath, "my/raven.jsonl");
    EXPECT_EQ(dataset({"--dataset", "my/raven.jsonl"}).datasetType, plan::DatasetType::Preloaded);
    EXPECT_EQ(dataset({"--dataset-type", "scenes"}).datasetType, plan::DatasetType::Scenes);
    EXPECT_EQ(dataset({"--data-path", "pictures", "--dataset-type", "captions"}).datasetType, plan::DatasetType::Captions);
    EXPECT_EQ(resolved({"--recipe", "gemma3_vl_4b_sft_config", "--use-preloaded"}).recipe.dataset.datasetType,
              plan::DatasetType::Preloaded);
    EXPECT_TRUE(dataset({"--packed-sequence"}).packSequences);
    EXPECT_EQ(complaint({"--recipe", "270m", "--dataset-type", "video"}),
              "command line: 'dataset.dataset_type': expected one of mock, preloaded, hf, captions, scenes, found the string "
              "\"video\"");
}

TEST(FinetuneOptions, RecipeThenFileThenCommandLine) {
    const test::TempDir folder;
    const auto yaml =
        folder.write("f.yaml", "train: {train_iters: 20, eval_iters: 5, global_batch_size: 16}\noptimizer:\n  lr: 2e-5\n");
    const ResolvedRecipe all = resolved({"--recipe", "270m", "--peft", "none", "--config-file", yaml.string(), "--max-steps",
                                         "30", "optimizer.lr=3e-5", "train.global_batch_size=4"});
    EXPECT_EQ(all.recipe.train.trainIters, 30);
    EXPECT_EQ(all.recipe.validation.evalIters, 5);
    EXPECT_EQ(all.recipe.optimizer.lr, 3e-5);
    EXPECT_EQ(all.recipe.train.globalBatchSize, 4);
    EXPECT_EQ(all.recipe.optimizer.adamBeta2, 0.999);
    EXPECT_EQ(plan::printDiff(plan::diff(all.base, all.recipe)),
              "train.train_iters: 300 -> 30\ntrain.global_batch_size: 8 -> 4\nvalidation.eval_iters: 8 -> 5\n"
              "optimizer.lr: 2e-05 -> 3e-05\n");
    EXPECT_EQ(all.baseName, "270m");
}

TEST(FinetuneOptions, TheSchemeChoosesTheVariant) {
    for (const char* option : {"--peft", "--peft-scheme"}) {
        const ResolvedRecipe lora = resolved({"--recipe", "gemma3_vl_12b_finetune_config", option, "LoRA", "peft.dim=8"});
        EXPECT_EQ(lora.recipe.model.tensorModelParallelSize, 1);
        EXPECT_EQ(lora.recipe.optimizer.lr, 1e-4);
        EXPECT_EQ(plan::printDiff(plan::diff(lora.base, lora.recipe)), "peft.dim: 32 -> 8\n");
    }
    EXPECT_FALSE(resolved({"--recipe", "gemma3_vl_4b_peft_config", "--peft", "none"}).recipe.peft);
    EXPECT_FALSE(resolved({"--recipe", "270m", "~peft"}).recipe.peft);
    EXPECT_EQ(complaint({"--recipe", "270m", "--peft", "qlora"}), "--peft: expected lora, dora or none, found 'qlora'");
}

TEST(FinetuneOptions, ARecipeIsANameAFileOrARun) {
    const test::TempDir folder;
    const std::string run =
        folder.write("my run/recipe.json", R"({"recipe": "1b", "rng": {"seed": 9}})").parent_path().string();
    const std::string plain = folder.write("plain", R"({"rng": {"seed": 9}})").string();
    const ResolvedRecipe file = resolved({"--recipe", run + "/recipe.json"});
    EXPECT_EQ(file.baseName, "1b");
    EXPECT_EQ(plan::printDiff(plan::diff(file.base, file.recipe)), "rng.seed: 1234 -> 9\n");
    // A run's folder: the run lives there, wherever it was moved to.
    for (const std::string& spelling : {run, run + "/"}) {
        const plan::Recipe found = resolved({"--recipe", spelling}).recipe;
        EXPECT_EQ(found.rng.seed, 9);
        EXPECT_EQ(plan::runPlaces(found, "/elsewhere").folder, run);
    }
    EXPECT_EQ(resolved({"--recipe", plain}).baseName, "the defaults");
    EXPECT_EQ(complaint({"--recipe", "270n"}), "there is no recipe '270n'; did you mean '270m'?");
    EXPECT_NE(complaint({"--recipe", "absent.json"}).find("absent.json"), std::string::npos);
}

TEST(Fault61, ConfigFilesOfFinetune) {
    const test::TempDir folder;
    const auto with = [&](const std::string& yaml) {
        return complaint({"--recipe", "270m", "--config-file", folder.write("f.yaml", yaml).string()});
    };
    const std::string file = (folder.path() / "f.yaml").string();
    EXPECT_EQ(with("optimizer:\n  lrr: 1\n"), file + ": unknown key 'optimizer.lrr'; did you mean 'optimizer.lr'?");
    EXPECT_EQ(with("train: {train_iters: -1}\n"),
              file + ": 'train.train_iters': expected an integer from 1 to 1000000000, found the number -1");
    EXPECT_EQ(with("a: &a [1]\nb: *a\n"), file + ": anchors (&name) are not accepted at line 1, column 4");
    EXPECT_EQ(with("run: {dir: '${oc.env:HF_TOKEN}'}\n").substr(0, file.size() + 34),
              file + ": 'run.dir': expected a plain text");
    EXPECT_EQ(with("- 1\n"), file + ": expected an object of sections, found a list of 1");
    EXPECT_NE(complaint({"--recipe", "270m", "--config-file", "absent.yaml"}).find("absent.yaml"), std::string::npos);
}

}  // namespace
}  // namespace lapidary::app
