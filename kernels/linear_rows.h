// y = x · Wᵀ for a few input rows against weights as stored: the product that decoding one token is made of.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/block_format.h"

namespace lapidary::kernels {

struct LinearRows {
    BlockFormat format = BlockFormat::F32;
    const std::byte* weight = nullptr;  // [out, cols] rows of rowBytes(format, cols) bytes, any alignment
    std::int64_t cols = 0;
    const float* x = nullptr;           // [inputs, cols] float32, contiguous
    std::int64_t inputs = 1;            // small: prefill goes through dequantizeRow and a matrix product instead
    float* y = nullptr;                 // [inputs, yStride] float32; column o is output row o
    std::int64_t yStride = 0;
};

// Output rows [outBegin, outEnd) for all inputs.  Float32 accumulation; no state; callers split rows over threads.
void linearRows(const LinearRows& product, std::int64_t outBegin, std::int64_t outEnd);

}  // namespace lapidary::kernels
