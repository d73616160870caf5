// What several tests of this folder need: the values of a source, and a refusal's words.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/data/checkpoint/open_checkpoint.h"
#include "kernels/dequantize.h"

namespace lapidary::checkpoint {

// name -> (shape, values as float32).
using Values = std::map<std::string, std::pair<std::vector<std::int64_t>, std::vector<float>>>;

inline std::vector<float> valuesOf(const StoredTensor& tensor) {
    const std::int64_t cols = tensor.shape.empty() ? 1 : tensor.shape.back();
    std::int64_t rows = 1;
    for (std::size_t i = 0; i + 1 < tensor.shape.size(); ++i) rows *= tensor.shape[i];
    const std::int64_t rowBytes = kernels::rowBytes(tensor.format, cols).value();
    std::vector<float> values(static_cast<std::size_t>(rows * cols));
    for (std::int64_t row = 0; row < rows; ++row) {
        kernels::dequantizeRow(tensor.format, tensor.bytes.data() + row * rowBytes, values.data() + row * cols, cols);
    }
    return values;
}

inline Values valuesOf(const TensorSource& source) {
    Values values;
    for (const std::string& name : source.names()) {
        const auto tensor = source.tensor(name);
        if (!tensor) throw std::runtime_error(tensor.error().toString());
        values[name] = {tensor->shape, valuesOf(*tensor)};
    }
    return values;
}

// Opens, or fails the test and throws.
inline Checkpoint opened(const std::filesystem::path& path, const OpenOptions& options = {}) {
    auto checkpoint = openCheckpoint(path, options);
    if (!checkpoint) throw std::runtime_error(checkpoint.error().toString());
    return std::move(*checkpoint);
}

inline void expectSays(const std::string& text, const std::vector<std::string>& parts) {
    for (const std::string& part : parts)
        EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in: " << text;
}

// The checkpoint is refused with this code, in words that hold all `parts`.
inline void expectRefused(const std::filesystem::path& path, ErrorCode code, const std::vector<std::string>& parts,
                          const OpenOptions& options = {}) {
    const auto checkpoint = openCheckpoint(path, options);
    ASSERT_FALSE(checkpoint) << "accepted";
    EXPECT_STREQ(errorCodeName(checkpoint.error().code), errorCodeName(code)) << checkpoint.error().toString();
    expectSays(checkpoint.error().toString(), parts);
}

// Exactly one warning, holding all `parts`.
inline void expectWarns(const Checkpoint& checkpoint, const std::vector<std::string>& parts) {
    ASSERT_EQ(checkpoint.warnings.size(), 1U) << testing::PrintToString(checkpoint.warnings);
    expectSays(checkpoint.warnings.front(), parts);
}

}  // namespace lapidary::checkpoint
