// float32 rows to Q8_0, Q4_0 (as GGML's reference quantiser), Int8Row and Int4Group128 (as torchao 0.18), and to plain numbers of another
// type (to the nearest, ties to even, as torch's casts).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/block_format.h"

namespace lapidary::kernels {

// in: [cols] float32.  row: rowBytes(format, cols) bytes.  format is one of F32, F16, BF16, Q8_0, Q4_0, Int8Row,
// Int4Group128.
void quantizeRow(BlockFormat format, const float* in, std::byte* row, std::int64_t cols);

}  // namespace lapidary::kernels
