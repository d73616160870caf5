#include "core/engine/train/blockwise_loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <random>

#include "kernels/quantize.h"

namespace lapidary::train {
namespace {

constexpr std::int64_t kVocab = 40000;  // more than one block of head rows
constexpr std::int64_t kWidth = 32;
constexpr std::int64_t kRows = 23;
// float32 sums of kVocab terms that go up to 0.3: epsilon times the root of their number, 1.2e-7 * 200 * 0.3.
constexpr double kSumTolerance = 7e-6;

at::Tensor randomMatrix(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal;
    at::Tensor values = at::empty({rows, cols}, at::TensorOptions(at::kFloat));
    for (std::int64_t i = 0; i < rows * cols; ++i) values.mutable_data_ptr<float>()[i] = normal(random);
    return values;
}

at::Tensor randomTargets(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::int64_t> ids(static_cast<std::size_t>(kRows));
    for (std::int64_t& id : ids) id = static_cast<std::int64_t>(random() % kVocab);
    return at::tensor(ids);
}

struct Expected {
    at::Tensor losses, hiddenGradient, headGradient;
};

// By ATen and autograd in float64, all logits at once.
Expected plain(const at::Tensor& hidden, const at::Tensor& head, const at::Tensor& targets, std::optional<double> softcap,
               double scale) {
    const at::Tensor h = hidden.to(at::kDouble).detach().requires_grad_(true);
    const at::Tensor w = head.to(at::kDouble).detach().requires_grad_(true);
    at::Tensor logits = at::linear(h, w);
    if (softcap) logits = (logits / *softcap).tanh() * *softcap;
    const at::Tensor losses = logits.log_softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1).neg();
    (losses.sum() * scale).backward();
    return {losses.detach(), h.grad(), w.grad()};
}

double difference(const at::Tensor& a, const at::Tensor& b) {
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

class BlockwiseLoss : public testing::TestWithParam<std::int64_t> {};

TEST_P(BlockwiseLoss, EqualsAllLogitsAtOnce) {
    for (const std::optional<double> softcap : {std::optional<double>(), std::optional<double>(3.0)}) {
        const at::Tensor hidden = randomMatrix(kRows, kWidth, 1);
        at::Tensor head = randomMatrix(kVocab, kWidth, 2) * 0.3;
        const at::Tensor targets = randomTargets(3);
        const Expected expected = plain(hidden, head, targets, softcap, 0.25);
        ops::Weight weight = ops::Weight::dense(head.detach().clone());
        weight.setRequiresGrad(true);
        const LossResult found = blockwiseLoss({.hidden = hidden,
                                                .targets = targets,
                                                .softcap = softcap,
                                                .gradientScale = 0.25,
                                                .wantsPredictions = true,
                                                .blockBytes = GetParam()},
                                               weight);
        EXPECT_LT(difference(found.losses, expected.losses), 1e-5);
        EXPECT_NEAR(found.sum, expected.losses.sum().item<double>(), 1e-4);
        EXPECT_LT(difference(found.hiddenGradient, expected.hiddenGradient), kSumTolerance);
        EXPECT_LT(difference(weight.tensor().grad(), expected.headGradient), 1e-6);
        EXPECT_TRUE(found.predictions.equal(at::linear(hidden, head).argmax(-1)));
    }
}
// One row at a time, several with a shorter last block, all.
INSTANTIATE_TEST_SUITE_P(Blocks, BlockwiseLoss, testing::Values(1, 5 * kVocab * 4, 64 << 20));

// The code of GPUs, on this machine's tensors.
TEST_P(BlockwiseLoss, ByAtenEqualsAllLogitsAtOnce) {
    for (const std::optional<double> softcap : {std::optional<double>(), std::optional<double>(3.0)}) {
        const at::Tensor hidden = randomMatrix(kRows, kWidth, 1);
        const at::Tensor head = (randomMatrix(kVocab, kWidth, 2) * 0.3).requires_grad_(true);
        const at::Tensor targets = randomTargets(3);
        const Expected expected = plain(hidden, head, targets, softcap, 0.25);
        const LossRequest request{.hidden = hidden,
                                  .targets = targets,
                                  .softcap = softcap,
                                  .gradientScale = 0.25,
                                  .wantsPredictions = true,
                                  .blockBytes = GetParam()};
        const LossResult found = deviceLoss(request, head);
        EXPECT_LT(difference(found.losses, expected.losses), 1e-5);
        EXPECT_NEAR(found.sum, expected.losses.sum().item<double>(), 1e-4);
        EXPECT_LT(difference(found.hiddenGradient, expected.hiddenGradient), kSumTolerance);
        EXPECT_LT(difference(head.grad(), expected.headGradient), 1e-6);
        EXPECT_TRUE(found.predictions.equal(at::linear(hidden, head).argmax(-1)));
        (void)deviceLoss(request, head);
        EXPECT_LT(difference(head.grad(), expected.headGradient * 2.0), 2e-6) << "gradients are added to what is there";
    }
}

TEST(BlockwiseLossOn, ByAtenRefusesATargetOutsideTheHead) {
    const at::Tensor hidden = randomMatrix(2, kWidth, 1);
    EXPECT_ANY_THROW(
        deviceLoss({.hidden = hidden, .targets = at::tensor(std::vector<std::int64_t>{1, 9})}, randomMatrix(9, kWidth, 2)));
    const LossResult nothing = deviceLoss(
        {.hidden = randomMatrix(0, kWidth, 1), .targets = at::tensor(std::vector<std::int64_t>{})}, randomMatrix(9, kWidth, 2));
    EXPECT_EQ(nothing.sum, 0.0);
    EXPECT_EQ(nothing.hiddenGradient.size(0), 0);
}

TEST(BlockwiseLossOn, StoredHeadsGiveTheGradientOfTheirValues) {
    const at::Tensor hidden = randomMatrix(kRows, kWidth, 1);
    const at::Tensor targets = randomTargets(3);
    const at::Tensor head = (randomMatrix(kVocab, kWidth, 2) * 0.3).to(at::kBFloat16);
    const Expected expected = plain(hidden, head.to(at::kFloat), targets, {}, 1.0);
    const ops::Weight weight = ops::Weight::dense(head);
    const LossResult found = blockwiseLoss({.hidden = hidden, .targets = targets}, weight);
    EXPECT_LT(difference(found.losses, expected.losses), 1e-5);
    EXPECT_LT(difference(found.hiddenGradient, expected.hiddenGradient), 5e-6);
    EXPECT_FALSE(weight.tensor().grad().defined()) << "a frozen head gets none";
}

TEST(BlockwiseLossOn, HeadGradientIsAddedToWhatIsThere) {
    const at::Tensor hidden = randomMatrix(kRows, kWidth, 1);
    const at::Tensor targets = randomTargets(3);
    ops::Weight weight = ops::Weight::dense(randomMatrix(kVocab, kWidth, 2) * 0.3);
    weight.setRequiresGrad(true);
    blockwiseLoss({.hidden = hidden, .targets = targets}, weight);
    const at::Tensor once = weight.tensor().grad().clone();
    blockwiseLoss({.hidden = hidden, .targets = targets}, weight);
    EXPECT_LT(difference(weight.tensor().grad(), once * 2.0), 1e-5);
}

TEST(BlockwiseLossOn, HugeLogitsStayFinite) {
    const at::Tensor hidden = randomMatrix(kRows, kWidth, 1) * 1e3;
    const LossResult found =
        blockwiseLoss({.hidden = hidden, .targets = randomTargets(3)}, ops::Weight::dense(randomMatrix(kVocab, kWidth, 2)));
    EXPECT_LT(found.losses.max().item<double>(), 1e6);
    EXPECT_GE(found.losses.min().item<double>(), 0.0);
}

}  // namespace
}  // namespace lapidary::train
