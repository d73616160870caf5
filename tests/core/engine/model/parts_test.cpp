// Small parts: where a prompt is cut, rotation tables, parameters against the table, loading errors.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/engine/model/prefill_chunks.h"
#include "core/engine/model/rotary_embedding.h"
#include "core/shared/plan/parameter_table.h"
#include "tests/core/engine/model/model_fixture.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

using Ends = std::vector<std::int64_t>;

TEST(PrefillChunks, CutTextAnywhereAndImagesNowhere) {
    EXPECT_EQ(model::prefillChunkEnds(10, 4, {}), (Ends{4, 8, 10}));
    EXPECT_EQ(model::prefillChunkEnds(10, 100, {}), (Ends{10}));
    EXPECT_EQ(model::prefillChunkEnds(10, 4, {{3, 7}}), (Ends{3, 7, 10}));
    EXPECT_EQ(model::prefillChunkEnds(10, 4, {{4, 8}}), (Ends{4, 8, 10}));
    // A block longer than a chunk makes the chunk longer.
    EXPECT_EQ(model::prefillChunkEnds(12, 4, {{1, 9}}), (Ends{1, 9, 12}));
    EXPECT_EQ(model::prefillChunkEnds(12, 4, {{0, 9}}), (Ends{9, 12}));
    // Rows with blocks at different places: no cut inside either.
    EXPECT_EQ(model::prefillChunkEnds(12, 4, {{3, 6}, {1, 4}}), (Ends{1, 6, 10, 12}));
    EXPECT_EQ(model::prefillChunkEnds(3, 0, {}), (Ends{1, 2, 3}));
}

// Check values of specification 2.5.
TEST(RotaryEmbedding, InverseFrequencies) {
    const auto frequency = [](double theta, double factor, std::int64_t headDim, std::int64_t index) {
        return model::RotaryEmbedding({theta, factor}, headDim, at::kCPU).inverseFrequencies()[index].item<double>();
    };
    EXPECT_EQ(frequency(1e4, 1.0, 256, 0), 1.0);
    EXPECT_NEAR(frequency(1e4, 1.0, 256, 1), 0.930572033, 1e-7);
    EXPECT_NEAR(frequency(1e4, 1.0, 256, 64), 0.01, 1e-9);
    EXPECT_NEAR(frequency(1e4, 1.0, 256, 127), 1.07460779e-4, 1e-11);
    EXPECT_NEAR(frequency(1e6, 1.0, 256, 127), 1.11397389e-6, 1e-13);
    EXPECT_NEAR(frequency(1e6, 8.0, 256, 1), 0.112210892, 1e-8);
    EXPECT_NEAR(frequency(1e6, 8.0, 128, 63), 1.5511722e-7, 1e-14);
}

TEST(RotaryEmbedding, TablesAreRoundedToThePrecision) {
    const model::RotaryEmbedding rotary({1e4, 1.0}, 8, at::kCPU);
    const at::Tensor positions = at::arange(5, at::TensorOptions(at::kLong));
    const model::RotaryTables wide = rotary.tables(positions, ops::Precision::Float32);
    const model::RotaryTables narrow = rotary.tables(positions, ops::Precision::BFloat16);
    EXPECT_EQ(wide.cos.sizes(), (std::vector<std::int64_t>{5, 4}));
    EXPECT_NEAR(wide.sin[3][0].item<double>(), std::sin(3.0), 1e-6);
    EXPECT_EQ(narrow.cos.scalar_type(), at::kBFloat16);
    EXPECT_EQ(maxDifference(narrow.cos, wide.cos.to(at::kBFloat16)), 0.0);
}

void expectTable(const config::Gemma3Config& config, bool untiedHead) {
    const TempDir folder;
    BuildOptions options;
    options.untiedHead = untiedHead;
    buildCheckpoint(folder.path(), config, options);
    const auto checkpoint = openOrThrow(folder.path());
    const auto model = loadOrThrow(checkpoint);
    std::map<std::string, std::vector<std::int64_t>> visited, table;
    model->visitParameters([&](const std::string& name, ops::Weight& weight) {
        EXPECT_TRUE(visited.emplace(name, weight.shape()).second) << name << " visited twice";
    });
    for (const plan::Parameter& parameter : plan::parameterTable(checkpoint.config, untiedHead))
        table[parameter.name] = parameter.shape;
    EXPECT_EQ(visited, table);
    EXPECT_EQ(model->sharesEmbeddingsAndOutputWeights(), !untiedHead);
    EXPECT_EQ(model->sharedEmbeddingOrOutputWeight().defined(), !untiedHead);
}

