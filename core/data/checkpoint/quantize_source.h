// Quantising at load (`--quantize`): matrices and embeddings of a float source in int8, int4, q8_0 or q4_0, the rest as stored.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/data/checkpoint/tensor_source.h"
#include "core/shared/base/result.h"
#include "core/shared/config/gemma3_config.h"
#include "core/shared/plan/parameter_table.h"
#include "kernels/block_format.h"

namespace lapidary::checkpoint {

// "int8", "int4", "q8_0", "q4_0".  Errors: Usage naming the choices.
Result<kernels::BlockFormat> parseQuantization(const std::string& name);
// The inverse; empty for a format that --quantize does not make.
std::string quantizationName(kernels::BlockFormat format);

// Each request for a matrix quantises it row by row into a buffer of its own (hold the result; it is not cached).  Rows whose length the
// format cannot hold (4304 of SigLIP in blocks of 32) stay as stored.
// Errors: Usage when a matrix of `source` is quantised already.
Result<std::shared_ptr<TensorSource>> quantizeSource(std::shared_ptr<TensorSource> source, const config::Gemma3Config& config,
                                                     bool untiedHead, kernels::BlockFormat format);

// Bytes that a parameter takes once quantizeSource has seen it (no format: as stored); 0 where `source` lacks it.
std::int64_t quantizedBytes(const TensorSource& source, const plan::Parameter& parameter,
                            std::optional<kernels::BlockFormat> format);

// A sentence where matrices stay as stored because `format` cannot hold their rows; else nothing.
std::vector<std::string> quantizeWarnings(const config::Gemma3Config& config, bool untiedHead, kernels::BlockFormat format);

}  // namespace lapidary::checkpoint
