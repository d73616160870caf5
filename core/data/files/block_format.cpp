#include "core/data/files/block_format.h"

#include <array>

namespace lapidary::files {
namespace {

struct GgmlType {
    std::uint32_t number;
    const char* name;
    std::optional<kernels::BlockFormat> format;
};

// Numbers: specification 7.3; the names without a format are ggml's others, so that a refusal can say what the file holds.
constexpr auto kTypes = std::to_array<GgmlType>({
    {0, "F32", kernels::BlockFormat::F32},
    {1, "F16", kernels::BlockFormat::F16},
    {2, "Q4_0", kernels::BlockFormat::Q4_0},
    {3, "Q4_1", kernels::BlockFormat::Q4_1},
    {6, "Q5_0", kernels::BlockFormat::Q5_0},
    {7, "Q5_1", kernels::BlockFormat::Q5_1},
    {8, "Q8_0", kernels::BlockFormat::Q8_0},
    {10, "Q2_K", kernels::BlockFormat::Q2_K},
    {11, "Q3_K", kernels::BlockFormat::Q3_K},
    {12, "Q4_K", kernels::BlockFormat::Q4_K},
    {13, "Q5_K", kernels::BlockFormat::Q5_K},
    {14, "Q6_K", kernels::BlockFormat::Q6_K},
    {30, "BF16", kernels::BlockFormat::BF16},
    {9, "Q8_1", std::nullopt},
    {15, "Q8_K", std::nullopt},
    {16, "IQ2_XXS", std::nullopt},
    {17, "IQ2_XS", std::nullopt},
    {18, "IQ3_XXS", std::nullopt},
    {19, "IQ1_S", std::nullopt},
    {20, "IQ4_NL", std::nullopt},
    {21, "IQ3_S", std::nullopt},
    {22, "IQ2_S", std::nullopt},
    {23, "IQ4_XS", std::nullopt},
    {24, "I8", std::nullopt},
    {25, "I16", std::nullopt},
    {26, "I32", std::nullopt},
    {27, "I64", std::nullopt},
    {28, "F64", std::nullopt},
    {29, "IQ1_M", std::nullopt},
    {34, "TQ1_0", std::nullopt},
    {35, "TQ2_0", std::nullopt},
    {39, "MXFP4", std::nullopt},
});

}  // namespace

std::optional<kernels::BlockFormat> formatOfGgmlType(std::uint32_t type) {
    for (const GgmlType& entry : kTypes) {
        if (entry.number == type) return entry.format;
    }
    return std::nullopt;
}

std::optional<std::uint32_t> ggmlTypeOf(kernels::BlockFormat format) {
    for (const GgmlType& entry : kTypes) {
        if (entry.format == format) return entry.number;
    }
    return std::nullopt;
}

std::string ggmlTypeName(std::uint32_t type) {
    for (const GgmlType& entry : kTypes) {
        if (entry.number == type) return entry.name;
    }
    return "type " + std::to_string(type);
}

std::optional<kernels::BlockFormat> formatOfDtype(std::string_view dtype) {
    if (dtype == "F32") return kernels::BlockFormat::F32;
    if (dtype == "F16") return kernels::BlockFormat::F16;
    if (dtype == "BF16") return kernels::BlockFormat::BF16;
    return std::nullopt;
}

std::optional<std::int64_t> tensorBytes(kernels::BlockFormat format, const std::vector<std::int64_t>& shape) {
    const std::int64_t cols = shape.empty() ? 1 : shape.back();
    if (cols < 0) return std::nullopt;
    auto bytes = kernels::rowBytes(format, cols);
    for (std::size_t i = 0; bytes && i + 1 < shape.size(); ++i) {
        std::int64_t product = 0;
        if (shape[i] < 0 || __builtin_mul_overflow(*bytes, shape[i], &product)) return std::nullopt;
        bytes = product;
    }
    return bytes;
}

}  // namespace lapidary::files
