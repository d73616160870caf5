// Where a prompt is cut for prefill: in pieces of at most `chunkTokens`, but never inside an image block, whose tokens must see each
// other (specification 3.3).  A block longer than a piece makes that piece longer.
#pragma once

#include <cstdint>
#include <vector>

#include "core/shared/rules/visible_keys.h"

namespace lapidary::model {

// Ends of the pieces of [0, tokens), ascending, the last one `tokens`.  `spans`: of all rows that are computed together.
std::vector<std::int64_t> prefillChunkEnds(std::int64_t tokens, std::int64_t chunkTokens,
                                           const std::vector<rules::ImageSpan>& spans);

}  // namespace lapidary::model
