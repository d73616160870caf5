// Tensors without numbers: how many bytes live when.  A tensor counts while somebody holds it; recording and the backward pass keep and
// free as LibTorch's autograd does (torch/csrc/autograd/engine.cpp): the latest operation first, what it kept freed behind it, a second
// gradient added into the first where nobody else holds that.  Private to training_forecast.cpp and what stands beside it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace lapidary::plan::shadow {

inline constexpr std::int64_t kFloat = 4;  // bytes of a number
inline constexpr std::int64_t kBfloat16 = 2;

// What memory is counted as, in the order in which it is told.
enum class Item : std::uint8_t {
    Weights,
    MasterWeights,
    Gradients,
    States,
    Adapter,
    Pictures,
    Activations,
    VisionActivations,
    Logits,
    WorkingMemory,
};
inline constexpr std::size_t kItems = 10;
using Items = std::array<std::int64_t, kItems>;

class Ledger {
public:
    void take(Item item, std::int64_t bytes);
    void give(Item item, std::int64_t bytes);
    // What there was when there was most.
    [[nodiscard]] const Items& peak() const { return m_peak; }
    [[nodiscard]] std::int64_t peakBytes() const { return m_most; }

private:
    Items m_now{};
    Items m_peak{};
    std::int64_t m_total = 0;
    std::int64_t m_most = 0;
};

// Memory that is counted while it lives.
class Storage {
public:
    Storage(Ledger& ledger, Item item, std::int64_t bytes) : m_ledger(ledger), m_item(item), m_bytes(bytes) {
        ledger.take(item, bytes);
    }
    ~Storage() { m_ledger.give(m_item, m_bytes); }
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;

    void countAs(Item item);

private:
    Ledger& m_ledger;
    Item m_item;
    std::int64_t m_bytes;
};

struct Node;

// As at::Tensor, a handle: copies share the memory.  Views are copies.
struct Tensor {
    std::shared_ptr<Storage> storage;  // null: no memory of its own (a mapped weight), or no tensor at all
    std::shared_ptr<Node> node;  // who takes its gradient; null: it has none
    std::int64_t elements = 0;  // 0: no tensor
    std::int64_t width = kFloat;  // bytes of an element

    [[nodiscard]] bool defined() const { return elements > 0; }
    [[nodiscard]] bool learns() const { return node != nullptr; }
    [[nodiscard]] std::int64_t bytes() const { return elements * width; }
    // Without the graph behind it.
    [[nodiscard]] Tensor detached() const { return {storage, nullptr, elements, width}; }
};

using Tensors = std::vector<Tensor>;
using Wanted = std::vector<bool>;
// From the gradient of an operation's result to those of its inputs, undefined where not wanted.  What it captures is kept for it.
using Backward = std::function<Tensors(const Tensor& gradient, const Wanted& wanted)>;

// An operation that was recorded, or a tensor that asks for its gradient (no `backward`).
struct Node {
    std::int64_t number = 0;
    std::vector<std::shared_ptr<Node>> inputs;  // null where nothing is wanted
    Backward backward;
    Tensor gradient;  // of a leaf
};

class Tape {
public:
    explicit Tape(Ledger& ledger) : m_ledger(ledger) {}

    [[nodiscard]] Tensor make(std::int64_t elements, std::int64_t width = kFloat) const;
    [[nodiscard]] Tensor like(const Tensor& tensor) const { return make(tensor.elements, tensor.width); }
    [[nodiscard]] Tensor asFloat(const Tensor& tensor) const;  // itself where it is float32
    // A tensor that asks for its gradient, on the same memory.
    [[nodiscard]] Tensor leaf(const Tensor& tensor) const;
    // Memory that lives for a moment.
    void moment(std::int64_t bytes) const;

    // `output` as the result of an operation on `inputs`, recorded where one of them learns.
    Tensor record(const Tensors& inputs, Tensor output, Backward backward);
    // Activation checkpointing: f keeps nothing but x, and is run again in the backward pass.  `learning`: all that asks for a gradient
    // inside f besides x.
    Tensor recomputed(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensors& learning);
    void backward(const Tensor& output, const Tensor& gradient);

    // What is made while it lives counts as `item`.
    class Scope {
    public:
        Scope(Tape& tape, Item item) : m_tape(tape), m_before(tape.m_item) { tape.m_item = item; }
        ~Scope() { m_tape.m_item = m_before; }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

    private:
        Tape& m_tape;
        Item m_before;
    };

private:
    using Captured = std::unordered_map<const Node*, Tensor>;

    Tensors recomputedGradients(const std::function<Tensor(const Tensor&)>& f, const Tensors& inputs, const Tensor& gradient,
                                const Wanted& wanted);
    void addTo(Tensor& sum, Tensor gradient) const;
    void takeGradient(const std::shared_ptr<Node>& leaf, Tensor gradient);

    Ledger& m_ledger;
    Item m_item = Item::Activations;
    std::int64_t m_next = 0;
    Captured* m_captured = nullptr;  // of a backward pass inside another: gradients of leaves go here
};

}  // namespace lapidary::plan::shadow
