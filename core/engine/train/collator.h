// Samples of different lengths as one micro-batch: padded ids, a mask, stacked pictures, and the places that have a target.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/data/dataset/training_sample.h"
#include "core/data/image/image_processor.h"
#include "core/engine/model/gemma3_vl_model.h"

namespace lapidary::train {

enum class PaddingSide : std::uint8_t { Left, Right };

struct CollatorSettings {
    PaddingSide side = PaddingSide::Right;
    std::int64_t padId = 0;
    std::int64_t multipleOf = 1;  // of tokens that a row has after padding
};

// Targets that make one answer, right only as a whole.
struct TargetGroup {
    std::string kind;  // what accuracy is counted by; empty: all alike
    std::int64_t targets = 0;
};

struct MicroBatch {
    model::ModelInput input;   // hiddenAt: the places below
    at::Tensor targets;        // [n] int64: the token that shall follow each place
    std::vector<std::string> sampleIds;
    std::int64_t tokens = 0;   // without padding
    std::uint64_t seed = 0;    // of what an adapter's dropout drops
    std::vector<TargetGroup> groups;  // of all targets, in order; one a sample where the source knows no better
    std::vector<std::string> viewHashes;  // sha256 of each view's pixels
    at::Tensor tokenLabels;  // tower_objective.h alone: [views, heads, tokens] int64
};

// samples: at least one.  Views become pixels [views, 3, size, size] by `processor`, in order of the samples; without one (a cache
// has the tower's states, or there is no tower) they are left to the caller.
MicroBatch collate(std::span<const dataset::TrainingSample> samples, const CollatorSettings& settings,
                   const image::ImageProcessor* processor);

}  // namespace lapidary::train
