// Gradients reach every parameter that may learn, and no other; losses are those of the logits.
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/core/engine/model/model_fixture.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

struct Training : testing::Test {
    TempDir folder;
    checkpoint::Checkpoint vision = randomCheckpoint(folder.path(), tinyVisionConfig(), 4);
    std::shared_ptr<model::Gemma3VlModel> model =
        loadOrThrow(vision, loadOptions(ops::Precision::Float32, model::WeightStorage::Trainable));

    // Two rows, the second padded on the left, a picture in each.
    static model::ModelInput input() {
        model::ModelInput made;
        made.inputIds = idRows({{2, 17, 260, 262, 262, 262, 262, 261, 30, 31}, {0, 0, 2, 260, 262, 262, 262, 262, 261, 40}});
        made.attentionMask = idRows({{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 1, 1, 1, 1, 1, 1, 1, 1}});
        made.labels = idRows(
            {{17, -100, -100, -100, -100, -100, -100, 30, 31, 5}, {-100, -100, -100, -100, -100, -100, -100, -100, 40, 41}});
        made.pixelValues = randomPixels(2, 56, 4);
        return made;
    }
    void backward() { valueOf(model->forward(input())).output.sum().backward(); }
    std::map<std::string, double> gradientSizes() {
        std::map<std::string, double> sizes;
        model->visitParameters([&](const std::string& name, ops::Weight& weight) {
            const at::Tensor& gradient = weight.tensor().grad();
            sizes[name] = gradient.defined() ? gradient.abs().max().item<double>() : -1.0;
        });
        return sizes;
    }
};

TEST_F(Training, GradientsReachEveryParameter) {
    backward();
    for (const auto& [name, size] : gradientSizes()) {
        // A key bias shifts all scores of a query alike and the softmax forgets it: its true gradient is 0.
        const bool canVanish = name.ends_with("k_proj.bias");
        if (canVanish) {
            EXPECT_GE(size, 0.0) << name;
        } else {
            EXPECT_GT(size, 0.0) << name;
        }
        EXPECT_LT(size, 1e6) << name;
    }
}

TEST_F(Training, FrozenPartsGetNone) {
    model->freeze({.freezeLanguageModel = true, .freezeVisionModel = true, .freezeVisionProjection = false});
    backward();
    for (const auto& [name, size] : gradientSizes()) {
        if (name.starts_with("multi_modal_projector.")) {
            EXPECT_GT(size, 0.0) << name;
        } else {
            EXPECT_EQ(size, -1.0) << name;
        }
    }
    model->freeze({.freezeLanguageModel = false, .freezeVisionModel = false, .freezeVisionProjection = true});
    std::size_t learning = 0;
    model->visitParameters([&](const std::string&, ops::Weight& weight) { learning += weight.requiresGrad() ? 1 : 0; });
    EXPECT_EQ(learning, 0U) << "a false flag thaws nothing";
}

// A small step against the gradient lowers the loss by about step * |gradient|²: the whole chain at once.
TEST_F(Training, AStepAgainstTheGradientLowersTheLossAsPredicted) {
    const double before = valueOf(model->forward(input())).output.sum().item<double>();
    backward();
    double square = 0.0;
    model->visitParameters([&](const std::string&, ops::Weight& weight) {
        square += weight.tensor().grad().to(at::kDouble).square().sum().item<double>();
    });
    const double step = 2e-3 / square;
    model->visitParameters(
        [&](const std::string&, ops::Weight& weight) { weight.tensor().detach().sub_(weight.tensor().grad() * step); });
    const double after = valueOf(model->forward(input())).output.sum().item<double>();
    EXPECT_NEAR(before - after, 2e-3, 3e-4);
}

TEST_F(Training, LossIsTheCrossEntropyOfEachToken) {
    model::ModelInput made = input();
    made.lossMask = made.labels.ne(-100).to(at::kFloat);
    const model::ModelOutput output = valueOf(model->forward(made));
    EXPECT_TRUE(output.lossMask.equal(made.lossMask));
    const at::Tensor labels = made.labels;
    made.labels = at::Tensor();
    const at::Tensor logits = valueOf(model->forward(made)).output.detach().to(at::kDouble);
    ASSERT_EQ(output.output.sizes(), labels.sizes());
    for (std::int64_t row = 0; row < 2; ++row) {
        for (std::int64_t i = 0; i < labels.size(1); ++i) {
            const auto label = labels[row][i].item<std::int64_t>();
            const double expected = label == -100 ? 0.0 : -logits[row][i].log_softmax(-1)[label].item<double>();
            EXPECT_NEAR(output.output[row][i].item<double>(), expected, 1e-5);
        }
    }
}

TEST_F(Training, TrainableWeightsGiveTheSameLogitsAsStoredOnes) {
    const auto stored = loadOrThrow(vision);
    model::ModelInput made = input();
    made.labels = at::Tensor();
    EXPECT_LT(maxDifference(valueOf(model->forward(made)).output.detach().narrow(1, 2, 8),
                            valueOf(stored->forward(made)).output.narrow(1, 2, 8)),
              2e-5);
}

TEST_F(Training, Bfloat16GradientsAreFinite) {
    model = loadOrThrow(vision, loadOptions(ops::Precision::BFloat16, model::WeightStorage::Trainable));
    backward();
    for (const auto& [name, size] : gradientSizes()) {
        EXPECT_GE(size, 0.0) << name;
        EXPECT_LT(size, 1e6) << name;
    }
}

}  // namespace
}  // namespace lapidary::test
