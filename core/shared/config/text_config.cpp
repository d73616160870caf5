#include "core/shared/config/text_config.h"

#include <cmath>

namespace lapidary::config {

double TextConfig::attentionScale() const { return 1.0 / std::sqrt(queryPreAttnScalar); }

std::int64_t TextConfig::effectiveWindow() const { return useBidirectionalAttention ? slidingWindow / 2 + 1 : slidingWindow; }

}  // namespace lapidary::config
