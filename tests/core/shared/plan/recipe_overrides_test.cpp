#include "core/shared/plan/recipe_overrides.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/shared/base/json.h"
#include "core/shared/plan/builtin_recipes.h"

namespace lapidary::plan {
namespace {

Recipe changed(const std::vector<std::string>& overrides, const Recipe& recipe = Recipe()) {
    const auto result = applyOverrides(recipe, overrides);
    EXPECT_TRUE(result) << result.error().toString();
    return result ? *result : Recipe();
}

std::string complaint(const std::string& text, const Recipe& recipe = Recipe()) {
    const auto result = applyOverrides(recipe, std::vector<std::string>{text});
    EXPECT_FALSE(result) << text;
    return result ? "" : result.error().toString();
}

TEST(RecipeOverrides, SetKeysOfEveryKind) {
    const Recipe recipe =
        changed({"train.train_iters=10", "optimizer.lr=1e-4", "model.freeze_vision_model=True", "checkpoint.save=/tmp/my run",
                 "logger.wandb_project=null", "validation.samples=[{images: [a.png], prompt: 'What, here?'}]",
                 "mixed_precision=bf16_mixed", "model.vision=full", "optimizer.lr_factors.vision=0.1"});
    EXPECT_EQ(recipe.train.trainIters, 10);
    EXPECT_EQ(recipe.optimizer.lr, 1e-4);
    EXPECT_TRUE(recipe.model.freezeVisionModel);
    EXPECT_EQ(recipe.checkpoint.save, "/tmp/my run");
    EXPECT_FALSE(recipe.logger.wandbProject);
    ASSERT_EQ(recipe.validation.samples.size(), 1U);
    EXPECT_EQ(recipe.validation.samples[0].prompt, "What, here?");
    EXPECT_EQ(recipe.mixedPrecision, Precision::Bfloat16Mixed);
    EXPECT_EQ(recipe.model.vision, Training::Full);
    EXPECT_EQ(recipe.optimizer.lrFactors.vision, 0.1);
    EXPECT_EQ(recipe.optimizer.lrFactors.language, 1.0);
}

TEST(RecipeOverrides, TheLastOneWins) { EXPECT_EQ(changed({"rng.seed=1", "rng.seed=2"}).rng.seed, 2); }

TEST(RecipeOverrides, OldAndNewPlaceOfEvaluation) {
    EXPECT_EQ(changed({"train.eval_iters=3"}).validation.evalIters, 3);
    EXPECT_EQ(changed({"validation.eval_iters=4"}).validation.evalIters, 4);
    EXPECT_EQ(changed({"train.eval_interval=5", "validation.eval_interval=6"}).validation.evalInterval, 6);
}

TEST(RecipeOverrides, PlusAddsOnlyWhatIsNotThere) {
    const Recipe added = changed({"+dataset.maker_kwargs.split=train", "++dataset.maker_kwargs.split=test"});
    EXPECT_EQ(added.dataset.makerKwargs.json, R"({"split":"test"})");
    EXPECT_EQ(changed({"dataset.maker_kwargs={subset: raven}"}, added).dataset.makerKwargs.json,
              R"({"split":"test","subset":"raven"})");
    EXPECT_EQ(complaint("+dataset.maker_kwargs.split=a", added),
              "override '+dataset.maker_kwargs.split=a': 'dataset.maker_kwargs.split' is there already; write it without '+', "
              "or with '++'");
    EXPECT_EQ(complaint("+optimizer.lr=1e-4"),
              "override '+optimizer.lr=1e-4': 'optimizer.lr' is there already; write it without '+', or with '++'");
    EXPECT_EQ(complaint("dataset.maker_kwargs.split=train"),
              "override 'dataset.maker_kwargs.split=train': 'dataset.maker_kwargs.split' is not there; to add it write "
              "'+dataset.maker_kwargs.split=…'");
    // A recipe knows its keys: adding another would change nothing, silently.
    EXPECT_EQ(complaint("+optimizer.adam_beta3=0.9"),
              "override '+optimizer.adam_beta3=0.9': unknown key 'optimizer.adam_beta3'; did you mean 'optimizer.adam_beta1'?");
}

TEST(RecipeOverrides, TildeTakesTheDefault) {
    Recipe recipe;
    recipe.peft = defaultPeft(PeftScheme::Lora);
    recipe.optimizer.lr = 0.5;
    recipe.dataset.makerKwargs.json = R"({"split":"train"})";
    const Recipe without = changed({"~peft", "~optimizer.lr", "~dataset.maker_kwargs.split"}, recipe);
    EXPECT_FALSE(without.peft);
    EXPECT_EQ(without.optimizer.lr, Recipe().optimizer.lr);
    EXPECT_EQ(without.dataset.makerKwargs.json, "{}");
    EXPECT_EQ(changed({"~optimizer.lr=0.5"}, recipe).optimizer.lr, Recipe().optimizer.lr);
    EXPECT_EQ(complaint("~optimizer.lr=0.25", recipe),
              "override '~optimizer.lr=0.25': 'optimizer.lr' is the number 0.5, not the number 0.25");
    EXPECT_EQ(complaint("~optimizer.x", recipe), "override '~optimizer.x': 'optimizer.x' is not there");
    EXPECT_EQ(complaint("~no.such.key", recipe), "override '~no.such.key': 'no' is not there");
}

TEST(RecipeOverrides, AdaptersNeedAScheme) {
    EXPECT_EQ(complaint("peft.dim=8"),
              "override 'peft.dim=8': 'peft.dim' belongs to adapters, and this run has none; add --peft lora or --peft dora");
    Recipe recipe;
    recipe.peft = defaultPeft(PeftScheme::Dora);
    EXPECT_EQ(changed({"peft.dim=8", "peft.rank_pattern={q_proj: 4}"}, recipe).peft->rankPattern.at("q_proj"), 4);
}

TEST(Fault61, OverridesNamePathAndNearestKey) {
    EXPECT_EQ(complaint("optimizer.lrr=1"),
              "override 'optimizer.lrr=1': unknown key 'optimizer.lrr'; did you mean 'optimizer.lr'?");
    EXPECT_EQ(complaint("optimiser.lr=1"), "override 'optimiser.lr=1': unknown key 'optimiser'; did you mean 'optimizer'?");
    EXPECT_EQ(complaint("optimizer.lr=1e309"), "'optimizer.lr': expected a number that a double holds, found 1e309");
    EXPECT_EQ(complaint("train.global_batch_size=-1"),
              "override 'train.global_batch_size=-1': 'train.global_batch_size': expected an integer from 1 to 1048576, found "
              "the number -1");
    EXPECT_EQ(complaint("optimizer.lr=fast"),
              "override 'optimizer.lr=fast': 'optimizer.lr': expected a number from 0.0 to 10.0, found the string \"fast\"");
    EXPECT_EQ(complaint("optimizer.lr.x=1"),
              "override 'optimizer.lr.x=1': 'optimizer.lr' is the number 0.0001, not an object of keys");
    EXPECT_EQ(complaint("lr"), "'lr' is no override: expected KEY=VALUE");
    EXPECT_EQ(complaint("=1"), "'=1' is no override: a path is keys with dots between them");
    EXPECT_EQ(complaint("a..b=1"), "'a..b=1' is no override: a path is keys with dots between them");
    EXPECT_EQ(complaint("a b=1"), "'a b=1' is no override: a path is keys with dots between them");
    EXPECT_EQ(complaint("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1"),
              "'a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1' is no override: a path is keys with dots between them");
}

TEST(RecipeOverrides, AStageIsARecipe) {
    Recipe recipe;
    recipe.stages = {{"tower", {{"optimizer.lr", "0.001"}, {"train.task", "\"tower_labels\""}}, {}, 0, 10},
                     {"odd", {{"optimizer.lrr", "1"}}, {}, 0, 10},
                     {"loop", {{"stages", "[]"}}, {}, 0, 10}};
    const auto tower = recipeOfStage(recipe, 0);
    ASSERT_TRUE(tower) << tower.error().toString();
    EXPECT_EQ(tower->optimizer.lr, 0.001);
    EXPECT_EQ(tower->train.task, TrainTask::TowerLabels);
    EXPECT_EQ(recipeOfStage(recipe, 1).error().toString(),
              "stage 'odd': unknown key 'optimizer.lrr'; did you mean 'optimizer.lr'?");
    EXPECT_EQ(recipeOfStage(recipe, 2).error().toString(), "stage 'loop': a stage cannot change the stages");
}

TEST(RecipeOverrides, AConfigFileIsMergedBySection) {
    Recipe recipe;
    recipe.optimizer.minLr = 0.25;
    const auto merged = mergeRecipe(recipe, Json{{"optimizer", {{"lr", 0.5}}}, {"train", {{"eval_iters", 9}}}}, "f.yaml");
    ASSERT_TRUE(merged) << merged.error().toString();
    EXPECT_EQ(merged->optimizer.lr, 0.5);
    EXPECT_EQ(merged->optimizer.minLr, 0.25);
    EXPECT_EQ(merged->validation.evalIters, 9);
}

}  // namespace
}  // namespace lapidary::plan
