#include "core/engine/train/adam_w.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "core/engine/train/device_adam_w.h"
#include "kernels/adam_w.h"

namespace lapidary::train {
namespace {

at::Tensor randomTensor(std::int64_t count, std::uint64_t seed, double deviation = 1.0) {
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal(0.0F, static_cast<float>(deviation));
    at::Tensor values = at::empty({count}, at::TensorOptions(at::kFloat));
    for (std::int64_t i = 0; i < count; ++i) values.mutable_data_ptr<float>()[i] = normal(random);
    return values;
}

TrainableParameter parameter(const std::string& name, at::Tensor values, bool decays = true) {
    values.requires_grad_(true);
    return {name, std::move(values), plan::Part::Language, decays, 1.0};
}

// The update written out in float64, a number at a time (arXiv:1711.05101, algorithm 2).
struct Plain {
    double m = 0.0, v = 0.0;
    double step(double x, double g, double lr, const AdamWSettings& s, bool decays, int t) {
        m = s.beta1 * m + (1 - s.beta1) * g;
        v = s.beta2 * v + (1 - s.beta2) * g * g;
        const double mHat = m / (1 - std::pow(s.beta1, t)), vHat = v / (1 - std::pow(s.beta2, t));
        return x - lr * (decays ? s.weightDecay : 0.0) * x - lr * mHat / (std::sqrt(vHat) + s.eps);
    }
};

TEST(AdamW, EqualsTheAlgorithmWrittenOut) {
    const AdamWSettings settings{.beta1 = 0.85, .beta2 = 0.97, .eps = 1e-6, .weightDecay = 0.3};
    const at::Tensor start = randomTensor(100, 1);
    AdamW optimizer({parameter("a", start.clone()), parameter("b", start.clone(), false)}, settings);
    std::vector<Plain> plainA(100), plainB(100);
    std::vector<double> a(100), b(100);
    for (std::size_t i = 0; i < 100; ++i) a[i] = b[i] = start[static_cast<std::int64_t>(i)].item<double>();
    for (int t = 1; t <= 20; ++t) {
        const at::Tensor gradient = randomTensor(100, static_cast<std::uint64_t>(t) + 10);
        for (const auto& p : optimizer.parameters()) p.tensor.mutable_grad() = gradient.clone();
        optimizer.step(0.01 * t, 0.5);
        for (std::size_t i = 0; i < 100; ++i) {
            const double g = gradient[static_cast<std::int64_t>(i)].item<double>() * 0.5;
            a[i] = plainA[i].step(a[i], g, 0.01 * t, settings, true, t);
            b[i] = plainB[i].step(b[i], g, 0.01 * t, settings, false, t);
        }
    }
    for (std::size_t i = 0; i < 100; ++i) {
        // Twenty steps of float32: about twenty units in the last place of numbers near 2.
        EXPECT_NEAR(optimizer.parameters()[0].tensor.detach()[static_cast<std::int64_t>(i)].item<double>(), a[i], 5e-6);
        EXPECT_NEAR(optimizer.parameters()[1].tensor.detach()[static_cast<std::int64_t>(i)].item<double>(), b[i], 5e-6);
    }
    EXPECT_EQ(optimizer.updates(), 20);
}

TEST(AdamW, LearningRateFactorAndMissingGradient) {
    TrainableParameter slow = parameter("slow", at::full({4}, 1.0F, at::TensorOptions(at::kFloat)));
    slow.lrFactor = 0.0;
    AdamW optimizer({slow, parameter("idle", at::full({4}, 1.0F, at::TensorOptions(at::kFloat)))}, {.weightDecay = 0.5});
    optimizer.parameters()[0].tensor.mutable_grad() = at::full({4}, 3.0F, at::TensorOptions(at::kFloat));
    optimizer.step(0.1, 1.0);
    EXPECT_FLOAT_EQ(optimizer.parameters()[0].tensor.detach()[0].item<float>(), 1.0F);
    EXPECT_FLOAT_EQ(optimizer.parameters()[1].tensor.detach()[0].item<float>(), 0.95F) << "only decay acts without a gradient";
}

TEST(AdamW, Bfloat16ParametersAreRoundedOnce) {
    const at::Tensor start = randomTensor(64, 3).to(at::kBFloat16);
    AdamW rounded({parameter("x", start.clone())}, {.masterWeights = false});
    AdamW exact({parameter("x", start.to(at::kFloat))}, {});
    const at::Tensor gradient = randomTensor(64, 4);
    rounded.parameters()[0].tensor.mutable_grad() = gradient.to(at::kBFloat16);
    exact.parameters()[0].tensor.mutable_grad() = gradient.to(at::kBFloat16).to(at::kFloat);
    rounded.step(0.05, 1.0);
    exact.step(0.05, 1.0);
    EXPECT_TRUE(rounded.parameters()[0].tensor.detach().equal(exact.parameters()[0].tensor.detach().to(at::kBFloat16)));
}

// Steps far below a bfloat16's last place add up in the master, and micro-batches in float32.
TEST(AdamW, MasterWeightsRememberWhatBfloat16CannotHold) {
    const auto after = [](bool master) {
        AdamW optimizer({parameter("x", at::full({8}, 1.0F, at::TensorOptions(at::kBFloat16)))},
                        {.weightDecay = 0.0, .masterWeights = master});
        for (int t = 0; t < 100; ++t) {
            optimizer.clearGradients();
            for (int micro = 0; micro < 2; ++micro) {
                optimizer.parameters()[0].tensor.mutable_grad() = at::full({8}, 1.0F, at::TensorOptions(at::kBFloat16));
                optimizer.collectGradients();
            }
            EXPECT_NEAR(globalGradientNorm(optimizer), std::sqrt(8.0 * 4.0), 1e-6);
            optimizer.step(1e-3, 1.0);
        }
        return optimizer.parameters()[0].tensor.detach()[0].item<float>();
    };
    EXPECT_NEAR(after(true), 0.9, 0.004);
    EXPECT_EQ(after(false), 1.0F) << "a step of 0.001 is lost between 0.996 and 1";
}

// A badly scaled bowl: ½ Σ cᵢ (xᵢ - 1)² with cᵢ from 0.01 to 100.
double bowlAfter(MomentType moments, std::int64_t count, int steps) {
    at::Tensor curvature = at::empty({count}, at::TensorOptions(at::kFloat));
    for (std::int64_t i = 0; i < count; ++i) {
        curvature.mutable_data_ptr<float>()[i] =
            static_cast<float>(std::pow(10.0, -2.0 + 4.0 * static_cast<double>(i % 97) / 96.0));
    }
    AdamW optimizer({parameter("x", at::zeros({count}, at::TensorOptions(at::kFloat)))},
                    {.weightDecay = 0.0, .moments = moments});
    const at::Tensor& x = optimizer.parameters()[0].tensor;
    for (int t = 0; t < steps; ++t) {
        x.mutable_grad() = (x.detach() - 1.0) * curvature;
        optimizer.step(0.02, 1.0);
    }
    return (x.detach() - 1.0).abs().max().item<double>();
}

TEST(AdamW, EightBitMomentsReachTheSameMinimum) {
    EXPECT_LT(bowlAfter(MomentType::Float32, 5000, 300), 0.02);
    EXPECT_LT(bowlAfter(MomentType::EightBit, 5000, 300), 0.05);
}

TEST(AdamW, EightBitStateIsAQuarter) {
    const std::int64_t count = 1 << 16;
    AdamW eight({parameter("x", randomTensor(count, 5))}, {.moments = MomentType::EightBit});
    AdamW full({parameter("x", randomTensor(count, 5))}, {});
    EXPECT_EQ(full.stateBytes(), 8 * count);
    EXPECT_EQ(eight.stateBytes(), 2 * count + 8 * count / kernels::kEightBitBlock);
    AdamW small({parameter("x", randomTensor(4095, 5))}, {.moments = MomentType::EightBit});
    EXPECT_EQ(small.stateBytes(), 8 * 4095);
}

TEST(AdamW, StateComesBackBitForBit) {
    for (const MomentType moments : {MomentType::Float32, MomentType::EightBit}) {
        const at::Tensor start = randomTensor(9000, 6);
        AdamW whole({parameter("x", start.clone())}, {.moments = moments});
        AdamW first({parameter("x", start.clone())}, {.moments = moments});
        const auto steps = [](AdamW& optimizer, int begin, int end) {
            for (int t = begin; t < end; ++t) {
                optimizer.parameters()[0].tensor.mutable_grad() = randomTensor(9000, static_cast<std::uint64_t>(t) + 100);
                optimizer.step(1e-2, 1.0);
            }
        };
        steps(whole, 0, 8);
        steps(first, 0, 3);
        std::map<std::string, at::Tensor> saved;
        first.visitState([&](const std::string& name, at::Tensor& tensor) { saved[name] = tensor.clone(); });
        AdamW second({parameter("x", first.parameters()[0].tensor.detach().clone())}, {.moments = moments});
        second.visitState([&](const std::string& name, at::Tensor& tensor) { tensor.copy_(saved.at(name)); });
        second.setUpdates(first.updates());
        steps(second, 3, 8);
        EXPECT_TRUE(second.parameters()[0].tensor.equal(whole.parameters()[0].tensor));
    }
}

kernels::AdamWStep stepOf(int t) {
    kernels::AdamWStep step;
    step.gradientScale = 0.5F;
    step.decayFactor = 0.999F;
    step.rootCorrection2 = std::sqrt(1.0F - std::pow(0.999F, static_cast<float>(t)));
    step.stepSize = 0.01F / (1.0F - std::pow(0.9F, static_cast<float>(t)));
    return step;
}

// The code of GPUs, on this machine's tensors: twenty steps of a few units in the last place of numbers near 3.
TEST(DeviceAdamW, EqualsTheKernel) {
    at::Tensor kernel = randomTensor(1000, 1), m = at::zeros({1000}, at::TensorOptions(at::kFloat)), v = at::zeros_like(m);
    DeviceUpdate aten{{kernel.narrow(0, 0, 300).clone(), kernel.narrow(0, 300, 700).clone()}, {}, {}, {}};
    for (const at::Tensor& part : aten.values) {
        aten.m.push_back(at::zeros_like(part));
        aten.v.push_back(at::zeros_like(part));
    }
    for (int t = 1; t <= 20; ++t) {
        const at::Tensor gradient = randomTensor(1000, static_cast<std::uint64_t>(t) + 10);
        kernels::adamWUpdate(stepOf(t), kernel.mutable_data_ptr<float>(), gradient.const_data_ptr<float>(),
                             m.mutable_data_ptr<float>(), v.mutable_data_ptr<float>(), 1000);
        aten.gradients = {gradient.narrow(0, 0, 300), gradient.narrow(0, 300, 700)};
        adamWByAten(stepOf(t), aten);
    }
    const auto apart = [](const at::Tensor& a, const std::vector<at::Tensor>& parts) {
        return (a - at::cat(parts)).abs().max().item<double>();
    };
    EXPECT_LT(apart(kernel, aten.values), 5e-6);
    EXPECT_LT(apart(m, aten.m), 1e-6);
    EXPECT_LT(apart(v, aten.v), 1e-6);
}

// Where a rounded moment falls between two codes the next one may be taken: one step of the map, in few places.
TEST(DeviceAdamW, InEightBitsEqualsTheKernel) {
    constexpr std::int64_t kCount = 5000;  // the last block is not full
    constexpr std::int64_t kBlocks = (kCount + kernels::kEightBitBlock - 1) / kernels::kEightBitBlock;
    at::Tensor values = randomTensor(kCount, 1);
    values.narrow(0, 256, 256).zero_();
    const auto bytes = [] { return at::zeros({kCount}, at::TensorOptions(at::kByte)); };
    const auto floats = [] { return at::zeros({kBlocks}, at::TensorOptions(at::kFloat)); };
    at::Tensor m = bytes(), v = bytes(), mScale = floats(), vScale = floats();
    EightBitUpdate aten{values.clone(), {}, bytes(), floats(), bytes(), floats()};
    for (int t = 1; t <= 10; ++t) {
        at::Tensor gradient = randomTensor(kCount, static_cast<std::uint64_t>(t) + 10);
        gradient.narrow(0, 256, 256).zero_();  // a block without any gradient
        gradient.narrow(0, 512, 100).mul_(1e-6);
        for (std::int64_t block = 0; block < kBlocks; ++block) {
            const std::int64_t first = block * kernels::kEightBitBlock;
            kernels::adamWUpdateEightBit(stepOf(t), values.mutable_data_ptr<float>() + first,
                                         gradient.const_data_ptr<float>() + first, m.mutable_data_ptr<std::uint8_t>() + first,
                                         mScale.mutable_data_ptr<float>() + block, v.mutable_data_ptr<std::uint8_t>() + first,
                                         vScale.mutable_data_ptr<float>() + block,
                                         std::min(kernels::kEightBitBlock, kCount - first));
        }
        aten.gradient = gradient;
        adamWEightBitByAten(stepOf(t), aten);
        const auto differing = [](const at::Tensor& a, const at::Tensor& b) {
            const at::Tensor apart = (a.to(at::kInt) - b.to(at::kInt)).abs();
            EXPECT_LE(apart.max().item<int>(), 1);
            return apart.sum().item<std::int64_t>();
        };
        EXPECT_LT(differing(m, aten.m), kCount / 200) << t;
        EXPECT_LT(differing(v, aten.v), kCount / 200) << t;
        // From here on from the same codes, so that one rounding does not follow another.
        aten.m = m.clone();
        aten.v = v.clone();
        EXPECT_LT((mScale - aten.mScale).abs().max().item<double>(), 1e-6);
        EXPECT_LT((vScale - aten.vScale).abs().max().item<double>(), 1e-6);
        EXPECT_LT((values - aten.values).abs().max().item<double>(), 1e-5);
    }
}

TEST(EightBitMaps, AreSortedAndReachTheirEnds) {
    for (const auto* map : {&kernels::signedEightBitMap(), &kernels::unsignedEightBitMap()}) {
        for (std::size_t i = 1; i < map->size(); ++i) EXPECT_LT((*map)[i - 1], (*map)[i]);
        EXPECT_EQ(map->back(), 1.0F);
    }
    EXPECT_EQ(kernels::unsignedEightBitMap().front(), 0.0F);
    EXPECT_LT(kernels::signedEightBitMap().front(), -0.99F);
}

TEST(GlobalGradientNorm, IsThatOfAllGradientsTogether) {
    AdamW optimizer(
        {parameter("a", randomTensor(70000, 7)), parameter("b", randomTensor(3, 8)), parameter("c", randomTensor(3, 9))}, {});
    const TrainableParameters& parameters = optimizer.parameters();
    parameters[0].tensor.mutable_grad() = at::full({70000}, 2.0F, at::TensorOptions(at::kFloat));
    parameters[1].tensor.mutable_grad() = at::full({3}, 10.0F, at::TensorOptions(at::kFloat));
    EXPECT_NEAR(globalGradientNorm(optimizer), std::sqrt(4.0 * 70000 + 300.0), 1e-9);
}

}  // namespace
}  // namespace lapidary::train
