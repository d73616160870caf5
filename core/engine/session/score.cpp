#include "core/engine/session/score.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "core/engine/generate/sampler.h"
#include "core/engine/model/kv_cache.h"

namespace lapidary::session {
namespace {

// Logits of 64 positions of a vocabulary of 262,144 take 67 MB in float32: a window of 2048 at once would take 2.1 GB.
constexpr std::int64_t kPiece = 64;

// Sum of -log p(ids[t + 1]) for t in [firstScored, ids.size() - 1), all ids seen in one window.
Result<double> scoreWindow(const Model& model, model::KvCache& cache, std::span<const std::int64_t> ids,
                           std::int64_t firstScored, const std::stop_token& stop) {
    const auto count = static_cast<std::int64_t>(ids.size());
    double sum = 0.0;
    cache.clear();
    for (std::int64_t begin = 0; begin + 1 < count; begin += kPiece) {
        const std::int64_t end = std::min(begin + kPiece, count - 1);  // the last id is only a target
        model::SequenceInput input;
        input.ids = at::empty({1, end - begin}, at::kLong);
        std::copy(ids.begin() + begin, ids.begin() + end, input.ids.mutable_data_ptr<std::int64_t>());
        input.lastLogits = std::clamp<std::int64_t>(end - std::max(begin, firstScored), 0, end - begin);
        input.adapter = model.adapter().get();
        ASSIGN_OR_RETURN(const model::SequenceOutput output, model.network().forward(input, cache, stop));
        if (input.lastLogits == 0) continue;
        const at::Tensor logits = output.logits.contiguous();
        const auto vocab = static_cast<std::size_t>(logits.size(-1));
        const float* row = logits.const_data_ptr<float>();
        for (std::int64_t t = end - input.lastLogits; t < end; ++t, row += vocab) {
            sum -= generate::logProbability({row, vocab}, ids[static_cast<std::size_t>(t + 1)]);
        }
    }
    return sum;
}

}  // namespace

Result<Score> scoreIds(const Model& model, std::span<const std::int64_t> ids, const ScoreSettings& settings,
                       std::stop_token stop) {
    const auto total = static_cast<std::int64_t>(ids.size());
    if (total < 2) return Error{ErrorCode::InvalidData, "at least two tokens are needed: the first is never scored", ""};
    if (settings.window < 2 || settings.window > model.contextTokens()) {
        return Error{
            ErrorCode::Usage,
            "a window has 2 to " + std::to_string(model.contextTokens()) + " tokens, found " + std::to_string(settings.window),
            "--window"};
    }
    if (settings.stride < 1 || settings.stride >= settings.window) {
        return Error{
            ErrorCode::Usage,
            "a stride has 1 to " + std::to_string(settings.window - 1) + " tokens, found " + std::to_string(settings.stride),
            "--stride"};
    }
    const auto vocab = model.network().vocabSize();
    for (const std::int64_t id : ids) {
        if (id < 0 || id >= vocab) {
            return Error{ErrorCode::InvalidData,
                         "token id " + std::to_string(id) + " is not below the vocabulary's " + std::to_string(vocab), ""};
        }
    }
    model::KvCache cache = model.network().makeCache(1, settings.window);
    double sum = 0.0;
    std::int64_t scored = 1;  // ids[0 … scored) are behind us: the first has nothing before it
    for (std::int64_t begin = 0; scored < total; begin += settings.stride) {
        const std::int64_t end = std::min(begin + settings.window, total);
        const auto window = ids.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
        ASSIGN_OR_RETURN(const double nll, scoreWindow(model, cache, window, scored - begin - 1, stop));
        sum += nll;
        scored = end;
        if (settings.onProgress) settings.onProgress(scored, total);
    }
    return Score{sum / static_cast<double>(total - 1), total - 1};
}

}  // namespace lapidary::session
