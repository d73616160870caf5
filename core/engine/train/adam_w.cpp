#include "core/engine/train/adam_w.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/engine/train/device_adam_w.h"
#include "kernels/adam_w.h"

namespace lapidary::train {
namespace {

constexpr std::int64_t kSmallestEightBit = 4096;
// Elements that one thread takes at a time; whole eight-bit blocks.
constexpr std::int64_t kGrain = 64 * kernels::kEightBitBlock;

// Elements of tensors on a device that are updated together.
constexpr std::int64_t kTogether = std::int64_t{1} << 25;

at::Tensor zeros(std::int64_t count, at::ScalarType type, at::Device device) {
    return at::zeros({count}, at::TensorOptions(type).device(device));
}

bool sameStep(const kernels::AdamWStep& a, const kernels::AdamWStep& b) {
    return a.decayFactor == b.decayFactor && a.stepSize == b.stepSize;  // all else is the optimizer's
}

kernels::AdamWStep constants(const AdamWSettings& settings, const TrainableParameter& parameter, double learningRate,
                             double gradientScale, std::int64_t update) {
    const double lr = learningRate * parameter.lrFactor;
    const double decay = parameter.decays ? settings.weightDecay : 0.0;
    kernels::AdamWStep step;
    step.gradientScale = static_cast<float>(gradientScale);
    step.decayFactor = static_cast<float>(1.0 - lr * decay);
    step.beta1 = static_cast<float>(settings.beta1);
    step.beta2 = static_cast<float>(settings.beta2);
    step.oneMinusBeta1 = static_cast<float>(1.0 - settings.beta1);
    step.oneMinusBeta2 = static_cast<float>(1.0 - settings.beta2);
    step.rootCorrection2 = static_cast<float>(std::sqrt(1.0 - std::pow(settings.beta2, static_cast<double>(update))));
    step.eps = static_cast<float>(settings.eps);
    step.stepSize = static_cast<float>(lr / (1.0 - std::pow(settings.beta1, static_cast<double>(update))));
    return step;
}

// Square sum of one gradient: fixed pieces, so that the number of threads does not change the order.
double squareSum(const at::Tensor& gradient) {
    const at::Tensor flat = gradient.to(at::kFloat).contiguous();
    const float* const values = flat.const_data_ptr<float>();
    const std::int64_t count = flat.numel();
    const std::int64_t pieces = (count + kGrain - 1) / kGrain;
    std::vector<double> sums(static_cast<std::size_t>(pieces), 0.0);
    at::parallel_for(0, pieces, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t piece = begin; piece < end; ++piece) {
            // Eight sums beside each other: one addition need not wait for the one before.
            std::array<double, 8> lanes{};
            const std::int64_t last = std::min(count, (piece + 1) * kGrain);
            std::int64_t i = piece * kGrain;
            for (; i + 8 <= last; i += 8) {
                for (std::size_t lane = 0; lane < 8; ++lane) {
                    const double value = values[i + static_cast<std::int64_t>(lane)];
                    lanes[lane] += value * value;
                }
            }
            for (; i < last; ++i) lanes[0] += static_cast<double>(values[i]) * values[i];
            sums[static_cast<std::size_t>(piece)] = std::accumulate(lanes.begin(), lanes.end(), 0.0);
        }
    });
    double total = 0.0;
    for (const double sum : sums) total += sum;
    return total;
}

}  // namespace

double globalGradientNorm(AdamW& optimizer) {
    double sum = 0.0;
    std::vector<at::Tensor> onDevice;
    optimizer.visitGradients([&](const TrainableParameter&, at::Tensor& gradient) {
        if (gradient.defined() && !gradient.is_cpu()) onDevice.push_back(gradient.detach());
        if (gradient.defined() && gradient.is_cpu()) sum += squareSum(gradient);
    });
    if (!onDevice.empty()) {  // waits for the device once
        const std::vector<at::Tensor> norms = at::_foreach_norm(onDevice, 2, at::kDouble);
        sum += at::stack(norms).square().sum().item<double>();
    }
    return std::sqrt(sum);
}

at::Tensor& AdamW::gradientOf(std::size_t index) {
    at::Tensor& sum = m_moments[index].gradientSum;
    return sum.defined() ? sum : m_parameters[index].tensor.mutable_grad();
}

