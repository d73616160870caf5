// The configuration against the shapes that are really stored.  Where they disagree and it is safe the shapes win; where the
// disagreement leaves a constant unknown (RoPE, attention scale, layer types) the checkpoint is refused.
#pragma once

#include <string>
#include <vector>

#include "core/data/checkpoint/tensor_list.h"
#include "core/shared/base/result.h"
#include "core/shared/config/gemma3_config.h"

namespace lapidary::checkpoint {

// Adopts vocabulary, MLP width and head counts from the tensors and says so in `config.warnings`.
// Errors: InvalidData with the table of what disagrees.
Result<void> adoptShapes(config::Gemma3Config& config, const TensorList& tensors);

// Every row of the parameter table is there, in float or quantised format, with exactly its shape; the others are dropped with
// a warning.  Errors: NotFound (missing tensors), InvalidData (shapes).
Result<TensorList> selectParameters(const config::Gemma3Config& config, bool untiedHead, const TensorList& stored,
                                    std::vector<std::string>& warnings);

}  // namespace lapidary::checkpoint