TEST(Parameters, AreThoseOfTheTable) {
    expectTable(tinyTextConfig(), false);
    expectTable(tinyVisionConfig(), false);
    expectTable(tinyTextConfig(), true);
    expectTable(tinyVisionConfig(), true);
    config::Gemma3Config biased = tinyTextConfig();
    biased.text.attentionBias = true;
    expectTable(biased, false);
}

// The stored tensors of a source, one of them in another shape or missing.
class EditedSource final : public checkpoint::TensorSource {
public:
    EditedSource(std::shared_ptr<checkpoint::TensorSource> inner, std::string name, std::vector<std::int64_t> shape)
        : m_inner(std::move(inner)), m_name(std::move(name)), m_shape(std::move(shape)) {}
    [[nodiscard]] std::vector<std::string> names() const override { return m_inner->names(); }
    [[nodiscard]] bool contains(const std::string& name) const override { return m_inner->contains(name); }
    [[nodiscard]] Result<checkpoint::StoredTensor> tensor(const std::string& name) const override {
        if (name != m_name) return m_inner->tensor(name);
        if (m_shape.empty()) return Error{ErrorCode::NotFound, "no tensor '" + name + "'", ""};
        auto tensor = m_inner->tensor(name);
        tensor->shape = m_shape;
        return tensor;
    }

private:
    std::shared_ptr<checkpoint::TensorSource> m_inner;
    std::string m_name;
    std::vector<std::int64_t> m_shape;
};

TEST(Loading, NamesAWrongShapeAndAMissingTensor) {
    const TempDir folder;
    const auto checkpoint = randomCheckpoint(folder.path(), tinyVisionConfig(), 1);
    for (const std::string name :
         {"language_model.model.layers.3.self_attn.q_proj.weight", "language_model.model.norm.weight",
          "vision_tower.vision_model.post_layernorm.bias", "multi_modal_projector.mm_input_projection_weight"}) {
        const auto wrong = model::Gemma3VlModel::load(checkpoint.config, EditedSource(checkpoint.tensors, name, {3, 5}));
        ASSERT_FALSE(wrong);
        EXPECT_EQ(wrong.error().code, ErrorCode::InvalidData);
        EXPECT_NE(wrong.error().toString().find(name), std::string::npos);
        EXPECT_NE(wrong.error().toString().find("[3, 5]"), std::string::npos);
        const auto missing = model::Gemma3VlModel::load(checkpoint.config, EditedSource(checkpoint.tensors, name, {}));
        ASSERT_FALSE(missing);
        EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    }
}

TEST(Loading, RefusesOtherActivationsAndLayersThatAreNotThere) {
    const TempDir folder;
    auto checkpoint = randomCheckpoint(folder.path(), tinyTextConfig(), 1);
    model::LoadOptions options;
    options.part.layerEnd = 7;
    EXPECT_EQ(model::Gemma3VlModel::load(checkpoint.config, *checkpoint.tensors, options).error().code, ErrorCode::Usage);
    checkpoint.config.text.hiddenActivation = "silu";
    const auto refused = model::Gemma3VlModel::load(checkpoint.config, *checkpoint.tensors);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
    EXPECT_NE(refused.error().message.find("silu"), std::string::npos);
}

// Matrices of a float file are used where they lie; only small parameters are copied.
TEST(Loading, CopiesNoMatrix) {
    const TempDir folder;
    const auto checkpoint = randomCheckpoint(folder.path(), tinyVisionConfig(), 1);
    const auto model = loadOrThrow(checkpoint);
    std::size_t matrices = 0;
    model->visitParameters([&](const std::string& name, ops::Weight& weight) {
        if (weight.shape().size() < 2 || name.find("position_embedding") != std::string::npos) return;
        ++matrices;
        EXPECT_EQ(weight.bytes(), valueOf(checkpoint.tensors->tensor(name)).bytes.data()) << name;
    });
    EXPECT_GT(matrices, 50U);
}

}  // namespace
}  // namespace lapidary::test
