// How likely a model finds a text: mean negative log-likelihood over windows.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>

#include "core/engine/session/model.h"

namespace lapidary::session {

struct ScoreSettings {
    std::int64_t window = 2048;  // tokens a window holds, >= 2
    std::int64_t stride = 1024;  // 1 … window; each window scores only the tokens that none before it has scored
    std::function<void(std::int64_t done, std::int64_t total)> onProgress;
};

struct Score {
    double meanNll = 0.0;           // natural logarithm, over scoredTokens
    std::int64_t scoredTokens = 0;  // all but the first
};

// ids: at least two, as the model shall see them (<bos> included where wanted).
// Errors: InvalidData (fewer than two ids), Usage (window or stride out of range), Cancelled, those of the model.
Result<Score> scoreIds(const Model& model, std::span<const std::int64_t> ids, const ScoreSettings& settings,
                       std::stop_token stop = {});

}  // namespace lapidary::session
