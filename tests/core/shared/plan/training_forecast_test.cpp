#include "core/shared/plan/training_forecast.h"

#include <gtest/gtest.h>

#include "core/shared/config/released_sizes.h"
#include "core/shared/plan/builtin_recipes.h"
#include "core/shared/plan/recipe_rules.h"

namespace lapidary::plan {
namespace {

constexpr std::int64_t k270mNumbers = 268'098'176;  // specification 1.1

config::Gemma3Config released(const char* size) { return config::releasedConfig(size).value(); }

AdapterMatch languageAdapter(const config::Gemma3Config& config, const char* suffixes) {
    AdapterSpec spec;
    spec.r = 8;
    spec.targetModules.expression = std::string(".*(language_model|^model)\\.layers\\..*\\.(") + suffixes + ")";
    auto match = matchAdapter(spec, config);
    EXPECT_TRUE(match) << match.error().toString();
    return match.value();
}

constexpr const char* kAll = "q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj";

TEST(TrainingForecast, AFullRunHoldsFourFloatsANumber) {
    TrainingForecastSettings settings;
    const TrainingForecast forecast = forecastTraining(released("270m"), settings);
    EXPECT_EQ(forecast.learningNumbers, k270mNumbers);
    EXPECT_EQ(forecast.memory.bytesOf("trained weights"), 4 * k270mNumbers);
    EXPECT_EQ(forecast.memory.bytesOf("gradients"), 4 * k270mNumbers);
    EXPECT_EQ(forecast.memory.bytesOf("optimizer states"), 8 * k270mNumbers);
    EXPECT_EQ(forecast.memory.bytesOf("master weights"), 0);
    EXPECT_EQ(forecast.mappedBytes, 0);
    settings.states = StateDtype::EightBit;
    const std::int64_t states = forecastTraining(released("270m"), settings).memory.bytesOf("optimizer states");
    EXPECT_GT(states, 2 * k270mNumbers);
    EXPECT_LT(states, 2 * k270mNumbers + k270mNumbers / 20);
    settings.precision = Precision::Bfloat16Mixed;
    EXPECT_EQ(forecastTraining(released("270m"), settings).memory.bytesOf("trained weights"), 2 * k270mNumbers);
    EXPECT_EQ(forecastTraining(released("270m"), settings).memory.bytesOf("master weights"), 4 * k270mNumbers);
}

TEST(TrainingForecast, AnAdapterLeavesTheWeightsMapped) {
    const config::Gemma3Config config = released("270m");
    const AdapterMatch match = languageAdapter(config, kAll);
    TrainingForecastSettings settings;
    settings.freeze = {Training::Adapter, Training::Frozen, Training::Frozen};
    settings.adapter = &match;
    const TrainingForecast forecast = forecastTraining(config, settings);
    const std::int64_t numbers = match.parameters(AdapterKind::Lora);
    EXPECT_EQ(forecast.learningNumbers, numbers);
    EXPECT_EQ(forecast.memory.bytesOf("adapter"), 16 * numbers);
    EXPECT_EQ(forecast.memory.bytesOf("gradients"), 0);
    // Matrices and embedding stay in the file; norms are held as float32.
    const std::int64_t copied = forecast.memory.bytesOf("trained weights");
    EXPECT_GT(copied, 0);
    EXPECT_EQ(forecast.mappedBytes + copied / 2, 2 * k270mNumbers);
    settings.weightBytes = [](const Parameter& parameter) { return 4 * parameter.elements(); };
    EXPECT_EQ(forecastTraining(config, settings).mappedBytes, 4 * k270mNumbers);
    EXPECT_EQ(forecastTraining(config, settings).memory.bytesOf("trained weights"), 0);
}

TEST(TrainingForecast, CheckpointingKeepsOneLayer) {
    const config::Gemma3Config config = released("270m");
    TrainingForecastSettings settings;
    settings.tokens = 512;
    const std::int64_t all = forecastTraining(config, settings).memory.bytesOf("activations");
    // hidden 640, queries 1024, keys 256, intermediate 2048; specification 1.1.
    const std::int64_t layer = 512 * 4 * (6 * 640 + 3 * 1024 + 3 * 256 + 3 * 2048);
    const std::int64_t embedded = 2 * 512 * 4 * 640;
    EXPECT_EQ(all, embedded + 18 * layer);
    settings.activationCheckpointing = true;
    EXPECT_EQ(forecastTraining(config, settings).memory.bytesOf("activations"), embedded + layer + 18 * 512 * 4 * 640);
    settings.rows = 3;
    EXPECT_EQ(forecastTraining(config, settings).memory.bytesOf("activations"), 3 * (embedded + layer + 18 * 512 * 4 * 640));
}

TEST(TrainingForecast, DeltasKeepTheirInputsOnce) {
    const config::Gemma3Config config = released("270m");
    TrainingForecastSettings settings;
    settings.freeze = {Training::Adapter, Training::Frozen, Training::Frozen};
    const auto activations = [&](const char* suffixes, AdapterKind kind = AdapterKind::Lora, double dropout = 0.0) {
        const AdapterMatch match = languageAdapter(config, suffixes);
        settings.adapter = &match;
        settings.adapterKind = kind;
        settings.adapterDropout = dropout;
        return forecastTraining(config, settings).memory.bytesOf("activations") / (1024 * 18 * 4);
    };
    const std::int64_t queries = activations("q_proj");
    EXPECT_EQ(activations("q_proj|k_proj|v_proj") - queries, 2 * 8);
    EXPECT_EQ(activations("q_proj|o_proj") - queries, 1024 + 8);
    EXPECT_EQ(activations("q_proj", AdapterKind::Dora) - queries, 2 * 1024);
    EXPECT_EQ(activations("q_proj", AdapterKind::Lora, 0.1) - queries, 2 * 640);
}

TEST(TrainingForecast, PicturesCostWhatTheTowerDoes) {
    const config::Gemma3Config config = released("4b");
    TrainingForecastSettings settings;
    settings.freeze = {Training::Full, Training::Frozen, Training::Full};
    EXPECT_EQ(forecastTraining(config, settings).memory.bytesOf("vision activations"), 0);
    settings.views = 2;
    const auto vision = [&] { return forecastTraining(config, settings).memory.bytesOf("vision activations"); };
    const std::int64_t frozen = vision();
    settings.visionStatesCached = true;
    const std::int64_t cached = vision();
    EXPECT_LT(cached, frozen);
    settings.visionStatesCached = false;
    settings.freeze.vision = Training::Full;
    const std::int64_t full = vision();
    EXPECT_GT(full, frozen + std::int64_t{2} * 4096 * 27 * (9 * 1152 + 2 * 4304) * 4);
    settings.activationCheckpointing = true;
    EXPECT_LT(vision(), full / 5);
}

TEST(TrainingForecast, AFrozenLanguageModelRecordsOnlyForPictures) {
    const config::Gemma3Config config = released("4b");
    TrainingForecastSettings settings;
    settings.freeze = {Training::Frozen, Training::Frozen, Training::Full};
    settings.tokens = 512;
    const std::int64_t without = forecastTraining(config, settings).memory.bytesOf("activations");
    settings.views = 1;
    EXPECT_GT(forecastTraining(config, settings).memory.bytesOf("activations"), 20 * without);
}

TEST(TrainingForecast, LogitsAreABlock) {
    TrainingForecastSettings settings;
    settings.answerTokens = 100'000;
    const std::int64_t many = forecastTraining(released("270m"), settings).memory.bytesOf("logits");
    EXPECT_EQ(many, std::int64_t{64} * 262'144 * 4 + std::int64_t{3} * 100'000 * 640 * 4);
    settings.answerTokens = 10;
    EXPECT_EQ(forecastTraining(released("270m"), settings).memory.bytesOf("logits"), 10 * 262'144 * 4 + 3 * 10 * 640 * 4);
}

TEST(TrainingForecast, CostsAreInOnePlace) {
    TrainingForecastSettings settings;
    settings.costs.programBytes = 0;
    settings.costs.allocatorOverhead = 1.0;
    const TrainingForecast bare = forecastTraining(released("270m"), settings);
    EXPECT_EQ(bare.memory.bytesOf("program"), 0);
    settings.costs.programBytes = 1000;
    settings.costs.allocatorOverhead = 1.5;
    EXPECT_EQ(forecastTraining(released("270m"), settings).memory.bytesOf("program"), 1000 + bare.memory.totalBytes() / 2);
}

TEST(TrainingForecast, ARecipeSaysItsSettings) {
    const Recipe recipe = builtinRecipe("1b", PeftChoice::Dora).value();
    const TrainingForecastSettings settings = forecastSettings(recipe, freezePlan(recipe).value(), 5);
    EXPECT_EQ(settings.freeze.language, Training::Adapter);
    EXPECT_EQ(settings.adapterKind, AdapterKind::Dora);
    EXPECT_TRUE(settings.activationCheckpointing);
    EXPECT_EQ(settings.rows, 1);
    EXPECT_EQ(settings.tokens, 1024);
    EXPECT_EQ(settings.views, 5);
    EXPECT_TRUE(settings.visionStatesCached);
    const Recipe full = builtinRecipe("1b", PeftChoice::None).value();
    EXPECT_EQ(forecastSettings(full, freezePlan(full).value(), 1).states, StateDtype::EightBit);
    EXPECT_FALSE(forecastSettings(full, freezePlan(full).value(), 1).visionStatesCached);
}

}  // namespace
}  // namespace lapidary::plan
