#include "core/engine/ops/autograd.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <utility>

namespace lapidary::ops {
namespace {

constexpr const char* kOperation = "operation";

// What an autograd context can hold.
struct Holder : torch::CustomClassHolder {
    explicit Holder(c10::intrusive_ptr<Operation> held) : operation(std::move(held)) {}
    c10::intrusive_ptr<Operation> operation;
};

class RecordedOperation : public torch::autograd::Function<RecordedOperation> {
public:
    static at::Tensor forward(torch::autograd::AutogradContext* context, const c10::intrusive_ptr<Operation>& operation,
                              at::TensorList inputs) {
        Recorded recorded = operation->forward(inputs.vec());
        context->saved_data[kOperation] = c10::IValue::make_capsule(c10::make_intrusive<Holder>(operation));
        context->saved_data["inputs"] = static_cast<std::int64_t>(inputs.size());
        context->save_for_backward(std::move(recorded.kept));
        return recorded.output;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const c10::AutoGradMode noGraph(false);
        const auto holder = context->saved_data[kOperation].toCapsule();
        Operation* const operation = static_cast<Holder*>(holder.get())->operation.get();
        const auto inputs = static_cast<std::size_t>(context->saved_data["inputs"].toInt());
        std::vector<bool> wanted(inputs);
        for (std::size_t i = 0; i < inputs; ++i) wanted[i] = context->needs_input_grad(i);
        torch::autograd::variable_list found = operation->backward(context->get_saved_variables(), gradients.front(), wanted);
        TORCH_CHECK(found.size() == inputs, "an operation gives one gradient an input");
        found.insert(found.begin(), at::Tensor());  // of the operation itself
        return found;
    }
};

// Activation checkpointing.  The tensors besides x are inputs too, so that their gradients leave through the engine, in its order.
class Recompute : public Operation {
public:
    explicit Recompute(std::function<at::Tensor(const at::Tensor&)> f) : m_f(std::move(f)) {}

    Recorded forward(const std::vector<at::Tensor>& inputs) override {
        return {run(inputs.front(), inputs.front().requires_grad()).second.detach(), inputs};
    }

    std::vector<at::Tensor> backward(const std::vector<at::Tensor>& kept, const at::Tensor& gradient,
                                     const std::vector<bool>& wanted) override {
        const auto [x, y] = run(kept.front(), wanted.front());
        std::vector<at::Tensor> asked;
        for (std::size_t i = 0; i < kept.size(); ++i) {
            if (wanted[i]) asked.push_back(i == 0 ? x : kept[i]);
        }
        const auto found = torch::autograd::grad({y}, asked, {gradient}, false, false, true);
        std::vector<at::Tensor> gradients(kept.size());
        for (std::size_t i = 0, next = 0; i < kept.size(); ++i) {
            if (wanted[i]) gradients[i] = found[next++];
        }
        return gradients;
    }

private:
    // A leaf in place of x, and what f makes of it.
    [[nodiscard]] std::pair<at::Tensor, at::Tensor> run(const at::Tensor& x, bool learns) const {
        const c10::AutoGradMode graph(true);
        const at::Tensor leaf = x.detach().requires_grad_(learns);
        return {leaf, m_f(leaf)};
    }

    std::function<at::Tensor(const at::Tensor&)> m_f;
};

}  // namespace

at::Tensor record(const c10::intrusive_ptr<Operation>& operation, const std::vector<at::Tensor>& inputs) {
    const bool learns = c10::GradMode::is_enabled() && std::any_of(inputs.begin(), inputs.end(), [](const at::Tensor& input) {
                            return input.requires_grad();
                        });
    if (learns) return RecordedOperation::apply(operation, at::TensorList(inputs));
    const c10::AutoGradMode noGraph(false);
    return operation->forward(inputs).output;
}

at::Tensor recomputed(std::function<at::Tensor(const at::Tensor& x)> f, const at::Tensor& x,
                      const std::vector<at::Tensor>& learning) {
    std::vector<at::Tensor> inputs{x};
    inputs.insert(inputs.end(), learning.begin(), learning.end());
    const bool learns =
        std::any_of(inputs.begin(), inputs.end(), [](const at::Tensor& input) { return input.requires_grad(); });
    if (!learns || !c10::GradMode::is_enabled()) return f(x);
    return record(c10::make_intrusive<Recompute>(std::move(f)), inputs);
}

bool recordsGradient(std::initializer_list<const at::Tensor*> tensors) {
    return c10::GradMode::is_enabled() && std::any_of(tensors.begin(), tensors.end(), [](const at::Tensor* tensor) {
               return tensor->defined() && tensor->requires_grad();
           });
}

}  // namespace lapidary::ops
