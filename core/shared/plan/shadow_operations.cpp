#include "core/shared/plan/shadow_operations.h"

#include <algorithm>
#include <utility>

namespace lapidary::plan::shadow {
namespace {

// core/engine/ops/learning_attention.cpp and attention.cpp.
constexpr std::int64_t kLearningQueryBlock = 128;
constexpr std::int64_t kMaskedScoreBytes = 64 << 20;
// core/engine/ops/norm.cpp: pieces of the sum over rows.
constexpr std::int64_t kNormGrain = 1 << 15;
constexpr std::int64_t kNormPieces = 32;
constexpr std::int64_t kDouble = 8;

// Keys that the queries of one block see together.
std::int64_t keysSeen(const AttentionShape& shape, std::int64_t queries) {
    if (shape.window == 0 || shape.packed) return shape.tokens;
    return std::min(shape.tokens, shape.window + queries - 1);
}

}  // namespace

Tensor Operations::converted(const Tensor& x, std::int64_t width) {
    if (x.width == width) return x;
    return m_tape.record({x}, m_tape.make(x.elements, width),
                         [this, elements = x.elements, from = x.width](const Tensor&, const Wanted&) {
                             return Tensors{m_tape.make(elements, from)};
                         });
}

Tensor Operations::copied(const Tensor& x) {
    return m_tape.record({x}, m_tape.like(x), [](const Tensor& gradient, const Wanted&) { return Tensors{gradient}; });
}

Tensor Operations::sum(const Tensor& a, const Tensor& b) {
    return m_tape.record({a, b}, m_tape.like(a),
                         [this, same = a.elements == b.elements, elements = b.elements, width = b.width](const Tensor& gradient,
                                                                                                         const Wanted& wanted) {
                             Tensors found{gradient, {}};
                             if (wanted[1]) found[1] = same ? gradient : m_tape.make(elements, width);
                             return found;
                         });
}

Tensor Operations::residual(const Tensor& x, const Tensor& branch) {
    if (!x.learns() && !branch.learns()) return branch;  // added in place
    return sum(x, branch);
}

Tensor Operations::timesConstant(const Tensor& x) {
    return m_tape.record({x}, m_tape.like(x),
                         [this](const Tensor& gradient, const Wanted&) { return Tensors{m_tape.like(gradient)}; });
}

// factor [out] · x [n, out].
Tensor Operations::times(const Tensor& factor, const Tensor& x) {
    return m_tape.record({factor, x}, m_tape.like(x), [this, factor, x](const Tensor& gradient, const Wanted& wanted) {
        Tensors found(2);
        if (wanted[0]) {
            m_tape.moment(x.bytes());
            found[0] = m_tape.like(factor);
        }
        if (wanted[1]) found[1] = m_tape.like(gradient);
        return found;
    });
}

Tensor Operations::dropped(const Tensor& x) {
    m_tape.moment(2 * x.bytes());
    return m_tape.record({x}, m_tape.like(x), [this](const Tensor& gradient, const Wanted&) {
        m_tape.moment(2 * gradient.bytes());
        return Tensors{m_tape.like(gradient)};
    });
}

Tensor Operations::embedding(std::int64_t tokens, const Weight& table, std::int64_t width) {
    const std::int64_t elements = tokens * table.cols;
    if (!table.tensor.learns()) {
        const Tensor rows = m_tape.make(elements);
        return width == kFloat ? rows : m_tape.make(elements, width);
    }
    const Tensor rows =
        m_tape.record({table.tensor}, m_tape.make(elements, width),
                      [this, table](const Tensor&, const Wanted&) { return Tensors{m_tape.like(table.tensor)}; });
    return timesConstant(rows);
}

Tensor Operations::product(const Tensor& x, const Weight& weight, const Tensor& bias) {
    const std::int64_t rows = x.elements / weight.cols;
    if (weight.tensor.learns()) {
        return m_tape.record({x, weight.tensor, bias}, m_tape.make(rows * weight.rows, x.width),
                             [this, x, weight, bias](const Tensor&, const Wanted& wanted) {
                                 Tensors found(3);
                                 if (wanted[0]) found[0] = m_tape.like(x);
                                 if (wanted[1]) found[1] = m_tape.like(weight.tensor);
                                 if (wanted[2]) found[2] = m_tape.like(bias);
                                 return found;
                             });
    }
    const Tensor wide = m_tape.asFloat(x);
    const Tensor y = m_tape.make(rows * weight.rows);
    m_tape.moment(weight.scratch);
    return m_tape.record({x, bias}, x.width == kFloat ? y : m_tape.make(y.elements, x.width),
                         [this, rows, weight, bias](const Tensor& gradient, const Wanted& wanted) {
                             const Tensor back = m_tape.asFloat(gradient);
                             Tensors found(2);
                             if (wanted[0]) {
                                 const Tensor dx = m_tape.make(rows * weight.cols);
                                 m_tape.moment(weight.scratch);
                                 found[0] = gradient.width == kFloat ? dx : m_tape.make(dx.elements, gradient.width);
                             }
                             if (wanted[1]) found[1] = m_tape.like(bias);
                             return found;
                         });
}

// x · weight for a weight [in, out].
Tensor Operations::productTransposed(const Tensor& x, const Weight& weight) {
    const std::int64_t elements = x.elements / weight.rows * weight.cols;
    if (!weight.tensor.learns()) {
        if (!x.learns() && weight.scratch > 0) m_tape.moment(weight.tensor.elements * x.width);  // as a whole
        Weight turned = weight;  // the same work as a product the other way round
        std::swap(turned.rows, turned.cols);
        return product(x, turned);
    }
    return m_tape.record({x, weight.tensor}, m_tape.make(elements, x.width),
                         [this, x, weight](const Tensor&, const Wanted& wanted) {
                             Tensors found(2);
                             if (wanted[0]) found[0] = m_tape.like(x);
                             if (wanted[1]) found[1] = m_tape.like(weight.tensor);
                             return found;
                         });
}

Tensor Operations::linear(const Tensor& x, const Linear& layer) {
    const Tensor y = product(x, layer.weight, layer.bias);
    return layer.delta.a.tensor.defined() ? withDelta(x, y, layer) : y;
}

// model::addDelta
Tensor Operations::withDelta(const Tensor& x, const Tensor& y, const Linear& layer) {
    const Delta& delta = layer.delta;
    const Tensor wide = converted(x, kFloat);
    const Tensor entering = delta.drops ? dropped(wide) : wide;
    const Tensor inner = product(entering, delta.a);
    const Tensor result = converted(y, kFloat);
    if (!delta.magnitude.defined()) {
        const Tensor rows = m_tape.record({result, inner, delta.b.tensor}, m_tape.like(result),
                                          [this, inner, b = delta.b.tensor](const Tensor& gradient, const Wanted&) {
                                              return Tensors{gradient, m_tape.like(inner), m_tape.like(b)};
                                          });
        return converted(rows, y.width);
    }
    Tensor plain = layer.bias.defined() ? copied(result) : result;
    if (delta.drops) plain = product(entering, layer.weight);
    return converted(addDora(delta, inner, plain, result, layer.weight), y.width);
}

// Every part of the sum lives until its statement ends.
Tensor Operations::addDora(const Delta& delta, const Tensor& inner, const Tensor& plain, const Tensor& y,
                           const Weight& weight) {
    const Tensor factor = magnitudeFactor(delta, weight);
    const Tensor low = product(inner, delta.b);
    const Tensor scaledPlain = times(factor, plain);
    const Tensor first = sum(y, scaledPlain);
    const Tensor scaledLow = times(factor, low);
    const Tensor second = timesConstant(scaledLow);
    return sum(first, second);
}

Tensor Operations::magnitudeFactor(const Delta& delta, const Weight& weight) {
    const std::int64_t a = delta.a.tensor.elements, b = delta.b.tensor.elements;
    m_tape.moment(weight.scratch + b * kFloat);
    m_tape.moment(kDouble * (a + 4 * b));
    const Tensor norms = m_tape.make(weight.rows);
    return m_tape.record({delta.magnitude}, m_tape.make(weight.rows),
                         [this, norms](const Tensor& gradient, const Wanted&) { return Tensors{m_tape.like(gradient)}; });
}

Tensor Operations::rmsNorm(const Tensor& x, const Tensor& weight) {
    if (x.width != kFloat) return composedNorm(x, weight);
    return m_tape.record({x, weight}, m_tape.like(x), [this, x, weight](const Tensor&, const Wanted& wanted) {
        Tensors found(2);
        if (wanted[0]) found[0] = m_tape.like(x);
        if (wanted[1]) {
            m_tape.moment(weight.bytes() * std::clamp<std::int64_t>(x.elements / kNormGrain, 1, kNormPieces));
            found[1] = m_tape.like(weight);
        }
        return found;
    });
}

// bfloat16: by whole operations in float32, which keep x and, where the weight learns, what it is multiplied with.
Tensor Operations::composedNorm(const Tensor& x, const Tensor& weight) {
    const Tensor wide = m_tape.make(x.elements);
    Tensor scaled;
    {
        const Tensor square = m_tape.make(x.elements);
        scaled = m_tape.make(x.elements);
    }
    const Tensor kept = weight.learns() ? scaled : Tensor();
    const Tensor factored = m_tape.make(x.elements);
    return m_tape.record({x, weight}, m_tape.like(x),
                         [this, x = x.width, wide, kept, weight](const Tensor&, const Wanted& wanted) {
                             Tensors found(2);
                             {
                                 const Tensor gradient = m_tape.like(wide), back = m_tape.like(wide);
                                 if (wanted[1]) {
                                     m_tape.moment(wide.bytes());
                                     found[1] = m_tape.like(weight);
                                 }
                             }
                             if (wanted[0]) {
                                 const Tensor direct = m_tape.like(wide), throughMean = m_tape.like(wide);
                                 m_tape.moment(3 * wide.bytes());  // grad · (2 · x¹)
                                 found[0] = m_tape.make(wide.elements, x);
                             }
                             return found;
                         });
}

Tensor Operations::layerNorm(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    return m_tape.record({x, weight, bias}, m_tape.like(x), [this, x, weight, bias](const Tensor&, const Wanted& wanted) {
        Tensors found(3);
        if (wanted[0]) found[0] = m_tape.like(x);
        if (wanted[1]) found[1] = m_tape.like(weight);
        if (wanted[2]) found[2] = m_tape.like(bias);
        return found;
    });
}

Tensor Operations::rotated(const Tensor& x) {
    if (x.width == kFloat && !x.learns()) return x;  // in place
    const std::int64_t parts = x.width == kFloat ? 0 : 3 * x.bytes();  // halves of products and sums
    m_tape.moment(parts);
    return m_tape.record({x}, m_tape.like(x), [this, parts](const Tensor& gradient, const Wanted&) {
        m_tape.moment(parts);
        return Tensors{m_tape.like(gradient)};
    });
}

Tensor Operations::gelu(const Tensor& x) {
    return m_tape.record({x}, m_tape.like(x), [this, x](const Tensor&, const Wanted&) { return Tensors{m_tape.like(x)}; });
}

Tensor Operations::gated(const Tensor& gate, const Tensor& up) {
    if (gate.width != kFloat) {
        const Tensor active = gelu(gate);
        return m_tape.record({active, up}, m_tape.like(up), [this, active, up](const Tensor&, const Wanted&) {
            return Tensors{m_tape.like(active), m_tape.like(up)};
        });
    }
    return m_tape.record({gate, up}, m_tape.like(up), [this, gate, up](const Tensor&, const Wanted&) {
        return Tensors{m_tape.like(gate), m_tape.like(up)};
    });
}

// Forward by whole operations: scores of a block of queries in their own type, then twice as float32.
void Operations::maskedAttention(const Tensor& q, const AttentionShape& shape) {
    const std::int64_t perQuery = shape.rows * shape.heads * shape.tokens;
    const std::int64_t block = std::clamp<std::int64_t>(kMaskedScoreBytes / (kFloat * perQuery), 1, shape.tokens);
    const std::int64_t scores = shape.rows * shape.heads * block * keysSeen(shape, block);
    const Tensor grouped = m_tape.make(q.elements / shape.tokens * block, q.width);
    m_tape.moment(scores * (q.width + 2 * kFloat));
    m_tape.moment(2 * q.bytes());  // the parts, joined and laid out again
}

Tensor Operations::attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionShape& shape) {
    Tensor y;
    if (q.width == kFloat) {
        const Tensor keys = m_tape.like(k), values = m_tape.like(v);  // laid out for the kernel
        y = m_tape.like(q);
    } else {
        maskedAttention(q, shape);
        y = m_tape.like(q);
    }
    // A key head is one thread's work.
    const bool kernel = q.width == kFloat && shape.rows * shape.kvHeads >= shape.threads;
    return m_tape.record({q, k, v}, y, [this, q, k, v, shape, kernel](const Tensor&, const Wanted&) {
        if (!kernel) return blockwiseGradients(q, k, v, shape);
        const Tensor keys = m_tape.like(k), values = m_tape.like(v), again = m_tape.like(q);
        return Tensors{m_tape.like(q), m_tape.like(k), m_tape.like(v)};
    });
}

