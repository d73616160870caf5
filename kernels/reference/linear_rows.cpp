#include <vector>

#include "kernels/reference/reference.h"

namespace lapidary::kernels::reference {

void linearRows(const LinearRows& product, std::int64_t outBegin, std::int64_t outEnd) {
    const std::int64_t stride = rowBytes(product.format, product.cols).value();
    std::vector<float> row(static_cast<std::size_t>(product.cols));
    for (std::int64_t o = outBegin; o < outEnd; ++o) {
        dequantizeRow(product.format, product.weight + o * stride, row.data(), product.cols);
        for (std::int64_t input = 0; input < product.inputs; ++input) {
            const float* x = product.x + input * product.cols;
            double sum = 0.0;
            for (std::int64_t c = 0; c < product.cols; ++c) sum += static_cast<double>(row[static_cast<std::size_t>(c)]) * x[c];
            product.y[input * product.yStride + o] = static_cast<float>(sum);
        }
    }
}

}  // namespace lapidary::kernels::reference
