#include "core/shared/plan/recipe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/shared/base/json.h"

namespace lapidary::plan {
namespace {

Result<Recipe> read(const std::string& text) {
    const auto json = parseJson(text, "recipe.json");
    return json ? Recipe::fromJson(*json, "recipe.json") : Result<Recipe>(json.error());
}

std::string complaint(const std::string& text) {
    const auto recipe = read(text);
    EXPECT_FALSE(recipe) << text;
    return recipe ? "" : recipe.error().toString();
}

TEST(Recipe, PrintsEveryKeyAndReadsItBack) {
    Recipe recipe;
    recipe.recipe = "demo";
    recipe.run.dir = "/tmp/a b";
    recipe.model.hfPath = "demo";
    recipe.model.vision = Training::Full;
    recipe.model.pipelineDtype = "bf16";
    recipe.train.exitDurationInMins = 12.5;
    recipe.train.onBadStep = BadStepPolicy::LowerLr;
    recipe.train.onOutOfMemory = MemoryPolicy::Smaller;
    recipe.train.remedyLimit = 0;
    recipe.validation.samples = {{{"a.png", "b.png"}, "What is ${this}?"}};
    recipe.optimizer.lr = 3e-5;
    recipe.optimizer.lrFactors.vision = 0.1;
    recipe.dataset.makerKwargs.json = R"({"split":"train"})";
    recipe.dataset.columns = {{"image", "picture"}};
    recipe.peft.emplace();
    recipe.peft->rankPattern = {{"q_proj", 8}};
    recipe.peft->targetModulesRegex = ".*q_proj";
    recipe.mixedPrecision = Precision::Bfloat16Mixed;
    recipe.stages = {
        {"tower", {{"optimizer.lr", "0.001"}, {"train.task", "\"tower_labels\""}}, {{"accuracy.char1", 0.98}}, 10, 20}};
    const auto again = Recipe::fromJson(Json(recipe.toJson()), "again");
    ASSERT_TRUE(again) << again.error().toString();
    EXPECT_EQ(*again, recipe);
    EXPECT_EQ(again->toJson().dump(), recipe.toJson().dump());
}

TEST(Recipe, SectionsAreBridges) {
    std::vector<std::string> names;
    const nlohmann::ordered_json json = Recipe().toJson();
    for (const auto& [name, value] : json.items()) names.push_back(name);
    EXPECT_EQ(names, (std::vector<std::string>{"recipe", "run", "model", "train", "validation", "optimizer", "scheduler", "ddp",
                                               "dataset", "logger", "tokenizer", "checkpoint", "dist", "rng", "peft",
                                               "mixed_precision", "stages", "comm_overlap", "profiling"}));
}

TEST(Recipe, AbsentKeysComeFromTheBase) {
    Recipe base;
    base.optimizer.lr = 0.5;
    base.peft.emplace().dim = 7;
    const auto recipe = Recipe::fromJson(Json{{"peft", {{"alpha", 3}}}}, "f", base);
    ASSERT_TRUE(recipe);
    EXPECT_EQ(recipe->optimizer.lr, 0.5);
    ASSERT_TRUE(recipe->peft);
    EXPECT_EQ(recipe->peft->dim, 7);
    EXPECT_EQ(recipe->peft->alpha, 3.0);
    const auto without = Recipe::fromJson(Json{{"peft", nullptr}}, "f", base);
    ASSERT_TRUE(without);
    EXPECT_FALSE(without->peft);
}

TEST(Recipe, EvaluationKeysAreReadUnderTrainToo) {
    const auto old = read(R"({"train": {"eval_iters": 3, "eval_interval": 7}})");
    ASSERT_TRUE(old) << old.error().toString();
    EXPECT_EQ(old->validation.evalIters, 3);
    EXPECT_EQ(old->validation.evalInterval, 7);
    EXPECT_TRUE(read(R"({"train": {"eval_iters": 3}, "validation": {"eval_iters": 3}})"));
    EXPECT_EQ(
        complaint(R"({"train": {"eval_iters": 3}, "validation": {"eval_iters": 4}})"),
        "recipe.json: 'train.eval_iters' is the number 3, but 'validation.eval_iters' is the number 4; they are one setting");
}

TEST(Fault61, RecipeUnknownKeyNamesTheNearest) {
    EXPECT_EQ(complaint(R"({"optimizer": {"adam_beta": 0.9}})"),
              "recipe.json: unknown key 'optimizer.adam_beta'; did you mean 'optimizer.adam_beta1'?");
    EXPECT_EQ(complaint(R"({"optimiser": {}})"), "recipe.json: unknown key 'optimiser'; did you mean 'optimizer'?");
    // In the wrong section.
    EXPECT_EQ(complaint(R"({"train": {"weight_decay": 0.1}})"),
              "recipe.json: unknown key 'train.weight_decay'; did you mean 'optimizer.weight_decay'?");
    EXPECT_EQ(complaint(R"({"stages": [{"name": "a"}, {"nam": "b"}]})"),
              "recipe.json: unknown key 'stages[1].nam'; did you mean 'stages[1].name'?");
    EXPECT_EQ(complaint(R"({"optimizer": {"lr_factors": {"text": 1}}})"),
              "recipe.json: unknown key 'optimizer.lr_factors.text'");
    EXPECT_LT(complaint("{\"" + std::string(1 << 20, 'x') + "\": 1}").size(), 400U);
}

TEST(Fault61, RecipeNumbersAreBounded) {
    EXPECT_EQ(complaint(R"({"optimizer": {"lr": 1e309}})"),
              "recipe.json: 'optimizer.lr': expected a number that a double holds, found 1e309");
    EXPECT_EQ(complaint(R"({"train": {"global_batch_size": -4}})"),
              "recipe.json: 'train.global_batch_size': expected an integer from 1 to 1048576, found the number -4");
    EXPECT_EQ(complaint(R"({"train": {"micro_batch_size": 0}})"),
              "recipe.json: 'train.micro_batch_size': expected an integer from 1 to 65536, found the number 0");
    EXPECT_EQ(complaint(R"({"train": {"train_iters": 1.5}})"),
              "recipe.json: 'train.train_iters': expected an integer from 1 to 1000000000, found the number 1.5");
    EXPECT_EQ(
        complaint(R"({"train": {"train_iters": 18446744073709551615}})"),
        "recipe.json: 'train.train_iters': expected an integer from 1 to 1000000000, found the number 18446744073709551615");
    EXPECT_EQ(complaint(R"({"optimizer": {"adam_beta2": 1.0}})").substr(0, 67),
              "recipe.json: 'optimizer.adam_beta2': expected a number from 0.0 to ");
    EXPECT_EQ(complaint(R"({"optimizer": {"lr": null}})"),
              "recipe.json: 'optimizer.lr': expected a number from 0.0 to 10.0, found null");
    EXPECT_EQ(complaint(R"({"peft": {"rank_pattern": {"q_proj": -1}}})"),
              "recipe.json: 'peft.rank_pattern.q_proj': expected an integer from 1 to 65536, found the number -1");
}

TEST(Fault61, RecipeTypesAreChecked) {
    EXPECT_EQ(complaint(R"({"optimizer": {"lr": "1e-4"}})"),
              "recipe.json: 'optimizer.lr': expected a number from 0.0 to 10.0, found the string \"1e-4\"");
    EXPECT_EQ(complaint(R"({"model": {"freeze_vision_model": 1}})"),
              "recipe.json: 'model.freeze_vision_model': expected true or false, found the number 1");
    EXPECT_EQ(complaint(R"({"optimizer": []})"), "recipe.json: 'optimizer': expected an object, found a list of 0");
    EXPECT_EQ(complaint(R"({"train": null})"), "recipe.json: 'train': expected an object, found null");
    EXPECT_EQ(complaint("[]"), "recipe.json: expected an object of sections, found a list of 0");
    EXPECT_EQ(complaint(R"({"model": {"vision": "thawed"}})"),
              "recipe.json: 'model.vision': expected one of frozen, adapter, full, found the string \"thawed\"");
    EXPECT_EQ(complaint(R"({"peft": {"target_modules": "q_proj"}})"),
              "recipe.json: 'peft.target_modules': expected a list of strings, found the string \"q_proj\"");
    EXPECT_EQ(complaint(R"({"peft": {"target_modules": [1]}})"),
              "recipe.json: 'peft.target_modules[0]': expected a string, found the number 1");
    EXPECT_EQ(complaint(R"({"validation": {"samples": [3]}})"),
              "recipe.json: 'validation.samples[0]': expected an object, found the number 3");
    EXPECT_EQ(complaint(R"({"dataset": {"columns": {"image": 3}}})"),
              "recipe.json: 'dataset.columns.image': expected a string, found the number 3");
    EXPECT_EQ(complaint(R"({"comm_overlap": {}})"),
              "recipe.json: 'comm_overlap': expected null (Lapidary does not offer it), found an object");
}

TEST(Fault61, RecipeTextsExpandNothing) {
    EXPECT_EQ(
        complaint(R"({"checkpoint": {"save": "${oc.env:HF_TOKEN}"}})"),
        "recipe.json: 'checkpoint.save': expected a plain text (interpolations like ${…} are not expanded), found the string "
        "\"${oc.env:HF_TOKEN}\"");
    EXPECT_EQ(complaint(R"({"checkpoint": {"save": "a\u0000b"}})").substr(0, 61),
              "recipe.json: 'checkpoint.save': expected a text without NUL, ");
    EXPECT_EQ(complaint(R"({"run": {"dir": ")" + std::string(100'000, 'a') + R"("}})"),
              "recipe.json: 'run.dir': expected at most 65536 bytes, found a string of 100000 bytes");
}

TEST(RecipeDiff, NamesWhatChangedInOrder) {
    Recipe from;
    Recipe to = from;
    EXPECT_TRUE(diff(from, to).empty());
    to.optimizer.lr = 5e-6;
    to.train.trainIters = 50;
    to.optimizer.lrFactors.vision = 0.1;
    to.run.dir = "runs";
    EXPECT_EQ(printDiff(diff(from, to)),
              "run.dir: null -> \"runs\"\n"
              "train.train_iters: 1000 -> 50\n"
              "optimizer.lr: 0.0001 -> 5e-06\n"
              "optimizer.lr_factors.vision: 1.0 -> 0.1\n");
    to = from;
    to.peft.emplace();
    const auto added = diff(from, to);
    ASSERT_EQ(added.size(), 1U);
    EXPECT_EQ(added[0].path, "peft");
    EXPECT_EQ(added[0].from, "null");
    to = from;
    from.dataset.makerKwargs.json = R"({"split":"train","subset":"x"})";
    to.dataset.makerKwargs.json = R"({"split":"test"})";
    EXPECT_EQ(printDiff(diff(from, to)),
              "dataset.maker_kwargs.split: \"train\" -> \"test\"\ndataset.maker_kwargs.subset: \"x\" -> null\n");
}

}  // namespace
}  // namespace lapidary::plan
