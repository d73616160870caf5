// What becomes of samples that are longer than the limit (fault 32).  A picture is never cut: its tokens stay together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/data/dataset/training_sample.h"
#include "core/shared/base/result.h"

namespace lapidary::dataset {

enum class LengthPolicy : std::uint8_t {
    Skip,       // left out, and counted
    Fail,       // the set cannot be used
    SplitText,  // several samples: each goes on with the text behind the question and its pictures
};
// "skip", "fail" or "split_text".  Errors: Usage.
Result<LengthPolicy> lengthPolicy(const std::string& name);

// Part of a sample: its first `prefix` tokens, of which nothing is learned, then [begin, end).  The whole sample: 0, 0, its length.
struct SamplePiece {
    std::int64_t prefix = 0;
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

// Pieces of at most `maxTokens` tokens in which every label of `sample` stands exactly once.  The prefix is all before the first
// learned token.  Nothing where that is impossible: the question alone, or a picture with it, fills the limit.
std::optional<std::vector<SamplePiece>> splitIntoPieces(const TrainingSample& sample, std::int64_t maxTokens);

// The piece as a sample of its own, with the views that it holds.
TrainingSample takePiece(TrainingSample sample, const SamplePiece& piece);

}  // namespace lapidary::dataset
