// One conversation on a model: its cache, and which tokens and pictures that cache holds.  A prompt that begins like what is
// held costs only what is new (append-only reuse over turns).  Lives on the thread that owns the tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/data/processor/gemma3_processor.h"
#include "core/engine/generate/generator.h"
#include "core/engine/model/kv_cache.h"
#include "core/engine/session/image_feature_memory.h"
#include "core/engine/session/model.h"
#include "core/shared/protocol/event.h"

namespace lapidary::session {

using PrefillProgress = std::function<void(std::int64_t done, std::int64_t total)>;

using protocol::ViewTime;  // of a view that passed the tower: until its features were there

// Features of views [viewBegin, end) of a prompt, from `memory` where they were seen before, else from the states that the model keeps
// on disk.  Errors: as Gemma3VlModel::getImageFeatures, which is asked one view at a time so that cancelling acts soon.
struct PromptFeatures {
    at::Tensor features;  // [views, tokens, hidden]; undefined where there is no view
    std::int64_t reused = 0;  // views that did not pass the tower
    std::vector<ViewTime> times;  // of those that did
};
Result<PromptFeatures> imageFeatures(const Model& model, const ActiveAdapter& adapter, const processor::ProcessedPrompt& prompt,
                                     std::size_t viewBegin, ImageFeatureMemory& memory, const std::stop_token& stop);

// How many leading tokens two prompts share, pictures compared by their pixels; never ends inside an image block.
// Ids alone do not tell: the soft tokens of all pictures are the same id.
struct HeldPrompt {
    std::vector<std::int64_t> ids;
    std::vector<rules::ImageSpan> imageSpans;
    std::vector<std::string> pixelHashes;  // one a span
};
std::int64_t commonPrefix(const HeldPrompt& held, const processor::ProcessedPrompt& prompt);

class Sequence : public generate::LogitsSource {
public:
    explicit Sequence(std::shared_ptr<const Model> model);

    struct Prefill {
        std::span<const float> logits;  // [vocab] of the last position, valid until the next call
        std::int64_t reusedTokens = 0;  // of the prompt, already in the cache
        std::int64_t reusedViews = 0;  // of the prompt, that did not pass the tower now
        double visionSeconds = 0.0;  // of tower and projector for the others
        std::vector<ViewTime> viewTimes;  // of each of the others
    };
    // Makes the cache hold exactly `prompt` (at least one token).
    // Errors: InvalidData (an empty prompt), Cancelled (what was computed stays and is used next time), those of the model.
    Result<Prefill> prefill(const processor::ProcessedPrompt& prompt, ImageFeatureMemory& memory,
                            const PrefillProgress& progress, std::stop_token stop);

    Result<std::span<const float>> append(std::int64_t id, std::stop_token stop) override;

    // From the next prompt on; at first the model's own.  What another adapter computed is forgotten.
    void setAdapter(ActiveAdapter adapter);
    void clear();
    [[nodiscard]] const std::vector<std::int64_t>& ids() const { return m_held.ids; }
    [[nodiscard]] std::int64_t cacheBytes() const { return m_cache.sizeBytes(); }

private:
    // Keeps `wanted` leading tokens if the rings allow it, else none; returns how many are kept.
    std::int64_t rewind(std::int64_t wanted);
    void holdPrefix(const processor::ProcessedPrompt& prompt);
    [[nodiscard]] std::span<const float> lastLogits() const;

    std::shared_ptr<const Model> m_model;
    ActiveAdapter m_adapter;
    model::KvCache m_cache;
    HeldPrompt m_held;
    at::Tensor m_logits;  // [1, 1, vocab] float32
};

}  // namespace lapidary::session
