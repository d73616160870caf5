// Float32 rows to blocks or to shorter plain numbers.  Q8_0 and Q4_0 follow GGML's reference quantisers; int8 and int4 follow torchao 0.18 on bfloat16
// weights, rounding step by rounding step (the vectors in tests/golden fix every one of them).
#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>
#include <string>

#include "kernels/quantize.h"
#include "kernels/reference/half.h"
#include "kernels/reference/reference.h"

namespace lapidary::kernels::reference {

namespace {

constexpr float kInt8ScaleFloor = 0x1p-23F;  // torch.finfo(torch.float32).eps, the floor of torchao's int8 scale
constexpr float kInt4ScaleFloor = 1e-6F;  // tinygemm's floor, rounded to bfloat16 where it is used

void storeU16(std::byte* at, std::uint16_t value) { std::memcpy(at, &value, sizeof value); }

// Rounding done by the caller; NaN (from an infinite weight) becomes `low`, never an undefined cast.
int clampToInt(float value, int low, int high) {
    if (!(value > static_cast<float>(low))) return low;
    return value < static_cast<float>(high) ? static_cast<int>(value) : high;
}

void q8_0(const float* in, std::byte* block) {
    float largest = 0.0F;
    for (int i = 0; i < 32; ++i) largest = std::max(largest, std::fabs(in[i]));
    const float d = largest / 127.0F;
    const float inverse = d != 0.0F ? 1.0F / d : 0.0F;
    storeU16(block, floatToHalf(d));
    for (int i = 0; i < 32; ++i) {
        block[2 + i] = static_cast<std::byte>(clampToInt(std::round(in[i] * inverse), -128, 127));  // ties away from zero
    }
}

// The weight of largest magnitude, sign and all, becomes −8: the format's one extra negative step is used.
void q4_0(const float* in, std::byte* block) {
    float extreme = 0.0F;
    for (int i = 0; i < 32; ++i) {
        if (std::fabs(in[i]) > std::fabs(extreme)) extreme = in[i];
    }
    const float d = extreme / -8.0F;
    const float inverse = d != 0.0F ? 1.0F / d : 0.0F;
    storeU16(block, floatToHalf(d));
    for (int i = 0; i < 16; ++i) {
        const int low = clampToInt(in[i] * inverse + 8.5F, 0, 15);
        const int high = clampToInt(in[i + 16] * inverse + 8.5F, 0, 15);
        block[2 + i] = static_cast<std::byte>(low | (high << 4));
    }
}

// Symmetric over the row: scale = bf16(max|w| / 127.5), at least eps; q = round(w · (1 / scale)), ties to even.
void int8Row(const float* in, std::byte* row, std::int64_t cols) {
    float largest = 0.0F;
    for (std::int64_t i = 0; i < cols; ++i) largest = std::max(largest, std::fabs(roundToBfloat16(in[i])));
    const float scale = std::max(roundToBfloat16(largest / 127.5F), kInt8ScaleFloor);
    std::memcpy(row, &scale, sizeof scale);
    const float inverse = 1.0F / scale;
    for (std::int64_t i = 0; i < cols; ++i) {
        row[4 + i] = static_cast<std::byte>(clampToInt(std::nearbyint(roundToBfloat16(in[i]) * inverse), -128, 127));
    }
}

// Asymmetric over 128 weights, every step in bfloat16: scale = (max − min) / 15, zero = min + 8 · scale.
void int4Group(const float* in, std::byte* block) {
    float low = roundToBfloat16(in[0]);
    float high = low;
    for (int i = 1; i < 128; ++i) {
        const float value = roundToBfloat16(in[i]);
        low = std::min(low, value);
        high = std::max(high, value);
    }
    const float scale = std::max(roundToBfloat16(roundToBfloat16(high - low) / 15.0F), roundToBfloat16(kInt4ScaleFloor));
    const float eightSteps = roundToBfloat16(scale * 8.0F);
    const float zero = roundToBfloat16(low + eightSteps);
    const float start = roundToBfloat16(zero - eightSteps);  // `low` again, less what rounding took
    storeU16(block, floatToBfloat16(scale));
    storeU16(block + 2, floatToBfloat16(zero));
    const auto quantised = [&](float weight) {
        const float steps = roundToBfloat16(roundToBfloat16(roundToBfloat16(weight) - start) / scale);
        return clampToInt(std::nearbyint(steps), 0, 15);
    };
    for (int i = 0; i < 64; ++i) {
        block[4 + i] = static_cast<std::byte>(quantised(in[2 * i]) | (quantised(in[2 * i + 1]) << 4));
    }
}

void plain(BlockFormat format, const float* in, std::byte* row, std::int64_t cols) {
    if (format == BlockFormat::F32) {
        std::memcpy(row, in, static_cast<std::size_t>(cols) * sizeof(float));
        return;
    }
    for (std::int64_t i = 0; i < cols; ++i)
        storeU16(row + 2 * i, format == BlockFormat::BF16 ? floatToBfloat16(in[i]) : floatToHalf(in[i]));
}

}  // namespace

void quantizeRow(BlockFormat format, const float* in, std::byte* row, std::int64_t cols) {
    if (isPlain(format)) {
        plain(format, in, row, cols);
        return;
    }
    if (format == BlockFormat::Int8Row) {
        int8Row(in, row, cols);
        return;
    }
    void (*const block)(const float*, std::byte*) = format == BlockFormat::Q8_0           ? q8_0
                                                    : format == BlockFormat::Q4_0         ? q4_0
                                                    : format == BlockFormat::Int4Group128 ? int4Group
                                                                                          : nullptr;
    if (block == nullptr) throw std::invalid_argument(std::string("quantizeRow: no quantiser for ") + formatName(format));
    const int elements = blockElements(format);
    for (std::int64_t i = 0; i < cols / elements; ++i) block(in + i * elements, row + i * blockBytes(format));
}

}  // namespace lapidary::kernels::reference
