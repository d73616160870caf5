// GGUF tensor names <-> canonical names (specification 7.4, 7.5).
#pragma once

#include <string>
#include <string_view>

namespace lapidary::checkpoint {

// Canonical name of a text tensor ("blk.0.attn_q.weight"); empty for names that mean nothing here.
std::string canonicalTextName(std::string_view ggufName, bool visionLanguage);
// Canonical name of a tensor of an mmproj file.  `swappedFeedForward`: older files call fc1 ffn_down and fc2 ffn_up.
std::string canonicalVisionName(std::string_view ggufName, bool swappedFeedForward);

// RMSNorm weights, which GGUF stores as 1 + w (SigLIP's LayerNorms are stored as they are).
bool isStoredPlusOne(std::string_view canonicalName);

}  // namespace lapidary::checkpoint
