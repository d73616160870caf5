// The small row operations of a decoder layer, fused: each is one pass over float32 rows.
#pragma once

#include <cstdint>

namespace lapidary::kernels {

// y = x · rsqrt(mean(x²) + eps) · (1 + weight).  x, y: [rows, cols] float32 (may be the same); weight: [cols] float32.
// Gemma's RMSNorm (specification 2.2): the stored weight is the offset from one.
void rmsNormRows(const float* x, const float* weight, float* y, std::int64_t rows, std::int64_t cols, float eps);

// Its gradients from dy: dx = r · h − x · r³ · mean(h · x) with r = rsqrt(mean(x²) + eps) and h = (1 + weight) · dy;
// dWeight[i] += Σ rows of dy · x · r.  dx [rows, cols] and dWeight [cols] may be null; dx may be dy.
void rmsNormRowsBackward(const float* x, const float* weight, const float* dy, float* dx, float* dWeight, std::int64_t rows,
                         std::int64_t cols, float eps);

// y = gelu_tanh(gate) · up.  [count] float32 each (specification 2.6).
void geluTanhMul(const float* gate, const float* up, float* y, std::int64_t count);

// Its gradients from dy: dGate = dy · up · gelu_tanh'(gate), dUp = dy · gelu_tanh(gate).  [count] float32 each.
void geluTanhMulBackward(const float* gate, const float* up, const float* dy, float* dGate, float* dUp, std::int64_t count);

// Half rotation in place (specification 2.5).  x: [tokens, heads, head_dim] float32; cos, sin: [tokens, head_dim / 2] float32.
void rotateHalves(float* x, const float* cos, const float* sin, std::int64_t tokens, std::int64_t heads, std::int64_t headDim);

}  // namespace lapidary::kernels
