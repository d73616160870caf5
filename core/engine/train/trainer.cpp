#include "core/engine/train/trainer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "core/engine/distributed/agreement.h"
#include "core/engine/train/on_this_rank.h"

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

// Where in the model the first number is not finite; empty where it cannot be said.
std::string placeNotFinite(const Objective& objective, const MicroBatch& batch) {
    const Result<std::string> place = onThisRank([&]() -> Result<std::string> { return objective.firstNotFinite(batch); });
    return place.value_or("");
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

// A rank that has no gradient of a parameter (no picture in its micro-batches) adds zeros.
void Trainer::completeGradients() {
    m_optimizer.visitGradients([](const TrainableParameter& parameter, at::Tensor& gradient) {
        if (!gradient.defined()) gradient = at::zeros(parameter.tensor.sizes(), parameter.tensor.options().dtype(at::kFloat));
        gradient = gradient.contiguous();
    });
}

// Gradients are summed in buckets.
Result<void> Trainer::sumOverRanks(double& loss) {
    if (m_group.size() == 1) return {};
    at::Tensor numbers = at::empty({1}, at::TensorOptions(at::kDouble));
    numbers.fill_(loss);
    RETURN_IF_ERROR(m_group.allReduce(numbers));
    loss = numbers.item<double>();
    std::vector<at::Tensor> gradients;
    gradients.reserve(m_optimizer.parameters().size());
    m_optimizer.visitGradients(
        [&](const TrainableParameter&, at::Tensor& gradient) { gradients.push_back(gradient.detach()); });
    return distributed::allReduceInBuckets(m_group, gradients);
}

// All ranks refuse a step together, each knowing its own samples.
Result<void> Trainer::gatherPlaces(StepReport& report) {
    ASSIGN_OR_RETURN(const std::vector<std::string> places, distributed::gatherTexts(m_group, report.where));
    std::string all;
    for (std::size_t rank = 0; rank < places.size() && places.size() > 1; ++rank) {
        if (places[rank].empty()) continue;
        all += (all.empty() ? "rank " : "; rank ") + std::to_string(rank) + ": " + places[rank];
    }
    if (places.size() > 1) report.where = all;
    return {};
}

// Decides whether the gradients that lie in the parameters may be applied.
void Trainer::judge(StepReport& report, std::span<const MicroBatch> batches, std::span<const double> losses) {
    if (!std::isfinite(report.loss)) {
        report.refusal = StepRefusal::NotFiniteLoss;
        for (std::size_t i = 0; i < losses.size(); ++i) {
            if (std::isfinite(losses[i])) continue;
            const std::string place = placeNotFinite(m_objective, batches[i]);
            report.where = place + (place.empty() ? "" : ", ") + "samples " + joinedIds(batches.subspan(i, 1));
            return;
        }
        return;  // a micro-batch of another rank
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

// This rank's part of the loss and of the gradients.
Result<double> Trainer::accumulate(std::span<const MicroBatch> batches, StepReport& report, std::vector<double>& losses,
                                   const std::stop_token& stop) {
    const auto targets = static_cast<double>(report.targetTokens);
    double sum = 0.0;
    for (const MicroBatch& batch : batches) {
        ASSIGN_OR_RETURN(const double loss, m_objective.accumulate(batch, 1.0 / targets, stop));
        m_optimizer.collectGradients();
        losses.push_back(loss);
        report.microLosses.push_back(loss / targets);
        sum += loss;
    }
    if (m_group.size() > 1) completeGradients();  // here, where running out of memory is still agreed on
    return sum;
}

Result<StepReport> Trainer::step(std::span<const MicroBatch> batches, std::stop_token stop) {
    StepReport report;
    report.step = m_nextStep;
    std::int64_t targets = 0;
    for (const MicroBatch& batch : batches) {
        targets += m_objective.targets(batch);
        report.tokens += batch.tokens;
    }
    ASSIGN_OR_RETURN(const auto counts, distributed::sumOverRanks(m_group, {targets, report.tokens}));
    targets = counts[0];
    report.tokens = counts[1];
    report.targetTokens = targets;
    if (targets == 0) {
        return Error{ErrorCode::InvalidData, "a step without a single answer token: samples " + joinedIds(batches), ""};
    }
    m_optimizer.clearGradients();
    std::vector<double> losses;
    Result<double> summed = m_group.size() == 1 ? accumulate(batches, report, losses, stop)
                                                : onThisRank([&] { return accumulate(batches, report, losses, stop); });
    RETURN_IF_ERROR(distributed::agree(m_group, summed ? Result<void>() : Result<void>(summed.error())));
    double sum = *summed;
    RETURN_IF_ERROR(sumOverRanks(sum));
    report.loss = sum / static_cast<double>(targets);
    report.gradNorm = globalGradientNorm(m_optimizer);
    report.learningRate = m_settings.schedule.at(m_nextStep) * m_learningRateFactor;
    judge(report, batches, losses);
    if (report.refusal) {
        RETURN_IF_ERROR(gatherPlaces(report));
        return report;
    }
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
