#include "core/engine/train/tower_objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/nll_loss.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <numeric>
#include <string>
#include <utility>

#include "core/data/scenes/token_labels.h"

namespace lapidary::train {
namespace {

std::int64_t allClasses() {
    return std::accumulate(scenes::kTokenHeadClasses.begin(), scenes::kTokenHeadClasses.end(), std::int64_t{0});
}

// The labels of one head, [views * tokens] int64; kNoTokenLabel where there is none.
at::Tensor labelsOf(const MicroBatch& batch, std::size_t head) {
    return batch.tokenLabels.select(1, static_cast<std::int64_t>(head)).reshape({-1});
}

}  // namespace

TowerObjective::TowerObjective(model::Gemma3VlModel& model) : m_model(model) {
    TORCH_CHECK(model.config().isVisionLanguage(), "a tower's warm-up of a model without one");
    const std::int64_t width = model.config().vision->hiddenSize;
    const auto options = at::TensorOptions(at::kFloat).device(model.options().device);
    m_weight = at::zeros({allClasses(), width}, options).requires_grad_(true);
    m_bias = at::zeros({allClasses()}, options).requires_grad_(true);
}

TrainableParameters TowerObjective::parameters() const {
    return {{"warm_up_heads.weight", m_weight, plan::Part::Vision, true, 1.0},
            {"warm_up_heads.bias", m_bias, plan::Part::Vision, false, 1.0}};
}

std::int64_t TowerObjective::targets(const MicroBatch&) const { return static_cast<std::int64_t>(scenes::kTokenHeadCount); }

Result<at::Tensor> TowerObjective::scores(const MicroBatch& batch, std::stop_token stop) const {
    ASSIGN_OR_RETURN(const at::Tensor states, m_model.getVisionStates(batch.input.pixelValues, std::move(stop)));
    return at::linear(states.to(at::kFloat), m_weight, m_bias);
}

Result<double> TowerObjective::accumulate(const MicroBatch& batch, double gradientScale, std::stop_token stop) {
    const c10::AutoGradMode gradients(true);
    ASSIGN_OR_RETURN(const at::Tensor all, scores(batch, std::move(stop)));
    at::Tensor loss = at::zeros({}, all.options());
    std::int64_t first = 0;
    for (std::size_t head = 0; head < scenes::kTokenHeadCount; ++head) {
        const std::int64_t classes = scenes::kTokenHeadClasses[head];
        const at::Tensor labels = labelsOf(batch, head);
        const at::Tensor mine = all.narrow(-1, first, classes).reshape({-1, classes});
        first += classes;
        if (!labels.ge(0).any().item<bool>()) continue;  // a mean over nothing
        loss =
            loss + at::nll_loss(mine.log_softmax(-1), labels.to(all.device()), {}, at::Reduction::Mean, scenes::kNoTokenLabel);
    }
    if (loss.requires_grad()) (loss * gradientScale).backward();
    return loss.item<double>();
}

Result<Tally> TowerObjective::evaluate(const MicroBatch& batch, std::stop_token stop) const {
    const c10::AutoGradMode noGradients(false);
    ASSIGN_OR_RETURN(const at::Tensor all, scores(batch, std::move(stop)));
    Tally tally;
    tally.targets = targets(batch);
    std::int64_t first = 0;
    for (std::size_t head = 0; head < scenes::kTokenHeadCount; ++head) {
        const std::int64_t classes = scenes::kTokenHeadClasses[head];
        const at::Tensor labels = labelsOf(batch, head).to(all.device());
        const at::Tensor mine = all.narrow(-1, first, classes).reshape({-1, classes});
        first += classes;
        const at::Tensor known = labels.ge(0);
        Tally::Count& count = tally.kinds[std::string(scenes::kTokenHeadNames[head])];
        count.asked = known.sum().item<std::int64_t>();
        if (count.asked == 0) continue;
        count.right = mine.argmax(-1).eq(labels).logical_and(known).sum().item<std::int64_t>();
        tally.lossSum +=
            at::nll_loss(mine.log_softmax(-1), labels, {}, at::Reduction::Mean, scenes::kNoTokenLabel).item<double>();
    }
    return tally;
}

}  // namespace lapidary::train