// By whole products, a block of queries at a time.
Tensors Operations::blockwiseGradients(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionShape& shape) {
    const Tensor keys = m_tape.asFloat(k), values = m_tape.asFloat(v);
    Tensors sums{m_tape.make(q.elements), m_tape.make(k.elements), m_tape.make(v.elements)};
    {
        const std::int64_t block = std::min(kLearningQueryBlock, shape.tokens);
        const std::int64_t seen = keysSeen(shape, block);
        const std::int64_t queries = shape.rows * shape.heads * block;
        const Tensor grouped = m_tape.make(queries * shape.headDim), back = m_tape.make(queries * shape.headDim);
        const Tensor mask = m_tape.make(2 * shape.rows * block * seen, 1);
        // Rows and heads become one dimension, for which keys of several rows are laid out anew.
        const bool anew = shape.rows > 1 && shape.kvHeads > 1;
        const std::int64_t laidOut = anew ? shape.rows * shape.kvHeads * seen * shape.headDim * kFloat : 0;
        const Tensor p = m_tape.make(queries * seen), dS = m_tape.make(queries * seen);
        m_tape.moment(std::max(p.bytes(), laidOut));
    }
    for (Tensor& sum : sums) {
        if (q.width != kFloat) sum = m_tape.make(sum.elements, q.width);
    }
    return sums;
}

