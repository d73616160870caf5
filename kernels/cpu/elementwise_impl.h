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

// Its slope, dy · up times that and dy · gelu at once.  Beyond ±10 the slope is 0 or 1 to the last bit, and e would overflow.
void geluTanhBackward(Floats x, Floats up, Floats dy, float* dGate, float* dUp) {
    const Floats near = min(set(10.0F), max(set(-10.0F), x));
    const Floats square = mul(near, near);
    const Floats inner = mul(near, fma(square, set(0.044715F), set(1.0F)));
    const Floats e = exponential(mul(inner, set(-1.59576912160573F)));
    const Floats s = div(set(1.0F), add(set(1.0F), e));
    // d(2u)/dx with u as above.
    const Floats steep = mul(set(1.59576912160573F), fma(square, set(0.134145F), set(1.0F)));
    const Floats slope = fma(mul(mul(near, s), mul(e, s)), steep, s);  // 1 − s = e · s, without its cancellation
    store(dGate, mul(mul(dy, up), slope));
    store(dUp, mul(dy, mul(x, s)));
}

// Σ x · (1 + weight) · dy.
float weightedProduct(const float* x, const float* weight, const float* dy, std::int64_t cols) {
    Floats sums[2] = {zero(), zero()};
    std::int64_t i = 0;
    for (; i + 2 * kWidth <= cols; i += 2 * kWidth) {
        for (int k = 0; k < 2; ++k) {
            const std::int64_t at = i + k * kWidth;
            sums[k] = fma(mul(load(x + at), add(set(1.0F), load(weight + at))), load(dy + at), sums[k]);
        }
    }
    for (; i + kWidth <= cols; i += kWidth)
        sums[0] = fma(mul(load(x + i), add(set(1.0F), load(weight + i))), load(dy + i), sums[0]);
    float total = sum(add(sums[0], sums[1]));
    for (; i < cols; ++i) total += x[i] * (1.0F + weight[i]) * dy[i];
    return total;
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

void rmsNormRowsBackward(const float* x, const float* weight, const float* dy, float* dx, float* dWeight, std::int64_t rows,
                         std::int64_t cols, float eps) {
    const auto columns = static_cast<float>(cols);
    for (std::int64_t row = 0; row < rows; ++row) {
        const float* in = x + row * cols;
        const float* out = dy + row * cols;
        const float r = 1.0F / __builtin_sqrtf(sumOfSquares(in, cols) / columns + eps);
        if (dWeight != nullptr) {
            std::int64_t i = 0;
            for (; i + kWidth <= cols; i += kWidth)
                store(dWeight + i, fma(mul(load(out + i), set(r)), load(in + i), load(dWeight + i)));
            for (; i < cols; ++i) dWeight[i] += out[i] * r * in[i];
        }
        if (dx == nullptr) continue;
        const float pull = r * r * r * weightedProduct(in, weight, out, cols) / columns;
        float* to = dx + row * cols;
        std::int64_t i = 0;
        for (; i + kWidth <= cols; i += kWidth) {
            const Floats h = mul(add(set(1.0F), load(weight + i)), load(out + i));
            store(to + i, negatedFma(set(pull), load(in + i), mul(set(r), h)));
        }
        for (; i < cols; ++i) to[i] = r * (1.0F + weight[i]) * out[i] - pull * in[i];
    }
}

void geluTanhMul(const float* gate, const float* up, float* y, std::int64_t count) {
    std::int64_t i = 0;
    for (; i + kWidth <= count; i += kWidth) store(y + i, mul(geluTanh(load(gate + i)), load(up + i)));
    reference::geluTanhMul(gate + i, up + i, y + i, count - i);
}

void geluTanhMulBackward(const float* gate, const float* up, const float* dy, float* dGate, float* dUp, std::int64_t count) {
    std::int64_t i = 0;
    for (; i + kWidth <= count; i += kWidth) geluTanhBackward(load(gate + i), load(up + i), load(dy + i), dGate + i, dUp + i);
    reference::geluTanhMulBackward(gate + i, up + i, dy + i, dGate + i, dUp + i, count - i);
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
