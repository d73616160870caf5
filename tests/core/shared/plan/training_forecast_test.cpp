#include "core/shared/plan/training_forecast.h"

#include <gtest/gtest.h>

#include "core/shared/config/released_sizes.h"
#include "core/shared/plan/builtin_recipes.h"
#include "core/shared/plan/recipe_rules.h"

namespace lapidary::plan {
namespace {

constexpr std::int64_t k270mNumbers = 268'098'176;  // specification 1.1
constexpr std::int64_t k270mEmbedding = std::int64_t{262'144} * 640;
// hidden 640, queries 1024, keys 256, intermediate 2048, 18 layers; specification 1.1.  What a layer keeps of a token: x, normed x,
// o_proj's result, the middle, its normed self, down_proj's result; q before and behind its norm and attention's result; k likewise and
// v; gate, up and their product.
constexpr std::int64_t k270mKept = 6 * 640 + 3 * 1024 + 3 * 256 + 3 * 2048;
constexpr std::int64_t k270mLayers = 18;

config::Gemma3Config released(const char* size) { return config::releasedConfig(size).value(); }

constexpr const char* kAll = "q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj";

AdapterMatch languageAdapter(const config::Gemma3Config& config, const char* suffixes = kAll) {
    AdapterSpec spec;
    spec.r = 8;
    spec.targetModules.expression = std::string(".*(language_model|^model)\\.layers\\..*\\.(") + suffixes + ")";
    auto match = matchAdapter(spec, config);
    EXPECT_TRUE(match) << match.error().toString();
    return match.value();
}

// A run without what is measured: the count alone.
TrainingForecastSettings bare() {
    TrainingForecastSettings settings;
    settings.costs = {0, 0, 0, 1.0};
    return settings;
}

TrainingForecastSettings withAdapter(const AdapterMatch& match, AdapterKind kind = AdapterKind::Lora) {
    TrainingForecastSettings settings = bare();
    settings.freeze = {Training::Adapter, Training::Frozen, Training::Frozen};
    settings.adapter = &match;
    settings.adapterKind = kind;
    return settings;
}

std::int64_t total(const config::Gemma3Config& config, const TrainingForecastSettings& settings) {
    return forecastTraining(config, settings).memory.totalBytes();
}

TEST(TrainingForecast, AFullRunHoldsFourFloatsANumber) {
    TrainingForecastSettings settings = bare();
    settings.tokens = 64;
    settings.answerTokens = 8;
    const TrainingForecast forecast = forecastTraining(released("270m"), settings);
    EXPECT_EQ(forecast.learningNumbers, k270mNumbers);
    EXPECT_EQ(forecast.memory.bytesOf("weights"), 4 * k270mNumbers);
    EXPECT_EQ(forecast.memory.bytesOf("optimizer states"), 8 * k270mNumbers);
    EXPECT_EQ(forecast.memory.bytesOf("master weights"), 0);
    EXPECT_EQ(forecast.mappedBytes, 0);
    // The fullest moment of a short sample is the last of the backward pass: the embedding's gradient beside the tied head's.
    EXPECT_EQ(forecast.memory.bytesOf("gradients"), 4 * k270mNumbers);
    EXPECT_GE(forecast.memory.bytesOf("working memory"), 4 * k270mEmbedding);
    EXPECT_LT(forecast.memory.totalBytes(), 16 * k270mNumbers + 4 * k270mEmbedding + (64 << 20));
}

TEST(TrainingForecast, StatesInEightBitsAndMasterWeights) {
    TrainingForecastSettings settings = bare();
    settings.states = StateDtype::EightBit;
    const TrainingForecast small = forecastTraining(released("270m"), settings);
    EXPECT_GT(small.memory.bytesOf("optimizer states"), 2 * k270mNumbers);
    EXPECT_LT(small.memory.bytesOf("optimizer states"), 2 * k270mNumbers + k270mNumbers / 20);
    settings.precision = Precision::Bfloat16Mixed;
    const TrainingForecast mixed = forecastTraining(released("270m"), settings);
    EXPECT_EQ(mixed.memory.bytesOf("weights"), 2 * k270mNumbers);
    EXPECT_EQ(mixed.memory.bytesOf("master weights"), 4 * k270mNumbers);
}

TEST(TrainingForecast, AnAdapterLeavesTheMatricesMapped) {
    const config::Gemma3Config config = released("270m");
    const AdapterMatch match = languageAdapter(config);
    TrainingForecastSettings settings = withAdapter(match);
    const TrainingForecast forecast = forecastTraining(config, settings);
    const std::int64_t numbers = match.parameters(AdapterKind::Lora);
    EXPECT_EQ(forecast.learningNumbers, numbers);
    EXPECT_EQ(forecast.memory.bytesOf("adapter"), 4 * numbers);
    EXPECT_EQ(forecast.memory.bytesOf("optimizer states"), 8 * numbers);
    EXPECT_LE(forecast.memory.bytesOf("gradients"), 4 * numbers);
    // Norms are held as float32.
    const std::int64_t norms = forecast.memory.bytesOf("weights") / 4;
    EXPECT_GT(norms, 0);
    EXPECT_EQ(forecast.mappedBytes, 2 * (k270mNumbers - norms));
    // A float32 file is read in place too, but not where bfloat16 is computed.
    settings.weightBytes = [](const Parameter& parameter) { return 4 * parameter.elements(); };
    EXPECT_EQ(forecastTraining(config, settings).mappedBytes, 4 * (k270mNumbers - norms));
    settings.precision = Precision::Bfloat16Mixed;
    EXPECT_EQ(forecastTraining(config, settings).mappedBytes, 0);
    EXPECT_EQ(forecastTraining(config, settings).memory.bytesOf("weights"), 2 * k270mNumbers);
}

TEST(TrainingForecast, WhatTheLayersKeepIsCounted) {
    const config::Gemma3Config config = released("270m");
    const AdapterMatch match = languageAdapter(config);
    TrainingForecastSettings settings = withAdapter(match);
    settings.tokens = 512;
    const std::int64_t layer = 512 * 4 * (k270mKept + 7 * 8);
    const std::int64_t kept = forecastTraining(config, settings).memory.bytesOf("activations");
    EXPECT_GT(kept, (k270mLayers - 1) * layer);  // the last layer's are being freed when the fullest moment comes
    EXPECT_LT(kept, (k270mLayers + 1) * layer);
    settings.rows = 3;
    EXPECT_NEAR(static_cast<double>(forecastTraining(config, settings).memory.bytesOf("activations")),
                3.0 * static_cast<double>(kept), 0.01 * static_cast<double>(kept));
}

TEST(TrainingForecast, CheckpointingKeepsOneLayer) {
    const config::Gemma3Config config = released("270m");
    const AdapterMatch match = languageAdapter(config);
    TrainingForecastSettings settings = withAdapter(match);
    settings.tokens = 512;
    settings.activationCheckpointing = true;
    const std::int64_t layer = 512 * 4 * (k270mKept + 7 * 8);
    const std::int64_t kept = forecastTraining(config, settings).memory.bytesOf("activations");
    EXPECT_GT(kept, k270mLayers * 512 * 4 * 640);
    EXPECT_LT(kept, k270mLayers * 512 * 4 * 640 + 2 * layer);
    for (const Precision precision : {Precision::Float32, Precision::Bfloat16Mixed}) {
        settings.precision = precision;
        settings.activationCheckpointing = false;
        const std::int64_t all = total(config, settings);
        settings.activationCheckpointing = true;
        EXPECT_LT(total(config, settings), all);
    }
}

TEST(TrainingForecast, GrowsWithEverythingThatIsMore) {
    const config::Gemma3Config config = released("4b");
    const AdapterMatch match = languageAdapter(config);
    const auto grows = [&](const char* what, auto&& more) {
        TrainingForecastSettings settings = withAdapter(match);
        settings.tokens = 600;
        settings.views = 1;
        settings.freeze.projection = Training::Full;
        const std::int64_t before = total(config, settings);
        more(settings);
        EXPECT_GT(total(config, settings), before) << what;
    };
    grows("rows", [](TrainingForecastSettings& s) { s.rows = 2; });
    grows("tokens", [](TrainingForecastSettings& s) { s.tokens = 700; });
    grows("views", [](TrainingForecastSettings& s) { s.views = 2; });
    grows("micro-batches", [](TrainingForecastSettings& s) { s.microBatches = 2; });
    grows("dropout", [](TrainingForecastSettings& s) { s.adapterDropout = 0.1; });
    grows("DoRA", [](TrainingForecastSettings& s) { s.adapterKind = AdapterKind::Dora; });
    grows("a tower that learns", [](TrainingForecastSettings& s) { s.freeze.vision = Training::Full; });
    grows("a language model that learns", [](TrainingForecastSettings& s) { s.freeze.language = Training::Full; });
}

TEST(TrainingForecast, MethodsStandInTheirOrder) {
    const config::Gemma3Config config = released("1b");
    const AdapterMatch match = languageAdapter(config), two = languageAdapter(config, "q_proj|v_proj");
    const std::int64_t lora = total(config, withAdapter(match)), dora = total(config, withAdapter(match, AdapterKind::Dora));
    EXPECT_LT(total(config, withAdapter(two)), lora);
    EXPECT_LT(lora, dora);
    TrainingForecastSettings full = bare();
    full.states = StateDtype::EightBit;
    const std::int64_t small = total(config, full);
    EXPECT_LT(dora, small);
    full.states = StateDtype::Float32;
    EXPECT_LT(small, total(config, full));
}

TEST(TrainingForecast, PicturesCostWhatTheTowerDoes) {
    const config::Gemma3Config config = released("4b");
    TrainingForecastSettings settings = bare();
    settings.freeze = {Training::Frozen, Training::Frozen, Training::Full};
    settings.tokens = 600;
    EXPECT_EQ(forecastTraining(config, settings).memory.bytesOf("pictures"), 0);
    settings.views = 2;
    const auto vision = [&] { return forecastTraining(config, settings).memory.bytesOf("vision activations"); };
    // Pixels as numbers, those that are made ready as bytes.
    EXPECT_EQ(forecastTraining(config, settings).memory.bytesOf("pictures"), (4 + 1) * 2 * 3 * 896 * 896);
    const std::int64_t frozen = total(config, settings);
    settings.visionStatesCached = true;
    EXPECT_LE(total(config, settings), frozen);
    settings.visionStatesCached = false;
    settings.freeze.vision = Training::Full;
    // x, normed x, q, k, v, attention's result, the middle, its normed self; fc1's result and its gelu.
    const std::int64_t layer = std::int64_t{2} * 4096 * 4 * (8 * 1152 + 2 * 4304);
    const std::int64_t full = vision();
    EXPECT_GT(full, 26 * layer);
    EXPECT_LT(full, 28 * layer);
    settings.activationCheckpointing = true;
    EXPECT_LT(vision(), full / 5);
}

TEST(TrainingForecast, AFrozenLanguageModelRecordsOnlyForPictures) {
    const config::Gemma3Config config = released("4b");
    TrainingForecastSettings settings = bare();
    settings.freeze = {Training::Frozen, Training::Frozen, Training::Full};
    settings.tokens = 512;
    const std::int64_t without = forecastTraining(config, settings).memory.bytesOf("activations");
    settings.views = 1;
    EXPECT_GT(forecastTraining(config, settings).memory.bytesOf("activations"), 10 * without);
}

TEST(TrainingForecast, LogitsAreABlock) {
    const config::Gemma3Config config = released("270m");
    const AdapterMatch match = languageAdapter(config);
    TrainingForecastSettings settings = withAdapter(match);
    settings.tokens = 16;
    settings.answerTokens = 100;
    // 64 rows of 262,144 numbers, the gradient of the hidden states, and a block of the head as float32.
    EXPECT_EQ(forecastTraining(config, settings).memory.bytesOf("logits"),
              std::int64_t{64} * 262'144 * 4 + 100 * 640 * 4 + (4 << 20) / 2560 * 2560);
    settings.answerTokens = 10;
    EXPECT_EQ(forecastTraining(config, settings).memory.bytesOf("logits"),
              std::int64_t{10} * 262'144 * 4 + 10 * 640 * 4 + (4 << 20) / 2560 * 2560);
}

TEST(TrainingForecast, ASavedHeadLearnsBesideTheAdapter) {
    const config::Gemma3Config config = released("270m");
    AdapterMatch match = languageAdapter(config);
    match.saved.push_back({"model.embed_tokens.weight", {262'144, 640}, Part::Language, Kind::Embedding});
    const TrainingForecast forecast = forecastTraining(config, withAdapter(match));
    EXPECT_GE(forecast.memory.bytesOf("weights"), 4 * k270mEmbedding);
    EXPECT_EQ(forecast.learningNumbers, match.parameters(AdapterKind::Lora));
    EXPECT_GT(forecast.mappedBytes, 2 * k270mEmbedding);  // the head goes on with what the file has
}

TEST(TrainingForecast, CostsAreInOnePlace) {
    TrainingForecastSettings settings = bare();
    const TrainingForecast count = forecastTraining(released("270m"), settings);
    EXPECT_EQ(count.memory.bytesOf("program"), 0);
    settings.costs = {1000, 3, 70, 1.5};
    EXPECT_EQ(forecastTraining(released("270m"), settings).memory.bytesOf("program"),
              1000 + std::int64_t{3} * 262'144 + count.memory.totalBytes() / 2);
    settings.precision = Precision::Bfloat16Mixed;
    const std::int64_t with = forecastTraining(released("270m"), settings).memory.bytesOf("program");
    settings.costs.bfloat16Bytes = 0;
    EXPECT_EQ(with - forecastTraining(released("270m"), settings).memory.bytesOf("program"), 70);
}

TEST(TrainingForecast, ARecipeSaysItsSettings) {
    const Recipe recipe = builtinRecipe("1b", PeftChoice::Dora).value();
    const TrainingForecastSettings settings = forecastSettings(recipe, freezePlan(recipe).value(), {700, 100, 5});
    EXPECT_EQ(settings.freeze.language, Training::Adapter);
    EXPECT_EQ(settings.adapterKind, AdapterKind::Dora);
    EXPECT_TRUE(settings.activationCheckpointing);
    EXPECT_EQ(settings.rows, 1);
    EXPECT_EQ(settings.microBatches, recipe.train.globalBatchSize);
    EXPECT_EQ(settings.tokens, 700);
    EXPECT_EQ(settings.answerTokens, 100);
    EXPECT_EQ(settings.views, 5);
    EXPECT_TRUE(settings.visionStatesCached);
    const Recipe full = builtinRecipe("1b", PeftChoice::None).value();
    EXPECT_EQ(forecastSettings(full, freezePlan(full).value(), {}).states, StateDtype::EightBit);
    EXPECT_FALSE(forecastSettings(full, freezePlan(full).value(), {}).visionStatesCached);
}

TEST(TrainingForecast, WithoutDataTheRecipeBoundsASample) {
    Recipe recipe = builtinRecipe("gemma3_vl_4b_peft_config", PeftChoice::RecipeDefault).value();
    recipe.model.seqLength = 1000;
    EXPECT_EQ(largestSample(recipe, false), (SampleExtent{1000, 500, 0}));
    EXPECT_EQ(largestSample(recipe, true), (SampleExtent{1000, 500, 1}));
    recipe.dataset.doPanAndScan = true;
    EXPECT_EQ(largestSample(recipe, true).views, 5);
    recipe.dataset.panAndScanMaxNumCrops = 2;
    EXPECT_EQ(largestSample(recipe, true).views, 3);
}

}  // namespace
}  // namespace lapidary::plan
