// The definition of every kernel in plain C++.  Shapes and dtypes are those of the public headers of the same names.
// Fast versions are tested against these; a processor without AVX2 runs them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/block_format.h"
#include "kernels/interval_attention.h"
#include "kernels/linear_rows.h"

namespace lapidary::kernels::reference {

void dequantizeRow(BlockFormat format, const std::byte* row, float* out, std::int64_t cols);
void quantizeRow(BlockFormat format, const float* in, std::byte* row, std::int64_t cols);

// Sums in float64, rounds once: what a float32 accumulation is measured against.
void linearRows(const LinearRows& product, std::int64_t outBegin, std::int64_t outEnd);
void intervalAttention(const IntervalAttention& work, std::int64_t headBegin, std::int64_t headEnd, std::int64_t queryBegin,
                       std::int64_t queryEnd);
void intervalAttentionBackward(const IntervalAttentionBackward& work, std::int64_t kvHeadBegin, std::int64_t kvHeadEnd);

void rmsNormRows(const float* x, const float* weight, float* y, std::int64_t rows, std::int64_t cols, float eps);
void rmsNormRowsBackward(const float* x, const float* weight, const float* dy, float* dx, float* dWeight, std::int64_t rows,
                         std::int64_t cols, float eps);
void geluTanhMul(const float* gate, const float* up, float* y, std::int64_t count);
void geluTanhMulBackward(const float* gate, const float* up, const float* dy, float* dGate, float* dUp, std::int64_t count);
void rotateHalves(float* x, const float* cos, const float* sin, std::int64_t tokens, std::int64_t heads, std::int64_t headDim);

float readMemory(const std::uint64_t* at, std::int64_t words);
double multiplyAdds(std::int64_t rounds, float* result);

}  // namespace lapidary::kernels::reference
