// The small row operations of a decoder layer, fused: each is one pass over float32 rows.
#pragma once

#include <cstdint>

namespace lapidary::kernels {

// y = x · rsqrt(mean(x²) + eps) · (1 + weight).  x, y: [rows, cols] float32 (may be the same); weight: [cols] float32.
// Gemma's RMSNorm (specification 2.2): the stored weight is the offset from one.
void rmsNormRows(const float* x, const float* weight, float* y, std::int64_t rows, std::int64_t cols, float eps);

// y = gelu_tanh(gate) · up.  [count] float32 each (specification 2.6).
void geluTanhMul(const float* gate, const float* up, float* y, std::int64_t count);

// Half rotation in place (specification 2.5).  x: [tokens, heads, head_dim] float32; cos, sin: [tokens, head_dim / 2] float32.
void rotateHalves(float* x, const float* cos, const float* sin, std::int64_t tokens, std::int64_t heads, std::int64_t headDim);

}  // namespace lapidary::kernels