void AdamW::visitGradients(const std::function<void(const TrainableParameter& parameter, at::Tensor& gradient)>& visit) {
    for (std::size_t i = 0; i < m_parameters.size(); ++i) visit(m_parameters[i], gradientOf(i));
}

void AdamW::collectGradients() {
    const c10::AutoGradMode noGradient(false);
    for (std::size_t i = 0; i < m_parameters.size(); ++i) {
        at::Tensor& gradient = m_parameters[i].tensor.mutable_grad();
        if (!gradient.defined() || gradient.scalar_type() == at::kFloat) continue;
        at::Tensor& sum = m_moments[i].gradientSum;
        sum = sum.defined() ? sum + gradient.to(at::kFloat) : gradient.to(at::kFloat);
        gradient = at::Tensor();
    }
}

AdamW::AdamW(TrainableParameters parameters, const AdamWSettings& settings)
    : m_parameters(std::move(parameters)), m_settings(settings) {
    for (const TrainableParameter& parameter : m_parameters) {
        const at::Device device = parameter.tensor.device();
        TORCH_CHECK(parameter.tensor.is_contiguous() && device == m_parameters.front().tensor.device(),
                    "the optimizer wants contiguous tensors on one device");
        const std::int64_t count = parameter.tensor.numel();
        Moments moments;
        if (settings.moments == MomentType::EightBit && count >= kSmallestEightBit) {
            const std::int64_t blocks = (count + kernels::kEightBitBlock - 1) / kernels::kEightBitBlock;
            moments.m = zeros(count, at::kByte, device);  // with scale 0 every code means 0
            moments.v = zeros(count, at::kByte, device);
            moments.mScale = zeros(blocks, at::kFloat, device);
            moments.vScale = zeros(blocks, at::kFloat, device);
        } else {
            moments.m = zeros(count, at::kFloat, device);
            moments.v = zeros(count, at::kFloat, device);
        }
        const bool rounded = parameter.tensor.scalar_type() != at::kFloat;
        if (rounded && settings.masterWeights) moments.master = parameter.tensor.detach().to(at::kFloat).flatten();
        m_moments.push_back(std::move(moments));
    }
}

AdamW::Operands AdamW::operandsOf(std::size_t index) {
    const at::Tensor& given = gradientOf(index);
    const at::Tensor& master = m_moments[index].master;
    const at::Tensor values = master.defined() ? master : m_parameters[index].tensor.detach();
    return {given.defined() ? given.to(at::kFloat).contiguous() : at::Tensor(), values.to(at::kFloat)};
}

void AdamW::step(double learningRate, double gradientScale) {
    const c10::AutoGradMode noGradient(false);
    // All that needs memory comes first: where it runs out nothing has changed (fault 36).
    std::vector<Operands> operands;
    operands.reserve(m_parameters.size());
    for (std::size_t i = 0; i < m_parameters.size(); ++i) operands.push_back(operandsOf(i));
    std::vector<kernels::AdamWStep> steps;
    steps.reserve(m_parameters.size());
    for (const TrainableParameter& parameter : m_parameters)
        steps.push_back(constants(m_settings, parameter, learningRate, gradientScale, m_updates + 1));
    if (!isOnCpu()) reserveScratch();
    ++m_updates;
    if (isOnCpu()) {
        for (std::size_t i = 0; i < m_parameters.size(); ++i) update(i, steps[i], operands[i]);
    } else {
        updateOnDevice(steps, operands);
    }
    for (std::size_t i = 0; i < m_parameters.size(); ++i) {
        const TrainableParameter& parameter = m_parameters[i];
        if (parameter.tensor.scalar_type() == at::kFloat) continue;
        parameter.tensor.detach().copy_(operands[i].values.view(parameter.tensor.sizes()));
    }
}

// Taken and given back: LibTorch's allocator of the device keeps it for the update, which then cannot run out half-way.
void AdamW::reserveScratch() const {
    std::int64_t most = 0;
    std::int64_t together = 0;
    for (const TrainableParameter& parameter : m_parameters) {
        const std::int64_t count = parameter.tensor.numel();
        together = std::min(together + count, kTogether);
        most = std::max(most, count);
    }
    const auto options = at::TensorOptions(at::kFloat).device(m_parameters.front().tensor.device());
    (void)at::empty({scratchNumbers(std::max(most, together))}, options);
}

