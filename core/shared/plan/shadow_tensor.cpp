#include "core/shared/plan/shadow_tensor.h"

#include <algorithm>
#include <map>
#include <utility>

namespace lapidary::plan::shadow {

void Ledger::take(Item item, std::int64_t bytes) {
    m_now[static_cast<std::size_t>(item)] += bytes;
    m_total += bytes;
    if (m_total <= m_most) return;
    m_most = m_total;
    m_peak = m_now;
}

void Ledger::give(Item item, std::int64_t bytes) {
    m_now[static_cast<std::size_t>(item)] -= bytes;
    m_total -= bytes;
}

void Storage::countAs(Item item) {
    m_ledger.give(m_item, m_bytes);
    m_item = item;
    m_ledger.take(m_item, m_bytes);
}

Tensor Tape::make(std::int64_t elements, std::int64_t width) const {
    return {std::make_shared<Storage>(m_ledger, m_item, elements * width), nullptr, elements, width};
}

Tensor Tape::asFloat(const Tensor& tensor) const {
    return tensor.width == kFloat ? tensor.detached() : make(tensor.elements, kFloat);
}

Tensor Tape::leaf(const Tensor& tensor) const {
    Tensor result = tensor.detached();
    result.node = std::make_shared<Node>();
    return result;
}

void Tape::moment(std::int64_t bytes) const {
    m_ledger.take(m_item, bytes);
    m_ledger.give(m_item, bytes);
}

Tensor Tape::record(const Tensors& inputs, Tensor output, Backward backward) {
    if (std::none_of(inputs.begin(), inputs.end(), [](const Tensor& input) { return input.learns(); })) return output;
    output.node = std::make_shared<Node>();
    output.node->number = m_next++;
    output.node->inputs.reserve(inputs.size());
    for (const Tensor& input : inputs) output.node->inputs.push_back(input.node);
    output.node->backward = std::move(backward);
    return output;
}

Tensor Tape::recomputed(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensors& learning) {
    Tensors inputs{x};
    inputs.insert(inputs.end(), learning.begin(), learning.end());
    if (std::none_of(inputs.begin(), inputs.end(), [](const Tensor& input) { return input.learns(); })) return f(x);
    const Tensor output = f(x.learns() ? leaf(x) : x.detached()).detached();
    return record(inputs, output, [this, f, inputs](const Tensor& gradient, const Wanted& wanted) {
        return recomputedGradients(f, inputs, gradient, wanted);
    });
}

Tensors Tape::recomputedGradients(const std::function<Tensor(const Tensor&)>& f, const Tensors& inputs, const Tensor& gradient,
                                  const Wanted& wanted) {
    const Tensor x = wanted.front() ? leaf(inputs.front()) : inputs.front().detached();
    const Tensor y = f(x);
    Captured found;
    Captured* const before = std::exchange(m_captured, &found);
    backward(y, gradient);
    m_captured = before;
    Tensors gradients(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (wanted[i]) gradients[i] = std::move(found[i == 0 ? x.node.get() : inputs[i].node.get()]);
    }
    return gradients;
}

// In place, unless somebody else looks at the sum so far.
void Tape::addTo(Tensor& sum, Tensor gradient) const {
    if (!sum.defined()) {
        sum = std::move(gradient);
    } else if (sum.storage.use_count() > 1) {
        sum = like(sum);
    }
}

void Tape::takeGradient(const std::shared_ptr<Node>& leaf, Tensor gradient) {
    if (m_captured != nullptr) return addTo((*m_captured)[leaf.get()], std::move(gradient));
    if (gradient.storage.use_count() > 1 && !leaf->gradient.defined()) gradient = like(gradient);
    addTo(leaf->gradient, std::move(gradient));
    leaf->gradient.storage->countAs(Item::Gradients);
}

void Tape::backward(const Tensor& output, const Tensor& gradient) {
    struct Waiting {
        std::shared_ptr<Node> node;
        Tensor gradient;
    };
    const Scope scope(*this, Item::WorkingMemory);
    std::map<std::int64_t, Waiting> waiting;
    waiting[output.node->number] = {output.node, gradient};
    while (!waiting.empty()) {
        Waiting work = std::move(std::prev(waiting.end())->second);
        waiting.erase(std::prev(waiting.end()));
        Wanted wanted(work.node->inputs.size());
        for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = work.node->inputs[i] != nullptr;
        Tensors found = work.node->backward(work.gradient, wanted);
        work.node->backward = nullptr;
        work.gradient = {};
        for (std::size_t i = 0; i < found.size(); ++i) {
            const std::shared_ptr<Node>& next = work.node->inputs[i];
            if (next == nullptr || !found[i].defined()) continue;
            if (!next->backward) {
                takeGradient(next, std::move(found[i]));
                continue;
            }
            Waiting& place = waiting[next->number];
            place.node = next;
            addTo(place.gradient, std::move(found[i]));
        }
    }
}

}  // namespace lapidary::plan::shadow
