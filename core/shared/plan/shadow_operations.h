// Operations on tensors without numbers: what each makes, keeps for its gradient and needs for a moment, as its counterpart in
// core/engine/ops and core/engine/model does on a CPU, statement by statement.  Who changes one of those looks here.
#pragma once

#include <cstdint>

#include "core/shared/plan/shadow_tensor.h"

namespace lapidary::plan::shadow {

// A parameter as products see it.
struct Weight {
    Tensor tensor;
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::int64_t scratch = 0;  // bytes of the block in which its rows become float32; 0: they are read in place
};

// A low-rank delta (core/engine/model/low_rank_delta.h).
struct Delta {
    Weight a;  // [r, in]
    Weight b;  // [out, r]
    Tensor magnitude;  // with DoRA
    bool drops = false;
};

struct Linear {
    Weight weight;
    Tensor bias;
    Delta delta;  // none where `a` is undefined
};

// Heads of one attention over all rows of a micro-batch.
struct AttentionShape {
    std::int64_t rows = 1;
    std::int64_t tokens = 0;  // of a row
    std::int64_t heads = 0;
    std::int64_t kvHeads = 0;
    std::int64_t headDim = 0;
    std::int64_t window = 0;  // 0: all keys
    bool packed = false;  // sequences behind a shared prefix
    std::int64_t threads = 1;  // of the run
};

class Operations {
public:
    explicit Operations(Tape& tape) : m_tape(tape) {}

    Tensor converted(const Tensor& x, std::int64_t width);
    Tensor sum(const Tensor& a, const Tensor& b);  // of b's shape or one that b is spread over
    Tensor residual(const Tensor& x, const Tensor& branch);  // ops::addResidual
    Tensor embedding(std::int64_t tokens, const Weight& table, std::int64_t width);
    Tensor product(const Tensor& x, const Weight& weight, const Tensor& bias = {});  // ops::linear
    Tensor productTransposed(const Tensor& x, const Weight& weight);  // ops::linearTransposed
    Tensor linear(const Tensor& x, const Linear& layer);  // with its delta
    Tensor rmsNorm(const Tensor& x, const Tensor& weight);
    Tensor layerNorm(const Tensor& x, const Tensor& weight, const Tensor& bias);
    Tensor rotated(const Tensor& x);
    Tensor gated(const Tensor& gate, const Tensor& up);
    Tensor gelu(const Tensor& x);
    Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionShape& shape);
    Tensor pictureAttention(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t heads, std::int64_t patches);
    Tensor copied(const Tensor& x);  // another order of the same numbers
    Tensor pooled(const Tensor& grid, std::int64_t elements);
    Tensor spliced(const Tensor& embedded, const Tensor& features);  // masked_scatter
    Tensor rowsAt(const Tensor& states, std::int64_t elements);  // index_select

private:
    Tensor withDelta(const Tensor& x, const Tensor& y, const Linear& layer);
    Tensor addDora(const Delta& delta, const Tensor& inner, const Tensor& plain, const Tensor& y, const Weight& weight);
    Tensor magnitudeFactor(const Delta& delta, const Weight& weight);
    Tensor times(const Tensor& factor, const Tensor& x);
    Tensor timesConstant(const Tensor& x);
    Tensor dropped(const Tensor& x);
    Tensor composedNorm(const Tensor& x, const Tensor& weight);
    Tensors blockwiseGradients(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionShape& shape);
    void maskedAttention(const Tensor& q, const AttentionShape& shape);

    Tape& m_tape;
};

}  // namespace lapidary::plan::shadow
