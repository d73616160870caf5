#include "core/shared/plan/recipe_rules.h"

#include <gtest/gtest.h>

#include "core/shared/plan/builtin_recipes.h"
#include "core/shared/plan/recipe_overrides.h"

namespace lapidary::plan {
namespace {

Recipe builtin(const std::string& name, PeftChoice choice = PeftChoice::None) { return builtinRecipe(name, choice).value(); }

std::string refusal(const Recipe& recipe, std::int64_t worldSize = 1) {
    const auto checked = checkRecipe(recipe, worldSize);
    return checked ? "" : checked.error().toString();
}

std::string joined(const std::vector<std::string>& notes) {
    std::string text;
    for (const std::string& note : notes) text += note + "\n";
    return text;
}

// Specification megatron 5.1, trap 2.
TEST(RecipeRules, MinimumAboveTheRateIsATenthOfIt) {
    const SettledRecipe full = settle(builtin("gemma3_vl_4b_finetune_config"));
    EXPECT_DOUBLE_EQ(full.recipe.optimizer.minLr, 5e-7);
    EXPECT_NE(joined(full.notes).find("optimizer.min_lr 3e-05 is above optimizer.lr 5e-06"), std::string::npos)
        << joined(full.notes);
    const SettledRecipe adapters = settle(builtin("gemma3_vl_4b_finetune_config", PeftChoice::Lora));
    EXPECT_EQ(adapters.recipe.optimizer.minLr, 3e-5);
}

// Trap 3.
TEST(RecipeRules, WarmupEndsBeforeTheDecay) {
    Recipe recipe = builtin("gemma3_vl_4b_finetune_config");
    recipe.train.trainIters = 500;
    EXPECT_EQ(settle(recipe).recipe.scheduler.lrWarmupIters, 50);
    recipe.train.trainIters = 501;
    EXPECT_EQ(settle(recipe).recipe.scheduler.lrWarmupIters, 500);
    recipe.scheduler.lrDecayIters = 5;
    const SettledRecipe settled = settle(recipe);
    EXPECT_EQ(settled.recipe.scheduler.lrWarmupIters, 0);
    EXPECT_NE(joined(settled.notes).find("lr_warmup_iters 500 would not be over before the decay ends at 5; 0 is used"),
              std::string::npos);
    EXPECT_EQ(settle(settled.recipe).recipe, settled.recipe);
}

// Trap 1.
TEST(RecipeRules, TheSchedulersWeightDecayActs) {
    Recipe recipe = builtin("gemma3_vl_4b_finetune_config");
    EXPECT_EQ(*effectiveWeightDecay(recipe), 0.033);
    EXPECT_NE(joined(settle(recipe).notes).find("The weight decay in effect is 0.033"), std::string::npos);
    recipe.scheduler.startWeightDecay.reset();
    recipe.scheduler.endWeightDecay.reset();
    EXPECT_EQ(*effectiveWeightDecay(recipe), 0.1);
    EXPECT_EQ(joined(settle(recipe).notes).find("weight decay"), std::string::npos);
    recipe.scheduler.endWeightDecay = 0.2;
    EXPECT_EQ(refusal(recipe),
              "a weight decay that changes from 0.1 to 0.2 is not offered; add scheduler.end_weight_decay=0.1");
}

// A key that is read and does nothing is said to.
TEST(RecipeRules, WhatHasNoEffectIsTold) {
    Recipe recipe = builtin("270m");
    const auto told = [&](const std::string& key) {
        const auto notes = settle(recipe).notes;
        return std::any_of(notes.begin(), notes.end(), [&](const std::string& note) {
            return note.starts_with(key) && note.find("has no effect here") != std::string::npos;
        });
    };
    EXPECT_FALSE(told("dataset.test_data_path"));
    recipe.dataset.testDataPath = "test.jsonl";
    recipe.dist.distributedBackend = "nccl";
    recipe.train.exitSignalHandler = false;
    recipe.checkpoint.saveOptim = false;
    for (const char* key : {"dataset.test_data_path", "dist.distributed_backend=nccl", "train.exit_signal_handler=false",
                            "checkpoint.save_optim=false"}) {
        EXPECT_TRUE(told(key)) << key;
    }
}

TEST(RecipeRules, ParallelismIsRefusedWithTheOverridesToType) {
    EXPECT_EQ(refusal(builtin("gemma3_vl_12b_finetune_config")),
              "the recipe asks for tensor parallelism 4; Lapidary trains with data parallelism alone. To run it so, add: "
              "model.tensor_model_parallel_size=1");
    const Recipe largest = builtin("gemma3_vl_27b_finetune_config");
    const std::string message = refusal(largest);
    const std::string sentence = "add: ";
    const std::string overrides = message.substr(message.find(sentence) + sentence.size());
    EXPECT_EQ(overrides, "model.tensor_model_parallel_size=1 model.pipeline_model_parallel_size=1");
    // What it says helps.
    const auto mended = applyOverrides(
        largest, std::vector<std::string>{"model.tensor_model_parallel_size=1", "model.pipeline_model_parallel_size=1"});
    ASSERT_TRUE(mended);
    EXPECT_EQ(refusal(settle(*mended).recipe), "");
    Recipe all = builtin("270m");
    all.model.contextParallelSize = 2;
    all.model.sequenceParallel = true;
    all.model.virtualPipelineModelParallelSize = 2;
    all.ddp.useMegatronFsdp = true;
    EXPECT_EQ(refusal(all),
              "the recipe asks for virtual pipeline stages, context parallelism 2, sequence parallelism, Megatron FSDP; "
              "Lapidary trains "
              "with data parallelism alone. To run it so, add: model.virtual_pipeline_model_parallel_size=null "
              "model.context_parallel_size=1 model.sequence_parallel=false ddp.use_megatron_fsdp=false");
}

TEST(RecipeRules, EveryBuiltinRecipeOfOneMachineRuns) {
    for (const char* name : {"270m", "1b", "demo", "demo-tutorial", "gemma3_vl_4b_finetune_config", "gemma3_vl_4b_sft_config",
                             "gemma3_vl_12b_peft_config"}) {
        for (const PeftChoice choice : {PeftChoice::None, PeftChoice::Lora, PeftChoice::Dora}) {
            const bool impossible = std::string(name) == "gemma3_vl_12b_peft_config" && choice == PeftChoice::None;
            const bool staged = std::string(name) == "demo" && choice != PeftChoice::None;
            if (impossible || staged) continue;
            EXPECT_EQ(refusal(settle(builtin(name, choice)).recipe), "") << name;
        }
    }
}

TEST(RecipeRules, BatchSizesDivide) {
    Recipe recipe = builtin("270m");
    recipe.train.globalBatchSize = 6;
    recipe.train.microBatchSize = 2;
    EXPECT_EQ(refusal(recipe, 3), "");
    EXPECT_EQ(refusal(recipe, 2),
              "train.global_batch_size 6 is no multiple of train.micro_batch_size 2 times 2 ranks; for instance "
              "train.global_batch_size=8");
    recipe.dataset.seqLength = 77;
    EXPECT_EQ(refusal(recipe),
              "dataset.seq_length 77 is not model.seq_length 1024; add dataset.seq_length=null or model.seq_length=77");
}

TEST(RecipeRules, WhatIsNotOffered) {
    Recipe recipe = builtin("270m");
    recipe.model.calculatePerTokenLoss = false;
    EXPECT_NE(refusal(recipe).find("model.calculate_per_token_loss=true"), std::string::npos);
    recipe = builtin("270m");
    recipe.dataset.packSequences = true;
    EXPECT_NE(refusal(recipe).find("dataset.pack_sequences_in_batch=false"), std::string::npos);
    recipe = builtin("270m");
    recipe.rng.dataParallelRandomInit = true;
    EXPECT_NE(refusal(recipe).find("rng.data_parallel_random_init=false"), std::string::npos);
    recipe = builtin("270m");
    recipe.checkpoint.loadOptim = false;
    EXPECT_NE(refusal(recipe).find("checkpoint.load_optim=true"), std::string::npos);
    recipe = builtin("270m");
    recipe.optimizer.lr = 0.0;
    EXPECT_EQ(refusal(recipe), "optimizer.lr is 0: nothing would learn");
    recipe = builtin("270m");
    recipe.validation.evalIters = 0;
    recipe.validation.earlyStoppingPatience = 3;
    EXPECT_EQ(refusal(recipe), "validation.early_stopping_patience needs evaluations; validation.eval_iters is 0");
    recipe = builtin("270m");
    recipe.ddp.overlapGradReduce = true;
    EXPECT_EQ(joined(settle(recipe).notes), "ddp.overlap_grad_reduce has no effect here.\n");
}

TEST(RecipeFreezing, BridgesFlagsAndPeftRule) {
    Recipe recipe;
    EXPECT_EQ(*freezePlan(recipe), (FreezePlan{Training::Full, Training::Full, Training::Full}));
    recipe.model.freezeVisionModel = true;
    EXPECT_EQ(*freezePlan(recipe), (FreezePlan{Training::Full, Training::Frozen, Training::Full}));
    // Bridge freezes every parameter before it adds adapters, whatever the flags say (megatron 5.3).
    recipe.model.freezeVisionModel = false;
    recipe.peft = defaultPeft(PeftScheme::Lora);
    EXPECT_EQ(*freezePlan(recipe), (FreezePlan{Training::Adapter, Training::Frozen, Training::Frozen}));
    recipe.model.freezeLanguageModel = true;
    EXPECT_EQ(*freezePlan(recipe), (FreezePlan{Training::Adapter, Training::Frozen, Training::Frozen}));
    EXPECT_NE(joined(settle(recipe).notes).find("all else is frozen"), std::string::npos);
    recipe.model.vision = Training::Full;
    EXPECT_EQ(*freezePlan(recipe), (FreezePlan{Training::Adapter, Training::Full, Training::Frozen}));
    EXPECT_EQ(joined(settle(recipe).notes).find("all else is frozen"), std::string::npos);
}

TEST(Fault38, ARecipeThatTrainsNothingIsRefused) {
    Recipe recipe = builtin("270m");
    recipe.model.freezeLanguageModel = recipe.model.freezeVisionModel = recipe.model.freezeVisionProjection = true;
    EXPECT_NE(refusal(recipe).find("nothing would learn: language model, vision tower and projection are all frozen"),
              std::string::npos);
    recipe.model.freezeVisionProjection = false;  // the projection alone may learn
    EXPECT_EQ(refusal(recipe), "");
    recipe.model.vision = Training::Adapter;
    EXPECT_NE(refusal(recipe).find("add --peft lora"), std::string::npos);
    recipe.model.vision.reset();
    recipe.peft = defaultPeft(PeftScheme::Lora);
    recipe.model.language = Training::Full;
    EXPECT_NE(refusal(recipe).find("no part of the model is to get an adapter"), std::string::npos);
}

TEST(RecipeStages, AreCheckedAsRecipes) {
    Recipe recipe = builtin("270m");
    recipe.stages = {{"a", {}, {}, 0, 10},
                     {"b", {{"train.global_batch_size", "3"}, {"train.micro_batch_size", "2"}}, {}, 0, 10}};
    EXPECT_EQ(refusal(recipe).substr(0, 43), "stage 'b': train.global_batch_size 3 is no ");
    recipe.stages[1] = {"a", {}, {}, 0, 10};
    EXPECT_EQ(refusal(recipe), "stages[1]: every stage needs a name of its own");
    recipe.stages[1] = {"b", {}, {}, 11, 10};
    EXPECT_EQ(refusal(recipe), "stage 'b': expected 0 <= min_iters <= max_iters and max_iters above 0");
    recipe.stages[1] = {"b", {}, {}, 0, 10};
    EXPECT_EQ(refusal(recipe), "");
    EXPECT_EQ(recipeOfStage(recipe, 1)->train.trainIters, 10);
    EXPECT_EQ(decayIterations(*recipeOfStage(recipe, 1)), 10);
    recipe.stages[1].overrides["train.train_iters"] = "20";
    EXPECT_EQ(recipeOfStage(recipe, 1)->train.trainIters, 20);
}

TEST(RecipePlaces, AreBridgesAndSaveDirs) {
    Recipe recipe = builtin("gemma3_vl_4b_finetune_config");
    RunPlaces places = runPlaces(recipe, std::nullopt);
    EXPECT_EQ(places.folder, "nemo_experiments/gemma3_vl_finetune");
    EXPECT_EQ(places.load, places.folder);
    EXPECT_EQ(places.tensorboard, "nemo_experiments/gemma3_vl_finetune/tb_logs");
    EXPECT_EQ(runPlaces(recipe, "").folder, places.folder);
    EXPECT_EQ(runPlaces(recipe, "/runs").folder, "/runs/gemma3_vl_finetune");
    recipe.run.dir = "/other";
    EXPECT_EQ(runPlaces(recipe, "/runs").folder, "/other/gemma3_vl_finetune");
    recipe.logger.tensorboardDir = "/tb";
    recipe.checkpoint.save = "/my/run/checkpoints/";
    recipe.checkpoint.load = "/old";
    places = runPlaces(recipe, "/runs");
    EXPECT_EQ(places.folder, "/my/run");
    EXPECT_EQ(places.load, "/old");
    EXPECT_EQ(places.tensorboard, "/tb");
    recipe.checkpoint.load.reset();
    EXPECT_EQ(runPlaces(recipe, "/runs").load, "/my/run");
}

TEST(RecipeData, IsNamedBeforeARunStarts) {
    DatasetSection dataset;
    EXPECT_NE(checkDataset(dataset).error().message.find("--data-path FILE"), std::string::npos);
    dataset.trainDataPath = "a.jsonl";
    EXPECT_TRUE(checkDataset(dataset));
    dataset.datasetType = DatasetType::Hf;
    EXPECT_NE(checkDataset(dataset).error().message.find("dataset.maker_name="), std::string::npos);
    dataset.datasetType = DatasetType::Captions;
    EXPECT_NE(checkDataset(dataset).error().message.find("--image-folder DIR"), std::string::npos);
    dataset.datasetType = DatasetType::Scenes;
    EXPECT_TRUE(checkDataset(dataset));
}

}  // namespace
}  // namespace lapidary::plan
