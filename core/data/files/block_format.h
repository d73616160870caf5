// Which BlockFormat a file means: GGUF's type numbers (ggml) and safetensors' dtype strings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/block_format.h"

namespace lapidary::files {

// ggml type number -> format (specification 7.3); nothing for types that Lapidary does not read.
std::optional<kernels::BlockFormat> formatOfGgmlType(std::uint32_t type);
// Nothing for Int8Row and Int4Group128, which exist in memory only.
std::optional<std::uint32_t> ggmlTypeOf(kernels::BlockFormat format);
// "IQ4_NL" … for messages; "type 77" where the number is unknown.
std::string ggmlTypeName(std::uint32_t type);

// "F32", "F16", "BF16" -> format; nothing for other dtypes (integers are never weights).
std::optional<kernels::BlockFormat> formatOfDtype(std::string_view dtype);

// Bytes of a tensor whose rows run along the last dimension (rank 0 is one element), or nothing where a row does not fill
// whole blocks or the product does not fit 63 bits.
std::optional<std::int64_t> tensorBytes(kernels::BlockFormat format, const std::vector<std::int64_t>& shape);

}  // namespace lapidary::files
