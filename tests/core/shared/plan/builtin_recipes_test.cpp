#include "core/shared/plan/builtin_recipes.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/shared/plan/recipe_overrides.h"

namespace lapidary::plan {
namespace {

Recipe builtin(const std::string& name, PeftChoice choice = PeftChoice::RecipeDefault) {
    const auto recipe = builtinRecipe(name, choice);
    EXPECT_TRUE(recipe) << recipe.error().toString();
    return recipe ? *recipe : Recipe();
}

TEST(BuiltinRecipes, EachIsReadInEveryVariantAndEveryStage) {
    const std::vector<std::string> names = builtinRecipeNames();
    EXPECT_EQ(names.size(), 13U);
    for (const std::string& name : names) {
        for (const PeftChoice choice : {PeftChoice::RecipeDefault, PeftChoice::None, PeftChoice::Lora, PeftChoice::Dora}) {
            const Recipe recipe = builtin(name, choice);
            EXPECT_EQ(recipe.recipe, name);
            EXPECT_FALSE(recipe.model.hfPath.empty()) << name;
            for (std::size_t i = 0; i < recipe.stages.size(); ++i) {
                const auto stage = recipeOfStage(recipe, i);
                EXPECT_TRUE(stage) << stage.error().toString();
            }
            const auto again = recipeFromText(recipe.toJson().dump(), "again");
            ASSERT_TRUE(again) << again.error().toString();
            EXPECT_EQ(*again, recipe) << name;
        }
    }
}

struct BridgeRow {
    const char* name;
    const char* hfPath;
    std::int64_t tp, pp;
    double lr;
    std::int64_t peftTp, peftPp;
    double peftLr;
};

// Specification megatron 5.1, the first table.
TEST(BuiltinRecipes, BridgesTableOfParallelismAndLearningRates) {
    const BridgeRow rows[] = {{"gemma3_vl_4b_finetune_config", "google/gemma-3-4b-it", 1, 1, 5e-6, 1, 1, 1e-4},
                              {"gemma3_vl_12b_finetune_config", "google/gemma-3-12b-it", 4, 1, 5e-6, 1, 1, 1e-4},
                              {"gemma3_vl_27b_finetune_config", "google/gemma-3-27b-it", 8, 2, 5e-6, 4, 1, 1e-4},
                              {"gemma3_vl_4b_sft_config", "google/gemma-3-4b-it", 1, 1, 5e-5, 1, 1, 2e-4},
                              {"gemma3_vl_12b_sft_config", "google/gemma-3-12b-it", 4, 1, 5e-5, 1, 1, 2e-4},
                              {"gemma3_vl_27b_sft_config", "google/gemma-3-27b-it", 8, 2, 5e-5, 4, 1, 2e-4}};
    for (const BridgeRow& row : rows) {
        const Recipe full = builtin(row.name);
        EXPECT_FALSE(full.peft);
        EXPECT_EQ(full, builtin(row.name, PeftChoice::None));
        EXPECT_EQ(full.model.hfPath, row.hfPath);
        EXPECT_EQ(full.model.tensorModelParallelSize, row.tp) << row.name;
        EXPECT_EQ(full.model.pipelineModelParallelSize, row.pp) << row.name;
        EXPECT_EQ(full.model.pipelineDtype.has_value(), row.pp > 1) << row.name;
        EXPECT_EQ(full.optimizer.lr, row.lr) << row.name;
        for (const PeftChoice choice : {PeftChoice::Lora, PeftChoice::Dora}) {
            const Recipe adapters = builtin(row.name, choice);
            ASSERT_TRUE(adapters.peft);
            EXPECT_EQ(adapters.peft->dim, 32);
            EXPECT_EQ(adapters.peft->alpha, choice == PeftChoice::Dora ? 64.0 : 32.0);
            EXPECT_EQ(adapters.model.tensorModelParallelSize, row.peftTp) << row.name;
            EXPECT_EQ(adapters.model.pipelineModelParallelSize, row.peftPp) << row.name;
            EXPECT_FALSE(adapters.model.pipelineDtype) << row.name;
            EXPECT_EQ(adapters.optimizer.lr, row.peftLr) << row.name;
        }
    }
}

// Specification megatron 5.1, "Common defaults", "Fixed settings" and "Optimizer".
TEST(BuiltinRecipes, BridgesCommonDefaults) {
    const Recipe recipe = builtin("gemma3_vl_4b_finetune_config");
    EXPECT_EQ(recipe.run.name, "gemma3_vl_finetune");
    EXPECT_EQ(recipe.train.trainIters, 300000);
    EXPECT_EQ(recipe.train.globalBatchSize, 32);
    EXPECT_EQ(recipe.train.microBatchSize, 2);
    EXPECT_EQ(recipe.model.seqLength, 4096);
    EXPECT_EQ(recipe.optimizer.minLr, 3e-5);
    EXPECT_EQ(recipe.scheduler.lrWarmupIters, 500);
    EXPECT_FALSE(recipe.scheduler.lrDecayIters);
    EXPECT_EQ(recipe.validation.evalInterval, 500);
    EXPECT_EQ(recipe.validation.evalIters, 32);
    EXPECT_EQ(recipe.checkpoint.saveInterval, 500);
    EXPECT_EQ(recipe.mixedPrecision, Precision::Bfloat16Mixed);
    EXPECT_EQ(recipe.optimizer.adamBeta2, 0.95);
    EXPECT_EQ(recipe.optimizer.adamEps, 1e-5);
    EXPECT_EQ(recipe.optimizer.weightDecay, 0.1);
    EXPECT_EQ(recipe.scheduler.startWeightDecay, 0.033);
    EXPECT_EQ(recipe.scheduler.endWeightDecay, 0.033);
    EXPECT_EQ(recipe.scheduler.lrDecayStyle, DecayStyle::Cosine);
    EXPECT_EQ(recipe.ddp.dataParallelShardingStrategy, "optim_grads_params");
    EXPECT_EQ(recipe.tokenizer.tokenizerType, "NullTokenizer");
    EXPECT_EQ(recipe.dataset.dataloaderType, DataloaderType::Single);
    EXPECT_EQ(recipe.dataset.epoch, SampleEpoch::Run);
    EXPECT_EQ(builtin("270m").dataset.epoch, SampleEpoch::Set);
    EXPECT_EQ(recipe.rng.seed, 1234);
    EXPECT_EQ(recipe.logger.logInterval, 10);
}

TEST(BuiltinRecipes, LaterVersionsValuesAndNames) {
    const Recipe sft = builtin("gemma3_vl_4b_sft_config");
    EXPECT_EQ(sft.train.trainIters, 50);
    EXPECT_EQ(sft.scheduler.lrWarmupIters, 10);
    EXPECT_EQ(sft.scheduler.lrDecayIters, 50);
    EXPECT_EQ(sft.optimizer.minLr, 5e-6);
    EXPECT_EQ(sft.validation.evalInterval, 5);
    EXPECT_EQ(sft.validation.evalIters, 10);
    EXPECT_EQ(sft.dataset.makerName, "cord_v2");
    EXPECT_EQ(sft.dataset.dataloaderType, DataloaderType::Cyclic);
    const Recipe peft = builtin("gemma3_vl_27b_peft_config");
    ASSERT_TRUE(peft.peft);
    EXPECT_EQ(peft.peft->peftScheme, PeftScheme::Lora);
    EXPECT_EQ(peft.model.tensorModelParallelSize, 4);
    EXPECT_EQ(peft.optimizer.minLr, 2e-5);
    EXPECT_FALSE(builtin("gemma3_vl_27b_peft_config", PeftChoice::None).peft);
    EXPECT_EQ(builtin("gemma3_vl_4b_sft_1gpu_h100_bf16_config"), sft);
    EXPECT_EQ(builtin("gemma3_vl_27b_peft_16gpu_h100_bf16_config"), peft);
}

TEST(BuiltinRecipes, UnknownNamesAreTold) {
    EXPECT_EQ(builtinRecipe("gemma3_vl_4b_finetune_confg", PeftChoice::None).error().message,
              "there is no recipe 'gemma3_vl_4b_finetune_confg'; did you mean 'gemma3_vl_4b_finetune_config'?");
    const auto none = builtinRecipe("llama", PeftChoice::None);
    EXPECT_NE(none.error().message.find("there are 270m, 1b, demo, demo-tutorial, gemma3"), std::string::npos)
        << none.error().message;
    EXPECT_FALSE(builtinRecipe("gemma3_vl_4b_sft_gpu_h100_config", PeftChoice::None));
    EXPECT_FALSE(builtinRecipe("", PeftChoice::None));
}

TEST(BuiltinRecipes, SchemesInAnyCase) {
    EXPECT_EQ(*peftChoice("LoRA"), PeftChoice::Lora);
    EXPECT_EQ(*peftChoice("None"), PeftChoice::None);
    EXPECT_EQ(*peftChoice("dora"), PeftChoice::Dora);
    EXPECT_EQ(peftChoice("qlora").error().message, "expected lora, dora or none, found 'qlora'");
}

TEST(RecipeFile, RestComesFromTheNamedRecipeInItsVariant) {
    const std::string name = R"("recipe": "gemma3_vl_12b_finetune_config")";
    const auto full = recipeFromText("{" + name + R"(, "train": {"train_iters": 7}})", "f.json");
    ASSERT_TRUE(full) << full.error().toString();
    EXPECT_EQ(full->train.trainIters, 7);
    EXPECT_EQ(full->model.tensorModelParallelSize, 4);
    const auto adapters = recipeFromText("{" + name + R"(, "peft": {"peft_scheme": "dora", "dim": 8}})", "f.json");
    ASSERT_TRUE(adapters) << adapters.error().toString();
    EXPECT_EQ(adapters->model.tensorModelParallelSize, 1);
    EXPECT_EQ(adapters->optimizer.lr, 1e-4);
    EXPECT_EQ(adapters->peft->dim, 8);
    EXPECT_EQ(adapters->peft->alpha, 64.0);
    // What is asked for on the command line wins.
    const auto without = recipeFromText("{" + name + R"(, "peft": {"peft_scheme": "dora"}})", "f.json", PeftChoice::None);
    ASSERT_TRUE(without);
    EXPECT_EQ(*without, builtin("gemma3_vl_12b_finetune_config"));
    const auto lora = recipeFromText("{}", "f.json", PeftChoice::Lora);
    ASSERT_TRUE(lora);
    EXPECT_EQ(lora->peft->targetModules.size(), 4U);
    const auto off = recipeFromText(R"({"recipe": "270m", "peft": null})", "f.json");
    ASSERT_TRUE(off);
    EXPECT_EQ(*off, builtin("270m", PeftChoice::None));
}

TEST(Fault61, RecipeFiles) {
    const auto complaint = [](const std::string& text) { return recipeFromText(text, "f.json").error().toString(); };
    EXPECT_EQ(complaint(R"({"recipe": "5b"})").substr(0, 24), "there is no recipe '5b';");
    EXPECT_EQ(complaint(R"({"recipe": 5})"), "f.json: 'recipe': expected a string, found the number 5");
    EXPECT_EQ(complaint(R"({"peft": {"peft_scheme": "qlora"}})"), "--peft: expected lora, dora or none, found 'qlora'");
    EXPECT_EQ(complaint(R"({"peft": 3})"), "f.json: 'peft': expected an object, found the number 3");
    EXPECT_EQ(complaint(R"({"rng": {"seed": 1, "seed": 2}})"), "f.json: the key 'seed' appears twice in one object");
    EXPECT_EQ(complaint("[" + std::string(100, '[')).substr(0, 45), "f.json: nested deeper than 64 levels");
    EXPECT_EQ(complaint("\"270m\""), "f.json: expected an object of sections, found the string \"270m\"");
}

}  // namespace
}  // namespace lapidary::plan
