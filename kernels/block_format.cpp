#include "kernels/block_format.h"

#include <limits>

namespace lapidary::kernels {

namespace {

struct Layout {
    int elements;
    int bytes;
    const char* name;
};

Layout layoutOf(BlockFormat format) {
    switch (format) {
        case BlockFormat::F32: return {1, 4, "F32"};
        case BlockFormat::F16: return {1, 2, "F16"};
        case BlockFormat::BF16: return {1, 2, "BF16"};
        case BlockFormat::Q4_0: return {32, 18, "Q4_0"};
        case BlockFormat::Q4_1: return {32, 20, "Q4_1"};
        case BlockFormat::Q5_0: return {32, 22, "Q5_0"};
        case BlockFormat::Q5_1: return {32, 24, "Q5_1"};
        case BlockFormat::Q8_0: return {32, 34, "Q8_0"};
        case BlockFormat::Q2_K: return {256, 84, "Q2_K"};
        case BlockFormat::Q3_K: return {256, 110, "Q3_K"};
        case BlockFormat::Q4_K: return {256, 144, "Q4_K"};
        case BlockFormat::Q5_K: return {256, 176, "Q5_K"};
        case BlockFormat::Q6_K: return {256, 210, "Q6_K"};
        case BlockFormat::Int8Row: return {1, 1, "int8"};
        case BlockFormat::Int4Group128: return {128, 68, "int4"};
    }
    return {1, 1, "unknown"};
}

}  // namespace

int blockElements(BlockFormat format) { return layoutOf(format).elements; }

int blockBytes(BlockFormat format) { return layoutOf(format).bytes; }

std::optional<std::int64_t> rowBytes(BlockFormat format, std::int64_t cols) {
    const Layout layout = layoutOf(format);
    if (cols < 0 || cols % layout.elements != 0) return std::nullopt;
    const std::int64_t header = format == BlockFormat::Int8Row ? 4 : 0;
    const std::int64_t blocks = cols / layout.elements;
    if (blocks > (std::numeric_limits<std::int64_t>::max() - header) / layout.bytes) return std::nullopt;
    return blocks * layout.bytes + header;
}

std::int64_t rowStride(BlockFormat format, std::int64_t cols) {
    const Layout layout = layoutOf(format);
    return cols / layout.elements * layout.bytes + (format == BlockFormat::Int8Row ? 4 : 0);
}

const char* formatName(BlockFormat format) { return layoutOf(format).name; }

}  // namespace lapidary::kernels
