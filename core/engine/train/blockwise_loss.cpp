#include "core/engine/train/blockwise_loss.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/engine/ops/stored_product.h"

namespace lapidary::train {
namespace {

struct RowLoss {
    float loss = 0.0F;
    std::int64_t best = 0;
};

// One row of logits becomes gradientScale · (softmax - onehot), times the soft cap's derivative; if no gradient is wanted, it is spent.
RowLoss lossOfRow(float* logits, std::int64_t vocab, std::int64_t target, std::optional<double> softcap, float scale,
                  bool wantsGradient) {
    const auto cap = static_cast<float>(softcap.value_or(0.0));
    if (softcap) {
        for (std::int64_t i = 0; i < vocab; ++i) logits[i] = std::tanh(logits[i] / cap) * cap;
    }
    const float* const largest = std::max_element(logits, logits + vocab);
    const float maximum = *largest;
    RowLoss row;
    row.best = largest - logits;
    double sum = 0.0;
    for (std::int64_t i = 0; i < vocab; ++i) sum += std::exp(logits[i] - maximum);
    const float targetLogit = logits[target];
    row.loss = static_cast<float>(std::log(sum) - static_cast<double>(targetLogit - maximum));
    if (!wantsGradient) return row;
    const auto inverse = static_cast<float>(1.0 / sum);
    for (std::int64_t i = 0; i < vocab; ++i) {
        const float p = std::exp(logits[i] - maximum) * inverse - (i == target ? 1.0F : 0.0F);
        const float slope = softcap ? 1.0F - (logits[i] / cap) * (logits[i] / cap) : 1.0F;
        logits[i] = p * slope * scale;
    }
    return row;
}

}  // namespace

LossResult blockwiseLoss(const LossRequest& request, const ops::Weight& head) {
    if (head.bytes() == nullptr) return deviceLoss(request, head.tensor());
    const c10::AutoGradMode noGraph(false);
    const std::int64_t n = request.hidden.size(0);
    const std::int64_t width = request.hidden.size(1);
    const std::int64_t vocab = head.rows();
    TORCH_CHECK(width == head.cols() && request.targets.numel() == n, "hidden, targets and head do not belong together");
    LossResult result;
    result.losses = at::empty({n}, at::TensorOptions(at::kFloat));
    if (request.wantsPredictions) result.predictions = at::empty({n}, at::TensorOptions(at::kLong));
    if (request.wantsGradient) result.hiddenGradient = at::zeros({n, width}, at::TensorOptions(at::kFloat));
    const bool headLearns = request.wantsGradient && head.requiresGrad();
    at::Tensor headGradient;
    if (headLearns) {
        headGradient = head.tensor().grad();
        if (!headGradient.defined() || headGradient.scalar_type() != at::kFloat) {
            headGradient = at::zeros({vocab, width}, at::TensorOptions(at::kFloat));
        }
    }
    const at::Tensor targets = request.targets.to(at::kCPU, at::kLong).contiguous();
    const std::int64_t* const target = targets.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < n; ++i) {
        TORCH_CHECK(target[i] >= 0 && target[i] < vocab, "target ", target[i], " outside ", vocab, " rows");
    }
    const std::int64_t blockRows = std::clamp<std::int64_t>(request.blockBytes / (4 * vocab), 1, std::max<std::int64_t>(n, 1));
    at::Tensor buffer = at::empty({std::min(blockRows, n), vocab}, at::TensorOptions(at::kFloat));
    for (std::int64_t first = 0; first < n; first += blockRows) {
        const std::int64_t rows = std::min(blockRows, n - first);
        const at::Tensor hidden = request.hidden.detach().narrow(0, first, rows).to(at::kCPU, at::kFloat).contiguous();
        at::Tensor logits = buffer.narrow(0, 0, rows);
        ops::eachBlock(head, [&](std::int64_t begin, const at::Tensor& weight) {
            at::Tensor part = logits.narrow(1, begin, weight.size(0));
            at::mm_out(part, hidden, weight.t());
        });
        float* const values = logits.mutable_data_ptr<float>();
        float* const losses = result.losses.mutable_data_ptr<float>() + first;
        std::int64_t* const best =
            request.wantsPredictions ? result.predictions.mutable_data_ptr<std::int64_t>() + first : nullptr;
        at::parallel_for(0, rows, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
                const RowLoss row = lossOfRow(values + i * vocab, vocab, target[first + i], request.softcap,
                                              static_cast<float>(request.gradientScale), request.wantsGradient);
                losses[i] = row.loss;
                if (best != nullptr) best[i] = row.best;
            }
        });
        for (std::int64_t i = 0; i < rows; ++i) result.sum += static_cast<double>(losses[i]);
        if (!request.wantsGradient) continue;
        at::Tensor gradient = result.hiddenGradient.narrow(0, first, rows);
        ops::eachBlock(head, [&](std::int64_t begin, const at::Tensor& weight) {
            const at::Tensor part = logits.narrow(1, begin, weight.size(0));
            gradient.addmm_(part, weight);
            if (headLearns) {
                at::Tensor mine = headGradient.narrow(0, begin, weight.size(0));
                mine.addmm_(part.t(), hidden);
            }
        });
    }
    if (headLearns) {
        at::Tensor& stored = head.tensor().mutable_grad();
        const at::ScalarType type = head.tensor().scalar_type();
        if (type == at::kFloat) {
            stored = headGradient;
        } else {
            stored = stored.defined() ? stored + headGradient.to(type) : headGradient.to(type);
        }
    }
    if (request.wantsGradient) result.hiddenGradient = result.hiddenGradient.to(request.hidden.scalar_type());
    return result;
}

}  // namespace lapidary::train
