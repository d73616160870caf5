#include "core/engine/train/trainer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace lapidary::train {
namespace {

// Weight of the newest loss in the running mean.
constexpr double kRecentWeight = 0.1;
// Losses below this never count as a spike: ten times almost nothing is nothing.
constexpr double kSmallLoss = 0.1;

std::string joinedIds(std::span<const MicroBatch> batches) {
    std::string text;
    for (const MicroBatch& batch : batches) {
        for (const std::string& id : batch.sampleIds) text += (text.empty() ? "" : ", ") + id;
    }
    return text;
}

std::string firstNotFinite(AdamW& optimizer) {
    std::string name;
    optimizer.visitGradients([&](const TrainableParameter& parameter, at::Tensor& gradient) {
        if (name.empty() && gradient.defined() && !at::isfinite(gradient).all().item<bool>()) name = parameter.name;
    });
    return name;
}

}  // namespace

Trainer::Trainer(Objective& objective, TrainableParameters parameters, const TrainerSettings& settings,
                 distributed::ProcessGroup& group)
    : m_objective(objective), m_settings(settings), m_group(group), m_optimizer(std::move(parameters), settings.optimizer) {
    TORCH_CHECK(!m_optimizer.parameters().empty(), "nothing learns");
}

void Trainer::restore(std::int64_t nextStep, double recentLoss) {
    m_nextStep = nextStep;
    m_recentLoss = recentLoss;
}

Result<void> Trainer::sumOverRanks(double& loss) {
    if (m_group.size() == 1) return {};
    at::Tensor numbers = at::empty({1}, at::TensorOptions(at::kDouble));
    numbers.fill_(loss);
    RETURN_IF_ERROR(m_group.allReduce(numbers));
    loss = numbers.item<double>();
    for (const TrainableParameter& parameter : m_optimizer.parameters()) {
        at::Tensor& gradient = parameter.tensor.mutable_grad();
        if (!gradient.defined()) gradient = parameter.tensor.detach().new_zeros(parameter.tensor.sizes());
        gradient = gradient.contiguous();
        RETURN_IF_ERROR(m_group.allReduce(gradient));
    }
    return {};
}

// Decides whether the gradients that lie in the parameters may be applied.
void Trainer::judge(StepReport& report, std::span<const MicroBatch> batches, std::span<const double> losses) {
    if (!std::isfinite(report.loss)) {
        report.refusal = StepRefusal::NotFiniteLoss;
        for (std::size_t i = 0; i < losses.size(); ++i) {
            if (std::isfinite(losses[i])) continue;
            report.where = "samples " + joinedIds(batches.subspan(i, 1));
            return;
        }
        report.where = "a micro-batch of another rank";
        return;
    }
    if (!std::isfinite(report.gradNorm)) {
        report.refusal = StepRefusal::NotFiniteGradient;
        report.where = "gradient of " + firstNotFinite(m_optimizer) + ", samples " + joinedIds(batches);
        return;
    }
    const double limit = m_settings.spikeFactor * std::max(m_recentLoss, kSmallLoss);
    if (m_settings.spikeFactor > 0.0 && m_recentLoss > 0.0 && report.loss > limit) {
        report.refusal = StepRefusal::LossSpike;
        report.where = "a loss of " + std::to_string(report.loss) + " after a mean of " + std::to_string(m_recentLoss) +
                       ", samples " + joinedIds(batches);
    }
}

Result<StepReport> Trainer::step(std::span<const MicroBatch> batches, std::stop_token stop) {
    StepReport report;
    report.step = m_nextStep;
    std::int64_t targets = 0;
    for (const MicroBatch& batch : batches) {
        targets += m_objective.targets(batch);
        report.tokens += batch.tokens;
    }
    if (m_group.size() > 1) {
        at::Tensor count = at::empty({1}, at::TensorOptions(at::kLong));
        count.fill_(targets);
        RETURN_IF_ERROR(m_group.allReduce(count));
        targets = count.item<std::int64_t>();
    }
    report.targetTokens = targets;
    if (targets == 0) {
        return Error{ErrorCode::InvalidData, "a step without a single answer token: samples " + joinedIds(batches), ""};
    }
    m_optimizer.clearGradients();
    std::vector<double> losses;
    double sum = 0.0;
    for (const MicroBatch& batch : batches) {
        ASSIGN_OR_RETURN(const double loss, m_objective.accumulate(batch, 1.0 / static_cast<double>(targets), stop));
        m_optimizer.collectGradients();
        losses.push_back(loss);
        report.microLosses.push_back(loss / static_cast<double>(targets));
        sum += loss;
    }
    RETURN_IF_ERROR(sumOverRanks(sum));
    report.loss = sum / static_cast<double>(targets);
    report.gradNorm = globalGradientNorm(m_optimizer);
    report.learningRate = m_settings.schedule.at(m_nextStep);
    judge(report, batches, losses);
    if (report.refusal) return report;
    // torch.nn.utils.clip_grad_norm_ adds 1e-6 as well.
    const double clip = m_settings.maxGradNorm > 0.0 ? std::min(1.0, m_settings.maxGradNorm / (report.gradNorm + 1e-6)) : 1.0;
    m_optimizer.step(report.learningRate, clip);
    m_recentLoss = m_recentLoss == 0.0 ? report.loss : (1.0 - kRecentWeight) * m_recentLoss + kRecentWeight * report.loss;
    ++m_nextStep;
    return report;
}

TrainableParameters trainableParameters(model::Gemma3VlModel& model, bool decayAll) {
    std::map<std::string, plan::Parameter> table;
    for (plan::Parameter& parameter : plan::parameterTable(model.config(), !model.sharesEmbeddingsAndOutputWeights())) {
        const std::string name = parameter.name;
        table.emplace(name, std::move(parameter));
    }
    TrainableParameters found;
    model.visitParameters([&](const std::string& name, ops::Weight& weight) {
        if (!weight.requiresGrad()) return;
        const plan::Parameter& entry = table.at(name);
        const bool plain = entry.kind == plan::Kind::Norm || entry.kind == plan::Kind::Bias;
        found.push_back({name, weight.tensor(), entry.part, decayAll || !plain, 1.0});
    });
    return found;
}

}  // namespace lapidary::train
