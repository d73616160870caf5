#include "core/shared/plan/parameter_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/shared/config/released_sizes.h"

namespace lapidary::plan {
namespace {

struct Totals {
    const char* size;
    std::int64_t text, vision, projection, bytes;
    std::size_t tensors;
};

// The last rows of specification 1.1.
constexpr Totals kTotals[] = {
    {"270m", 268098176, 0, 0, 536196352, 236},
    {"1b", 999885952, 0, 0, 1999771904, 340},
    {"4b", 3880263168, 416866032, 2950272, 8600158944, 883},
    {"12b", 11766034176, 416866032, 4424832, 24374650080, 1065},
    {"27b", 27009346304, 416866032, 6194304, 54864813280, 1247},
};

std::vector<std::int64_t> shapeOf(const std::vector<Parameter>& table, const std::string& name) {
    const auto row =
        std::find_if(table.begin(), table.end(), [&](const Parameter& parameter) { return parameter.name == name; });
    return row == table.end() ? std::vector<std::int64_t>{} : row->shape;
}

TEST(ParameterTable, TotalsOfTheReleasedModels) {
    for (const Totals& expected : kTotals) {
        SCOPED_TRACE(expected.size);
        const auto table = parameterTable(*config::releasedConfig(expected.size));
        std::int64_t sums[3] = {};
        std::int64_t total = 0;
        for (const Parameter& parameter : table) {
            sums[static_cast<std::size_t>(parameter.part)] += parameter.elements();
            total += parameter.elements();
        }
        EXPECT_EQ(sums[static_cast<std::size_t>(Part::Language)], expected.text);
        EXPECT_EQ(sums[static_cast<std::size_t>(Part::Vision)], expected.vision);
        EXPECT_EQ(sums[static_cast<std::size_t>(Part::Projection)], expected.projection);
        EXPECT_EQ(2 * total, expected.bytes);
        EXPECT_EQ(table.size(), expected.tensors);
    }
}

TEST(ParameterTable, NamesAreUnique) {
    for (const std::string& size : config::releasedSizes()) {
        std::set<std::string> names;
        for (const Parameter& parameter : parameterTable(*config::releasedConfig(size), true)) {
            EXPECT_TRUE(names.insert(parameter.name).second) << parameter.name;
        }
    }
}

TEST(ParameterTable, NamesAndShapesOfATextModel) {
    const auto table = parameterTable(*config::releasedConfig("270m"));
    using Shape = std::vector<std::int64_t>;
    EXPECT_EQ(table.front().name, "model.embed_tokens.weight");
    EXPECT_EQ(table.back().name, "model.norm.weight");
    EXPECT_EQ(shapeOf(table, "model.embed_tokens.weight"), (Shape{262144, 640}));
    EXPECT_EQ(shapeOf(table, "model.layers.17.self_attn.q_proj.weight"), (Shape{1024, 640}));
    EXPECT_EQ(shapeOf(table, "model.layers.0.self_attn.k_proj.weight"), (Shape{256, 640}));
    EXPECT_EQ(shapeOf(table, "model.layers.0.self_attn.o_proj.weight"), (Shape{640, 1024}));
    EXPECT_EQ(shapeOf(table, "model.layers.0.self_attn.q_norm.weight"), (Shape{256}));
    EXPECT_EQ(shapeOf(table, "model.layers.0.mlp.gate_proj.weight"), (Shape{2048, 640}));
    EXPECT_EQ(shapeOf(table, "model.layers.0.mlp.down_proj.weight"), (Shape{640, 2048}));
    EXPECT_EQ(shapeOf(table, "model.layers.0.post_feedforward_layernorm.weight"), (Shape{640}));
    EXPECT_TRUE(shapeOf(table, "model.layers.18.input_layernorm.weight").empty());
    EXPECT_TRUE(shapeOf(table, "lm_head.weight").empty());
}

TEST(ParameterTable, NamesAndShapesOfAVisionLanguageModel) {
    const auto table = parameterTable(*config::releasedConfig("27b"));
    using Shape = std::vector<std::int64_t>;
    EXPECT_EQ(shapeOf(table, "language_model.model.embed_tokens.weight"), (Shape{262208, 5376}));
    EXPECT_EQ(shapeOf(table, "language_model.model.layers.61.self_attn.v_proj.weight"), (Shape{2048, 5376}));
    EXPECT_EQ(shapeOf(table, "vision_tower.vision_model.embeddings.patch_embedding.weight"), (Shape{1152, 3, 14, 14}));
    EXPECT_EQ(shapeOf(table, "vision_tower.vision_model.embeddings.position_embedding.weight"), (Shape{4096, 1152}));
    EXPECT_EQ(shapeOf(table, "vision_tower.vision_model.encoder.layers.26.mlp.fc2.weight"), (Shape{1152, 4304}));
    EXPECT_EQ(shapeOf(table, "vision_tower.vision_model.encoder.layers.0.self_attn.out_proj.bias"), (Shape{1152}));
    EXPECT_EQ(shapeOf(table, "vision_tower.vision_model.post_layernorm.bias"), (Shape{1152}));
    EXPECT_EQ(shapeOf(table, "multi_modal_projector.mm_input_projection_weight"), (Shape{1152, 5376})) << "[in, out]";
    EXPECT_EQ(shapeOf(table, "multi_modal_projector.mm_soft_emb_norm.weight"), (Shape{1152}));
}

TEST(ParameterTable, UntiedHeadAndAttentionBiases) {
    config::Gemma3Config config = *config::releasedConfig("4b");
    EXPECT_EQ(parameterTable(config, true).size(), 884U);
    EXPECT_EQ(parameterTable(config, true).back().name, "multi_modal_projector.mm_soft_emb_norm.weight");
    EXPECT_EQ(shapeOf(parameterTable(config, true), "language_model.lm_head.weight"),
              (std::vector<std::int64_t>{262208, 2560}));
    config.text.tieWordEmbeddings = false;
    EXPECT_EQ(parameterTable(config).size(), 884U);
    config.text.attentionBias = true;
    EXPECT_EQ(parameterTable(config).size(), 884U + 4 * 34);
    EXPECT_EQ(shapeOf(parameterTable(config), "language_model.model.layers.3.self_attn.o_proj.bias"),
              (std::vector<std::int64_t>{2560}));
}

}  // namespace
}  // namespace lapidary::plan
