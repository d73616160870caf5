// The versions that this build holds beside the definition.  Each namespace is compiled for its instruction set; nothing
// here may be called before the processor was asked (dispatch.cpp).
#pragma once

#include "kernels/block_format.h"
#include "kernels/interval_attention.h"
#include "kernels/linear_rows.h"

#define LAPIDARY_DECLARE_VERSIONS                                                                                            \
    void dequantizeRow(BlockFormat format, const std::byte* row, float* out, std::int64_t cols);                             \
    void linearRows(const LinearRows& product, std::int64_t outBegin, std::int64_t outEnd);                                  \
    void intervalAttention(const IntervalAttention& work, std::int64_t headBegin, std::int64_t headEnd,                      \
                           std::int64_t queryBegin, std::int64_t queryEnd);                                                  \
    void intervalAttentionBackward(const IntervalAttentionBackward& work, std::int64_t kvHeadBegin, std::int64_t kvHeadEnd); \
    void rmsNormRows(const float* x, const float* weight, float* y, std::int64_t rows, std::int64_t cols, float eps);        \
    void rmsNormRowsBackward(const float* x, const float* weight, const float* dy, float* dx, float* dWeight,                \
                             std::int64_t rows, std::int64_t cols, float eps);                                               \
    void geluTanhMul(const float* gate, const float* up, float* y, std::int64_t count);                                      \
    void geluTanhMulBackward(const float* gate, const float* up, const float* dy, float* dGate, float* dUp,                  \
                             std::int64_t count);                                                                            \
    void rotateHalves(float* x, const float* cos, const float* sin, std::int64_t tokens, std::int64_t heads,                 \
                      std::int64_t headDim);                                                                                 \
    float readMemory(const std::uint64_t* at, std::int64_t words);                                                           \
    double multiplyAdds(std::int64_t rounds, float* result);

namespace lapidary::kernels::avx2 {
LAPIDARY_DECLARE_VERSIONS
}
namespace lapidary::kernels::avx512 {
LAPIDARY_DECLARE_VERSIONS
}

#undef LAPIDARY_DECLARE_VERSIONS
