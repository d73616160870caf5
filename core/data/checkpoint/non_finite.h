// NaN and infinity inside weights: a full read, so only `inspect` and the start of training ask for it.
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

}  // namespace lapidary::checkpoint
