#include "kernels/cpu/dequantize_impl.h"

namespace lapidary::kernels::avx2 {

void dequantizeRow(BlockFormat format, const std::byte* row, float* out, std::int64_t cols) {
    dequantizeColumns(format, row, 0, out, cols);
}

}  // namespace lapidary::kernels::avx2
