#include <cmath>

#include "kernels/reference/reference.h"

namespace lapidary::kernels::reference {

namespace {

constexpr double kRootTwoOverPi = 0.79788456080286535588;

}  // namespace

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

void rmsNormRowsBackward(const float* x, const float* weight, const float* dy, float* dx, float* dWeight, std::int64_t rows,
                         std::int64_t cols, float eps) {
    for (std::int64_t row = 0; row < rows; ++row) {
        const float* const in = x + row * cols;
        const float* const out = dy + row * cols;
        double squares = 0.0;
        double mixed = 0.0;
        for (std::int64_t i = 0; i < cols; ++i) {
            squares += static_cast<double>(in[i]) * in[i];
            mixed += static_cast<double>(in[i]) * (1.0 + static_cast<double>(weight[i])) * out[i];
        }
        const auto count = static_cast<double>(cols);
        const double r = 1.0 / std::sqrt(squares / count + eps);
        const double pull = r * r * r * mixed / count;
        for (std::int64_t i = 0; i < cols; ++i) {
            const double gradient = out[i];
            if (dWeight != nullptr) dWeight[i] += static_cast<float>(gradient * in[i] * r);
            if (dx != nullptr) {
                dx[row * cols + i] = static_cast<float>(r * (1.0 + static_cast<double>(weight[i])) * gradient - pull * in[i]);
            }
        }
    }
}

void geluTanhMul(const float* gate, const float* up, float* y, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        const double x = gate[i];
        const double gelu = 0.5 * x * (1.0 + std::tanh(kRootTwoOverPi * (x + 0.044715 * x * x * x)));
        y[i] = static_cast<float>(gelu * up[i]);
    }
}

void geluTanhMulBackward(const float* gate, const float* up, const float* dy, float* dGate, float* dUp, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        const double x = gate[i];
        const double t = std::tanh(kRootTwoOverPi * (x + 0.044715 * x * x * x));
        // 1 − t² is 0 long before x² overflows.
        const double steep = std::fabs(t) < 1.0 ? (1.0 - t * t) * kRootTwoOverPi * (1.0 + 0.134145 * x * x) : 0.0;
        const double slope = 0.5 * (1.0 + t) + (steep != 0.0 ? 0.5 * x * steep : 0.0);
        const double gradient = dy[i];
        dGate[i] = static_cast<float>(gradient * up[i] * slope);
        dUp[i] = static_cast<float>(gradient * 0.5 * x * (1.0 + t));
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
