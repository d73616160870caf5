// NaN and infinity inside weights.  One pass over the file's bytes (2.2 GB: under a second from memory), so every load asks.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "core/data/checkpoint/tensor_source.h"
#include "core/shared/base/result.h"

namespace lapidary::checkpoint {

struct NonFiniteTensor {
    std::string name;
    std::int64_t nan = 0;       // elements; of quantised tensors: blocks whose scale is one
    std::int64_t infinite = 0;
};

// Tensors that hold a NaN or an infinity.  Errors: Cancelled (asked once a tensor), what the source says.
Result<std::vector<NonFiniteTensor>> findNonFinite(const TensorSource& source, std::stop_token stop = {});

// The same as sentences for a person, one a tensor ("weights of '…' hold 1 NaN and 0 infinite values").  Errors: as findNonFinite.
Result<std::vector<std::string>> nonFiniteWarnings(const TensorSource& source, std::stop_token stop = {});

}  // namespace lapidary::checkpoint
