// Packed questions behind one picture: each sees the prefix and itself, with the numbers that it would have alone.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/core/engine/model/model_fixture.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

constexpr double kSame = 2e-5;  // as in properties_test.cpp
constexpr std::int64_t kWindow = 8;

struct SharedPrefix : testing::Test {
    TempDir folder;
    checkpoint::Checkpoint vision = randomCheckpoint(folder.path(), tinyVisionConfig(), 5);
    std::shared_ptr<model::Gemma3VlModel> model =
        loadOrThrow(vision, loadOptions(ops::Precision::Float32, model::WeightStorage::Trainable));
    // A picture and some text: longer than a window, so that sliding layers see a part of it only.
    std::vector<std::int64_t> prefix{2, 17, 260, 262, 262, 262, 262, 261, 30, 31, 9};
    // The first question stays inside the window's reach of the prefix, the last leaves it.
    std::vector<std::vector<std::int64_t>> questions{{40, 41}, {50, 51, 52, 53, 54}, {60, 61, 62, 63, 64, 65, 66, 67, 68, 69}};
    at::Tensor pixels = randomPixels(1, 56, 5);

    static std::vector<std::int64_t> joined(std::vector<std::int64_t> a, const std::vector<std::int64_t>& b) {
        a.insert(a.end(), b.begin(), b.end());
        return a;
    }
    [[nodiscard]] std::int64_t prefixSize() const { return static_cast<std::int64_t>(prefix.size()); }

    // All questions in one row, `padding` tokens on its right.
    [[nodiscard]] model::ModelInput packed(std::int64_t padding) const {
        std::vector<std::int64_t> ids = prefix, positions, mask;
        for (std::int64_t i = 0; i < prefixSize(); ++i) positions.push_back(i);
        for (const auto& question : questions) {
            ids = joined(ids, question);
            for (std::size_t i = 0; i < question.size(); ++i) positions.push_back(prefixSize() + static_cast<std::int64_t>(i));
        }
        mask.assign(ids.size(), 1);
        mask.resize(ids.size() + static_cast<std::size_t>(padding), 0);
        ids.resize(mask.size(), 0);
        positions.resize(mask.size(), 0);
        model::ModelInput input;
        input.inputIds = idRows({ids});
        input.positionIds = idRows({positions});
        input.sharedPrefix = idRows({{prefixSize()}}).view({1});
        if (padding > 0) input.attentionMask = idRows({mask});
        input.pixelValues = pixels;
        return input;
    }
    // Hidden states of the questions' tokens, in order.
    [[nodiscard]] at::Tensor hiddenOfPacked(std::int64_t padding) const {
        model::ModelInput input = packed(padding);
        input.hiddenAt = at::arange(prefixSize(), input.inputIds.size(1) - padding);
        return valueOf(model->forward(input)).output;
    }
    [[nodiscard]] at::Tensor hiddenOfSingles() const {
        std::vector<at::Tensor> parts;
        for (const auto& question : questions) {
            model::ModelInput input;
            input.inputIds = idRows({joined(prefix, question)});
            input.pixelValues = pixels;
            input.hiddenAt = at::arange(prefixSize(), input.inputIds.size(1));
            parts.push_back(valueOf(model->forward(input)).output);
        }
        return at::cat(parts, 0);
    }
    std::map<std::string, at::Tensor> gradients(const at::Tensor& hidden) {
        model->visitParameters([](const std::string&, ops::Weight& weight) { weight.tensor().mutable_grad() = at::Tensor(); });
        const at::Tensor wave = at::arange(hidden.numel()).view(hidden.sizes()).to(at::kFloat).sin();
        (hidden * wave).sum().backward();
        std::map<std::string, at::Tensor> found;
        model->visitParameters([&](const std::string& name, ops::Weight& weight) {
            if (weight.tensor().grad().defined()) found[name] = weight.tensor().grad().clone();
        });
        return found;
    }
};

TEST_F(SharedPrefix, PackedQuestionsEqualTheSameQuestionsOneByOne) {
    ASSERT_EQ(vision.config.text.effectiveWindow(), kWindow);
    const at::Tensor singles = hiddenOfSingles();
    ASSERT_EQ(singles.size(0), 17);
    EXPECT_LT(maxDifference(hiddenOfPacked(0), singles), kSame);
    EXPECT_LT(maxDifference(hiddenOfPacked(3), singles), kSame);
}

