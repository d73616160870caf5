// Which modules an adapter stands beside: peft's rule, restated here from its documentation.
#include "core/shared/plan/adapter_match.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/shared/config/released_sizes.h"
#include "core/shared/plan/recipe.h"

namespace lapidary::plan {
namespace {

config::Gemma3Config size(const std::string& name) {
    auto found = config::releasedConfig(name);
    EXPECT_TRUE(found) << name;
    return found ? *found : config::Gemma3Config{};
}

AdapterMatch matched(const AdapterSpec& spec, const config::Gemma3Config& config) {
    auto match = matchAdapter(spec, config);
    EXPECT_TRUE(match) << (match ? "" : match.error().toString());
    return match ? *match : AdapterMatch{};
}

Error refused(const AdapterSpec& spec, const config::Gemma3Config& config) {
    const auto match = matchAdapter(spec, config);
    EXPECT_FALSE(match);
    return match ? Error{} : match.error();
}

AdapterSpec listed(std::vector<std::string> names) {
    AdapterSpec spec;
    spec.targetModules.list = std::move(names);
    return spec;
}

TEST(AdapterMatch, AListMatchesWholeNamesAndEndsBehindADot) {
    const config::Gemma3Config config = size("4b");
    const auto both = matched(listed({"q_proj"}), config);
    EXPECT_EQ(both.targetsIn(Part::Language), 34);
    EXPECT_EQ(both.targetsIn(Part::Vision), 27) << "a bare suffix reaches into the tower";
    const auto one = matched(listed({"model.language_model.layers.3.mlp.down_proj"}), config);
    ASSERT_EQ(one.targets.size(), 1U);
    EXPECT_EQ(one.targets[0].module, "language_model.model.layers.3.mlp.down_proj");
    EXPECT_EQ(one.targets[0].out, 2560);
    EXPECT_EQ(one.targets[0].in, 10240);
    EXPECT_EQ(matched(listed({"layers.3.mlp.down_proj"}), config).targets.size(), 1U);
    EXPECT_EQ(refused(listed({"_proj"}), config).code, ErrorCode::InvalidData) << "an end inside a word is none";
    EXPECT_EQ(matched(listed({"vision_model.encoder.layers.0.mlp.fc1"}), config).targetsIn(Part::Vision), 1)
        << "the tower's name of transformers 4.52";
}

TEST(AdapterMatch, AnExpressionMatchesWholeNames) {
    const config::Gemma3Config config = size("4b");
    AdapterSpec spec;
    spec.targetModules.expression = "^.*language_model.*\\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)$";
    const auto match = matched(spec, config);
    EXPECT_EQ(match.targets.size(), 34U * 7);
    EXPECT_EQ(match.targetsIn(Part::Vision), 0);
    spec.targetModules.expression = "q_proj";
    EXPECT_EQ(refused(spec, config).code, ErrorCode::InvalidData) << "an expression is no suffix";
    spec.targetModules.expression = "(?!x)";
    EXPECT_EQ(refused(spec, config).code, ErrorCode::Unsupported);
}

TEST(AdapterMatch, AllLinearIsEveryLinearLayerButTheHead) {
    for (const char* word : {"all-linear", "All-Linear"}) {
        const auto match = matched(listed({word}), size("4b"));
        EXPECT_EQ(match.targetsIn(Part::Language), 34 * 7);
        EXPECT_EQ(match.targetsIn(Part::Vision), 27 * 6);
        EXPECT_EQ(match.targetsIn(Part::Projection), 0) << "the projector's matrix is a bare parameter";
    }
}

TEST(AdapterMatch, ExclusionsAndSavedModulesHoldNoDelta) {
    const config::Gemma3Config config = size("4b");
    AdapterSpec spec = listed({"q_proj"});
    spec.excludeModules.expression = ".*vision_tower.*";
    EXPECT_EQ(matched(spec, config).targets.size(), 34U);
    spec.excludeModules = {};
    spec.excludeModules.list = {"layers.0.self_attn.q_proj"};
    EXPECT_EQ(matched(spec, config).targets.size(), 34U + 27 - 2);
    spec.excludeModules = {};
    spec.modulesToSave = {"vision_tower"};
    const auto match = matched(spec, config);
    EXPECT_EQ(match.targets.size(), 34U);
    EXPECT_EQ(match.saved.size(), 27U * 16 + 5);
}

TEST(AdapterMatch, SavedModules) {
    const config::Gemma3Config config = size("4b");
    AdapterSpec spec = listed({"q_proj"});
    spec.modulesToSave = {"multi_modal_projector", "lm_head"};
    const auto match = matched(spec, config);
    std::set<std::string> names;
    for (const Parameter& parameter : match.saved) names.insert(parameter.name);
    EXPECT_EQ(names, (std::set<std::string>{"multi_modal_projector.mm_input_projection_weight",
                                            "multi_modal_projector.mm_soft_emb_norm.weight", "language_model.lm_head.weight"}));
    spec.modulesToSave = {"lm_haed"};
    const Error error = refused(spec, config);
    EXPECT_NE(error.message.find("lm_head"), std::string::npos) << error.toString();
}

TEST(AdapterMatch, NothingMatchedIsAnErrorThatNamesTheNearest) {
    const config::Gemma3Config config = size("270m");
    Error error = refused(listed({"q_proj", "v_porj"}), config);
    EXPECT_EQ(error.code, ErrorCode::InvalidData);
    EXPECT_NE(error.message.find("'v_proj'"), std::string::npos) << error.toString();
    error = refused(listed({"query_key_value"}), config);
    EXPECT_NE(error.message.find("down_proj, gate_proj, k_proj"), std::string::npos) << error.toString();
    EXPECT_EQ(refused(listed({"embed_tokens"}), config).code, ErrorCode::Unsupported);
    EXPECT_EQ(refused(listed({"input_layernorm"}), config).code, ErrorCode::Unsupported);
    AdapterSpec all = listed({"q_proj"});
    all.excludeModules.list = {"q_proj"};
    EXPECT_EQ(refused(all, config).code, ErrorCode::InvalidData);
    EXPECT_EQ(refused(AdapterSpec{}, config).code, ErrorCode::InvalidData);
}

TEST(AdapterMatch, RanksByPattern) {
    AdapterSpec spec = listed({"q_proj", "v_proj"});
    spec.r = 8;
    spec.alpha = 16.0;
    spec.rankPattern = {{"layers\\.[01]\\..*q_proj", 4}, {"v_proj", 2}};
    spec.alphaPattern = {{"^model\\.layers\\.0\\.self_attn\\.q_proj", 3.0}};
    const auto match = matched(spec, size("270m"));
    const auto of = [&](const std::string& end) {
        for (const AdapterTarget& target : match.targets) {
            if (target.peftName.ends_with(end)) return target;
        }
        return AdapterTarget{};
    };
    EXPECT_EQ(of("layers.0.self_attn.q_proj").r, 4);
    EXPECT_DOUBLE_EQ(of("layers.0.self_attn.q_proj").scaling, 3.0 / 4.0);
    EXPECT_DOUBLE_EQ(of("layers.1.self_attn.q_proj").scaling, 16.0 / 4.0);
    EXPECT_DOUBLE_EQ(of("layers.10.self_attn.q_proj").scaling, 2.0);
    EXPECT_EQ(of("layers.17.self_attn.v_proj").r, 2);
    spec.useRslora = true;
    EXPECT_DOUBLE_EQ(matched(spec, size("270m")).targets.back().scaling, 16.0 / std::sqrt(2.0));
    spec.rankPattern = {{"q_proj", 0}};
    EXPECT_EQ(refused(spec, size("270m")).code, ErrorCode::InvalidData);
    spec.rankPattern = {{"q_proj", std::int64_t{1} << 40}};
    EXPECT_EQ(refused(spec, size("270m")).code, ErrorCode::InvalidData);
}

TEST(AdapterMatch, CountsWhatLearns) {
    const auto match = matched(listed({"q_proj"}), size("270m"));  // [1024, 640], 18 layers
    EXPECT_EQ(match.parameters(AdapterKind::Lora), 18 * 8 * (1024 + 640));
    EXPECT_EQ(match.parameters(AdapterKind::Dora), 18 * (8 * (1024 + 640) + 1024));
}

TEST(AdapterMatch, BridgesNamesMeanTheLanguageModel) {
    PeftSection section;
    section.targetModules = {"linear_qkv", "linear_proj", "linear_fc1", "linear_fc2"};
    FreezePlan plan{.language = Training::Adapter, .vision = Training::Frozen, .projection = Training::Frozen};
    const AdapterSpec vision = adapterSpec(section, plan, true);
    EXPECT_EQ(vision.targetModules.expression,
              "^.*language_model.*\\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)$");
    EXPECT_EQ(matched(vision, size("4b")).targets.size(), 34U * 7);
    plan.vision = Training::Adapter;
    EXPECT_EQ(matched(adapterSpec(section, plan, true), size("4b")).targetsIn(Part::Vision), 27 * 6);
    EXPECT_EQ(matched(adapterSpec(section, plan, false), size("1b")).targets.size(), 26U * 7);
    section.targetModules = {"linear_qkv", "fc1"};
    EXPECT_EQ(matched(adapterSpec(section, plan, true), size("4b")).targets.size(), 34U * 3 + 27 * 4);
}

// Both towers have a q_proj: what is frozen gets no adapter, by whatever name.
TEST(AdapterMatch, APartThatGetsNoAdapterGetsNoneByPeftsNamesEither) {
    PeftSection section;
    section.targetModules = {"q_proj", "v_proj"};
    FreezePlan plan{.language = Training::Adapter, .vision = Training::Adapter, .projection = Training::Frozen};
    EXPECT_EQ(matched(adapterSpec(section, plan, true), size("4b")).targets.size(), 34U * 2 + 27 * 2);
    EXPECT_TRUE(adapterSpec(section, plan, true).excludeModules.empty());
    const auto targets = [&](Training language, Training vision) {
        plan.language = language;
        plan.vision = vision;
        const AdapterMatch match = matched(adapterSpec(section, plan, true), size("4b"));
        return std::pair(match.targetsIn(Part::Language), match.targetsIn(Part::Vision));
    };
    EXPECT_EQ(targets(Training::Adapter, Training::Frozen), std::pair(34 * 2L, 0L));
    EXPECT_EQ(targets(Training::Adapter, Training::Full), std::pair(34 * 2L, 0L));
    EXPECT_EQ(targets(Training::Frozen, Training::Adapter), std::pair(0L, 27 * 2L));
    section.excludeModules = {"layers.0.self_attn.v_proj"};
    EXPECT_EQ(targets(Training::Adapter, Training::Frozen), std::pair(34 * 2L - 1, 0L));
    section.excludeModules.clear();
    section.targetModules = {"all-linear"};
    EXPECT_EQ(targets(Training::Adapter, Training::Frozen), std::pair(34 * 7L, 0L));
    section.targetModulesRegex = ".*_proj";
    EXPECT_EQ(targets(Training::Frozen, Training::Adapter), std::pair(0L, 27 * 4L));
    // A text model has one part.
    section.targetModulesRegex.reset();
    section.targetModules = {"q_proj"};
    plan.language = Training::Adapter;
    EXPECT_EQ(matched(adapterSpec(section, plan, false), size("1b")).targets.size(), 26U);
    // A name that lies in the frozen tower alone is told, not dropped.
    section.targetModules = {"q_proj", "fc1"};
    plan.vision = Training::Frozen;
    const Error error = refused(adapterSpec(section, plan, true), size("4b"));
    EXPECT_NE(error.message.find("'fc1' matches no module of this model; what has this name is excluded"), std::string::npos)
        << error.message;
}

}  // namespace
}  // namespace lapidary::plan
