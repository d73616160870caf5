// RMSNorm, GeGLU and half rotation, a vector at a time; leftovers one by one by the same formulas.
#pragma once

#include "kernels/cpu/simd.h"
#include "kernels/cpu/versions.h"
#include "kernels/reference/reference.h"

namespace lapidary::kernels::LAPIDARY_ISA {

namespace {

// Sum of squares in four independent vectors.
float sumOfSquares(const float* x, std::int64_t cols) {
    Floats sums[4] = {zero(), zero(), zero(), zero()};
    std::int64_t i = 0;
    for (; i + 4 * kWidth <= cols; i += 4 * kWidth) {
        for (int k = 0; k < 4; ++k) {
            const Floats v = load(x + i + k * kWidth);
            sums[k] = fma(v, v, sums[k]);
        }
    }
    for (; i + kWidth <= cols; i += kWidth) {
        const Floats v = load(x + i);
        sums[0] = fma(v, v, sums[0]);
    }
    float total = sum(add(add(sums[0], sums[1]), add(sums[2], sums[3])));
    for (; i < cols; ++i) total += x[i] * x[i];
    return total;
}

// x · sigmoid(2u) with u = √(2/π)(x + 0.044715x³): the same function as 0.5x(1 + tanh u), without its cancellation.
Floats geluTanh(Floats x) {
    const Floats square = mul(x, x);
    const Floats inner = mul(x, fma(square, set(0.044715F), set(1.0F)));
    return div(x, add(set(1.0F), exponential(mul(inner, set(-1.59576912160573F)))));
}

}  // namespace

void rmsNormRows(const float* x, const float* weight, float* y, std::int64_t rows, std::int64_t cols, float eps) {
    for (std::int64_t row = 0; row < rows; ++row) {
        const float* in = x + row * cols;
        float* out = y + row * cols;
        const float factor = 1.0F / __builtin_sqrtf(sumOfSquares(in, cols) / static_cast<float>(cols) + eps);
        std::int64_t i = 0;
        for (; i + kWidth <= cols; i += kWidth) {
            store(out + i, mul(mul(load(in + i), set(factor)), add(set(1.0F), load(weight + i))));
        }
        for (; i < cols; ++i) out[i] = in[i] * factor * (1.0F + weight[i]);
    }
}

void geluTanhMul(const float* gate, const float* up, float* y, std::int64_t count) {
    std::int64_t i = 0;
    for (; i + kWidth <= count; i += kWidth) store(y + i, mul(geluTanh(load(gate + i)), load(up + i)));
    reference::geluTanhMul(gate + i, up + i, y + i, count - i);
}

void rotateHalves(float* x, const float* cos, const float* sin, std::int64_t tokens, std::int64_t heads, std::int64_t headDim) {
    const std::int64_t half = headDim / 2;
    for (std::int64_t row = 0; row < tokens * heads; ++row) {
        float* low = x + row * headDim;
        float* high = low + half;
        const float* c = cos + row / heads * half;
        const float* s = sin + row / heads * half;
        std::int64_t i = 0;
        for (; i + kWidth <= half; i += kWidth) {
            const Floats a = load(low + i);
            const Floats b = load(high + i);
            store(low + i, sub(mul(a, load(c + i)), mul(b, load(s + i))));
            store(high + i, add(mul(b, load(c + i)), mul(a, load(s + i))));
        }
        for (; i < half; ++i) {
            const float a = low[i];
            const float b = high[i];
            low[i] = a * c[i] - b * s[i];
            high[i] = b * c[i] + a * s[i];
        }
    }
}

}  // namespace lapidary::kernels::LAPIDARY_ISA