TEST_F(SharedPrefix, GradientsToo) {
    const auto packedGradients = gradients(hiddenOfPacked(2));
    const auto singles = gradients(hiddenOfSingles());
    ASSERT_EQ(packedGradients.size(), singles.size());
    ASSERT_GT(singles.size(), 100U);
    for (const auto& [name, gradient] : singles) {
        const double size = gradient.abs().max().item<double>();
        EXPECT_LT(maxDifference(packedGradients.at(name), gradient), 1e-4 * size + 1e-5) << name;
    }
}

TEST_F(SharedPrefix, StoredWeightsTakeTheMaskedPathToo) {
    model = loadOrThrow(vision);
    EXPECT_LT(maxDifference(hiddenOfPacked(0), hiddenOfSingles()), kSame);
}

TEST_F(SharedPrefix, PositionsThatDoNotFitAreRefused) {
    const auto refused = [&](const model::ModelInput& input) { return model->forward(input).error().code; };
    model::ModelInput input = packed(0);
    input.positionIds = at::Tensor();
    EXPECT_EQ(refused(input), ErrorCode::InvalidData);
    input = packed(0);
    input.sharedPrefix = idRows({{prefixSize() - 1}}).view({1});
    EXPECT_EQ(refused(input), ErrorCode::InvalidData) << "sequences start again at the prefix's end";
    input = packed(0);
    input.positionIds = input.positionIds + 1;
    EXPECT_EQ(refused(input), ErrorCode::InvalidData) << "the prefix starts at 0";
    for (const std::int64_t wrong : {std::int64_t{-1}, input.inputIds.size(1) + 1}) {
        input = packed(0);
        input.sharedPrefix = idRows({{wrong}}).view({1});
        EXPECT_EQ(refused(input), ErrorCode::InvalidData) << wrong;
    }
    input = packed(0);
    input.attentionMask = input.inputIds.ne(2);
    EXPECT_EQ(refused(input), ErrorCode::InvalidData) << "padding on the left";
}

TEST_F(SharedPrefix, HiddenStatesAtChosenPlacesAreThoseThatGiveTheLogits) {
    model::ModelInput input;
    input.inputIds = idRows({{2, 17, 30, 31}, {2, 40, 41, 42}});
    const at::Tensor logits = valueOf(model->forward(input)).output;
    input.hiddenAt = idRows({{1, 7, 4}}).view({3});
    const at::Tensor hidden = valueOf(model->forward(input)).output;
    const at::Tensor expected = logits.flatten(0, 1).index_select(0, input.hiddenAt);
    EXPECT_LT(maxDifference(model->logits(hidden), expected), kSame);
    EXPECT_LT(maxDifference(hidden.matmul(model->outputWeight().tensor().t()), expected), kSame);
    EXPECT_FALSE(model->softcap().has_value());
}

TEST_F(SharedPrefix, KeptVisionStatesReplacePixels) {
    model::ModelInput input;
    input.inputIds = idRows({prefix});
    input.pixelValues = pixels;
    const at::Tensor expected = valueOf(model->forward(input)).output;
    const at::Tensor states = valueOf(model->getVisionStates(pixels));
    EXPECT_EQ(states.sizes().vec(), (std::vector<std::int64_t>{1, 4, vision.config.vision->hiddenSize}));
    input.visionStates = states;
    EXPECT_EQ(model->forward(input).error().code, ErrorCode::Usage) << "both are given";
    input.pixelValues = at::Tensor();
    EXPECT_EQ(maxDifference(valueOf(model->forward(input)).output, expected), 0.0);
    EXPECT_EQ(maxDifference(valueOf(model->projectVisionStates(states)), valueOf(model->getImageFeatures(pixels)).features),
              0.0);
    input.visionStates = states.narrow(1, 0, 3);
    EXPECT_EQ(model->forward(input).error().code, ErrorCode::InvalidData);
}

}  // namespace
}  // namespace lapidary::test