// at::scaled_dot_product_attention by ATen's flash kernel: keeps its result and a number a query and head.
Tensor Operations::pictureAttention(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t heads,
                                    std::int64_t patches) {
    const Tensor y = m_tape.like(q);
    const Tensor sums = m_tape.make(heads * patches);
    return m_tape.record({q, k, v}, y, [this, q, k, v, y = y.detached(), sums](const Tensor&, const Wanted&) {
        return Tensors{m_tape.like(q), m_tape.like(k), m_tape.like(v)};
    });
}

Tensor Operations::pooled(const Tensor& grid, std::int64_t elements) {
    return m_tape.record({grid}, m_tape.make(elements, grid.width),
                         [this, grid](const Tensor&, const Wanted&) { return Tensors{m_tape.like(grid)}; });
}

Tensor Operations::spliced(const Tensor& embedded, const Tensor& features) {
    return m_tape.record({embedded, features}, m_tape.like(embedded),
                         [this, elements = features.elements](const Tensor& gradient, const Wanted& wanted) {
                             Tensors found(2);
                             if (wanted[0]) found[0] = m_tape.like(gradient);
                             if (wanted[1]) found[1] = m_tape.make(elements, gradient.width);
                             return found;
                         });
}

Tensor Operations::rowsAt(const Tensor& states, std::int64_t elements) {
    return m_tape.record({states}, m_tape.make(elements, states.width),
                         [this, elements = states.elements](const Tensor& gradient, const Wanted&) {
                             return Tensors{m_tape.make(elements, gradient.width)};
                         });
}

}  // namespace lapidary::plan::shadow
