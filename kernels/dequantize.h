// Stored weights to float32, one row at a time (specification 7.6; torchao layouts in block_format.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/block_format.h"

namespace lapidary::kernels {

// row: rowBytes(format, cols) bytes, any alignment.  out: [cols] float32.  cols is a multiple of blockElements(format).
void dequantizeRow(BlockFormat format, const std::byte* row, float* out, std::int64_t cols);

}  // namespace lapidary::kernels
