#include <cmath>

#include "kernels/reference/reference.h"

namespace lapidary::kernels::reference {

void rmsNormRows(const float* x, const float* weight, float* y, std::int64_t rows, std::int64_t cols, float eps) {
    for (std::int64_t row = 0; row < rows; ++row) {
        const float* in = x + row * cols;
        float* out = y + row * cols;
        double squares = 0.0;
        for (std::int64_t i = 0; i < cols; ++i) squares += static_cast<double>(in[i]) * in[i];
        const auto factor = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(cols) + eps));
        for (std::int64_t i = 0; i < cols; ++i) out[i] = in[i] * factor * (1.0F + weight[i]);
    }
}

void geluTanhMul(const float* gate, const float* up, float* y, std::int64_t count) {
    constexpr double kRootTwoOverPi = 0.79788456080286535588;
    for (std::int64_t i = 0; i < count; ++i) {
        const double x = gate[i];
        const double gelu = 0.5 * x * (1.0 + std::tanh(kRootTwoOverPi * (x + 0.044715 * x * x * x)));
        y[i] = static_cast<float>(gelu * up[i]);
    }
}

void rotateHalves(float* x, const float* cos, const float* sin, std::int64_t tokens, std::int64_t heads, std::int64_t headDim) {
    const std::int64_t half = headDim / 2;
    for (std::int64_t token = 0; token < tokens; ++token) {
        for (std::int64_t head = 0; head < heads; ++head) {
            float* low = x + (token * heads + head) * headDim;
            float* high = low + half;
            for (std::int64_t i = 0; i < half; ++i) {
                const float c = cos[token * half + i];
                const float s = sin[token * half + i];
                const float a = low[i];
                const float b = high[i];
                low[i] = a * c - b * s;
                high[i] = b * c + a * s;
            }
        }
    }
}

}  // namespace lapidary::kernels::reference