// Those with the same constants together: norms, which do not decay, lie between matrices that do.
void AdamW::updateOnDevice(const std::vector<kernels::AdamWStep>& steps, std::vector<Operands>& operands) {
    struct Group {
        kernels::AdamWStep step;
        DeviceUpdate update;
        std::int64_t count = 0;
    };
    std::vector<Group> groups;
    for (std::size_t i = 0; i < m_parameters.size(); ++i) {
        Moments& moments = m_moments[i];
        const at::Tensor values = operands[i].values.view({-1});
        const at::Tensor gradient = operands[i].gradient.defined() ? operands[i].gradient.view({-1}) : at::Tensor();
        if (moments.mScale.defined()) {
            EightBitUpdate one{values, gradient, moments.m, moments.mScale, moments.v, moments.vScale};
            adamWEightBitByAten(steps[i], one);
            continue;
        }
        auto group =
            std::find_if(groups.begin(), groups.end(), [&](const Group& each) { return sameStep(each.step, steps[i]); });
        if (group == groups.end()) group = groups.insert(group, Group{steps[i], {}, 0});
        if (group->count > 0 && group->count + values.numel() > kTogether) {
            adamWByAten(group->step, group->update);
            *group = Group{steps[i], {}, 0};
        }
        group->update.values.push_back(values);
        group->update.gradients.push_back(gradient.defined() ? gradient : at::zeros_like(values));
        group->update.m.push_back(moments.m);
        group->update.v.push_back(moments.v);
        group->count += values.numel();
    }
    for (Group& group : groups) adamWByAten(group.step, group.update);
}

void AdamW::update(std::size_t index, const kernels::AdamWStep& step, Operands& operands) {
    static const std::vector<float> noGradient(static_cast<std::size_t>(kGrain), 0.0F);
    Moments& moments = m_moments[index];
    const std::int64_t count = m_parameters[index].tensor.numel();
    float* const values = operands.values.mutable_data_ptr<float>();
    const float* const gradient = operands.gradient.defined() ? operands.gradient.const_data_ptr<float>() : nullptr;
    const bool eightBit = moments.mScale.defined();
    const std::int64_t block = eightBit ? kernels::kEightBitBlock : kGrain;
    at::parallel_for(0, (count + block - 1) / block, kGrain / block, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t b = begin; b < end; ++b) {
            const std::int64_t first = b * block;
            const std::int64_t n = std::min(block, count - first);
            const float* const slope = gradient != nullptr ? gradient + first : noGradient.data();
            if (eightBit) {
                kernels::adamWUpdateEightBit(step, values + first, slope, moments.m.mutable_data_ptr<std::uint8_t>() + first,
                                             moments.mScale.mutable_data_ptr<float>() + b,
                                             moments.v.mutable_data_ptr<std::uint8_t>() + first,
                                             moments.vScale.mutable_data_ptr<float>() + b, n);
            } else {
                kernels::adamWUpdate(step, values + first, slope, moments.m.mutable_data_ptr<float>() + first,
                                     moments.v.mutable_data_ptr<float>() + first, n);
            }
        }
    });
}

void AdamW::clearGradients() {
    for (TrainableParameter& parameter : m_parameters) parameter.tensor.mutable_grad() = at::Tensor();
    for (Moments& moments : m_moments) moments.gradientSum = at::Tensor();
}

void AdamW::visitState(const std::function<void(const std::string& name, at::Tensor& tensor)>& visit) {
    for (std::size_t i = 0; i < m_parameters.size(); ++i) {
        const std::string& name = m_parameters[i].name;
        Moments& moments = m_moments[i];
        visit(name + ".m", moments.m);
        visit(name + ".v", moments.v);
        if (moments.master.defined()) visit(name + ".master", moments.master);
        if (!moments.mScale.defined()) continue;
        visit(name + ".m_scale", moments.mScale);
        visit(name + ".v_scale", moments.vScale);
    }
}

std::int64_t AdamW::stateBytes() const {
    std::int64_t bytes = 0;
    for (const Moments& moments : m_moments) {
        for (const at::Tensor* tensor : {&moments.m, &moments.v, &moments.mScale, &moments.vScale, &moments.master}) {
            if (tensor->defined()) bytes += static_cast<std::int64_t>(tensor->nbytes());
        }
    }
    return bytes;
}

}  // namespace lapidary::train
