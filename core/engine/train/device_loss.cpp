// blockwise_loss.h on a GPU: nothing waits for the device until all blocks are under way.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <vector>

#include "core/engine/train/blockwise_loss.h"

namespace lapidary::train {
namespace {

// a · b in float32, of factors in one type.
at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
    if (a.is_cuda() && a.scalar_type() != at::kFloat) return at::mm(a, b, at::kFloat);
    return at::mm(a.to(at::kFloat), b.to(at::kFloat));
}

class DeviceLoss {
public:
    DeviceLoss(const LossRequest& request, const at::Tensor& head)
        : m_request(request), m_learns(request.wantsGradient && head.requires_grad()), m_head(head.detach()) {
        if (!m_learns) return;
        m_headGradient = head.grad().defined() && head.scalar_type() == at::kFloat
                             ? head.grad()
                             : at::zeros(m_head.sizes(), m_head.options().dtype(at::kFloat));
    }

    // hidden [rows, width], target [rows].
    void add(const at::Tensor& hidden, const at::Tensor& target) {
        const at::Tensor x = hidden.to(m_head.scalar_type());
        at::Tensor logits = product(x, m_head.t());
        const std::optional<double>& cap = m_request.softcap;
        if (cap) logits.div_(*cap).tanh_().mul_(*cap);
        const at::Tensor total = logits.logsumexp(-1);
        const at::Tensor wanted = target.unsqueeze(1);
        m_losses.push_back(total - logits.gather(1, wanted).squeeze(1));
        if (m_request.wantsPredictions) m_predictions.push_back(logits.argmax(-1));
        if (!m_request.wantsGradient) return;
        at::Tensor slope = (logits - total.unsqueeze(1)).exp_();
        slope.scatter_add_(1, wanted, at::full(wanted.sizes(), -1.0, slope.options()));
        if (cap) slope.mul_(logits.div_(*cap).square_().neg_().add_(1.0));
        slope = slope.mul_(m_request.gradientScale).to(m_head.scalar_type());
        m_hiddenGradients.push_back(product(slope, m_head));
        if (m_learns) m_headGradient.add_(product(slope.t(), x));
    }

    LossResult result(const at::Tensor& head) {
        LossResult found;
        found.losses = joined(m_losses, at::kFloat).to(at::kCPU);
        found.sum = found.losses.to(at::kDouble).sum().item<double>();
        if (m_request.wantsPredictions) found.predictions = joined(m_predictions, at::kLong).to(at::kCPU);
        if (m_request.wantsGradient) {
            const auto options = m_head.options().dtype(at::kFloat);
            const at::Tensor all =
                m_hiddenGradients.empty() ? at::zeros(m_request.hidden.sizes(), options) : at::cat(m_hiddenGradients, 0);
            found.hiddenGradient = all.to(m_request.hidden.scalar_type());
        }
        if (m_learns) {
            at::Tensor& stored = head.mutable_grad();
            const at::Tensor mine = m_headGradient.to(head.scalar_type());
            stored = stored.defined() && head.scalar_type() != at::kFloat ? stored + mine : mine;
        }
        return found;
    }

private:
    [[nodiscard]] at::Tensor joined(const std::vector<at::Tensor>& parts, at::ScalarType type) const {
        return parts.empty() ? at::empty({0}, m_head.options().dtype(type)) : at::cat(parts, 0);
    }

    const LossRequest& m_request;
    bool m_learns;
    at::Tensor m_head;
    at::Tensor m_headGradient;
    std::vector<at::Tensor> m_losses;
    std::vector<at::Tensor> m_predictions;
    std::vector<at::Tensor> m_hiddenGradients;
};

}  // namespace

LossResult deviceLoss(const LossRequest& request, const at::Tensor& head) {
    const c10::AutoGradMode noGraph(false);
    const std::int64_t n = request.hidden.size(0), vocab = head.size(0);
    TORCH_CHECK(request.hidden.size(1) == head.size(1) && request.targets.numel() == n,
                "hidden, targets and head do not belong together");
    const at::Tensor given = request.targets.to(at::kLong);
    TORCH_CHECK(n == 0 || (given.min().item<std::int64_t>() >= 0 && given.max().item<std::int64_t>() < vocab),
                "a target outside ", vocab, " rows");
    const at::Tensor targets = given.to(head.device());
    const at::Tensor hidden = request.hidden.detach().to(head.device());
    const std::int64_t blockRows = std::clamp<std::int64_t>(request.blockBytes / (4 * vocab), 1, std::max<std::int64_t>(n, 1));
    DeviceLoss loss(request, head);
    for (std::int64_t first = 0; first < n; first += blockRows) {
        const std::int64_t rows = std::min(blockRows, n - first);
        loss.add(hidden.narrow(0, first, rows), targets.narrow(0, first, rows));
    }
    return loss.result(head);
}

}  // namespace lapidary::train
