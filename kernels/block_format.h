// How weights lie in memory: plain numbers, GGML's quantised blocks, and the two layouts that Lapidary quantises to at load.
// Layouts: specification 7.6 (GGML), torchao's int8_weight_only and int4_weight_only(group_size=128) for the last two.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lapidary::kernels {

enum class BlockFormat : std::uint8_t {
    F32,
    F16,
    BF16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    Int8Row,       // a row: float32 scale, then `cols` int8;  value = q * scale  (torchao int8_weight_only, symmetric)
    Int4Group128,  // 128 elements, 68 bytes: bfloat16 scale, bfloat16 zero, 64 bytes of nibbles (low nibble first:
                   // elements 2i, 2i+1 of a group);  value = bf16(bf16((q - 8) * scale) + zero), as torchao dequantises
};

// Elements of one block (1 for plain numbers and Int8Row, whose block is the row).
int blockElements(BlockFormat format);

// Bytes of one block (of one element for plain numbers and Int8Row, without the row's scale).
int blockBytes(BlockFormat format);

// Bytes of a row of `cols` elements, or nothing where the format cannot hold such a row (cols not a multiple of the
// block) or the product overflows 63 bits.
std::optional<std::int64_t> rowBytes(BlockFormat format, std::int64_t cols);

// The same for a row that is known to be whole and small enough: what kernels step by.
std::int64_t rowStride(BlockFormat format, std::int64_t cols);

// "F32", "BF16", "Q4_K", "int8", "int4" …
const char* formatName(BlockFormat format);

inline bool isPlain(BlockFormat format) { return format <= BlockFormat::BF16; }

}  // namespace lapidary::kernels
