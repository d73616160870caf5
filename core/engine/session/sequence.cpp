#include "core/engine/session/sequence.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <utility>

#include "core/engine/session/elapsed.h"

namespace lapidary::session {
namespace {

at::Tensor idsTensor(std::span<const std::int64_t> ids) {
    at::Tensor tensor = at::empty({1, static_cast<std::int64_t>(ids.size())}, at::kLong);
    std::copy(ids.begin(), ids.end(), tensor.mutable_data_ptr<std::int64_t>());
    return tensor;
}

struct ViewFeatures {
    at::Tensor features;  // [tokens, hidden]
    bool kept = false;  // the tower was not asked
};

// The same numbers with and without the store: both are the tower, then the projector.
Result<ViewFeatures> featuresOfView(const Model& model, const ActiveAdapter& adapter, const image::View& view,
                                    const std::stop_token& stop) {
    const auto pixels = [&] {
        at::Tensor values = at::empty({1, 3, view.size, view.size}, at::kFloat);
        model.processor().imageProcessor().normalise(view, values.mutable_data_ptr<float>());
        return values;
    };
    const c10::AutoGradMode noGradient(false);  // the weights of a training run learn
    const bool ownTower = adapter.get() == nullptr || !adapter.get()->changesTower();
    VisionStateStore* const store = ownTower ? model.visionStates(stop) : nullptr;
    if (store == nullptr) {
        ASSIGN_OR_RETURN(const model::ImageFeatures computed,
                         model.network().getImageFeatures(pixels(), model::VisionOutputs::FeaturesOnly, stop, adapter.get()));
        return ViewFeatures{computed.features[0], false};
    }
    ASSIGN_OR_RETURN(const ViewStates found, visionStatesOfView(model.network(), view.sha256, pixels, *store, stop));
    ASSIGN_OR_RETURN(const at::Tensor features, model.network().projectVisionStates(found.states.unsqueeze(0), adapter.get()));
    return ViewFeatures{features[0], found.kept};
}

}  // namespace

Result<PromptFeatures> imageFeatures(const Model& model, const ActiveAdapter& adapter, const processor::ProcessedPrompt& prompt,
                                     std::size_t viewBegin, ImageFeatureMemory& memory, const std::stop_token& stop) {
    PromptFeatures found;
    std::vector<at::Tensor> features;
    for (std::size_t i = viewBegin; i < prompt.views.size(); ++i) {
        const image::View& view = prompt.views[i];
        const std::string key = adapter.featureKey(view.sha256);
        if (auto known = memory.find(key)) {
            features.push_back(std::move(*known));
            ++found.reused;
            continue;
        }
        const auto start = SteadyClock::now();
        ASSIGN_OR_RETURN(ViewFeatures made, featuresOfView(model, adapter, view, stop));
        if (made.kept) {
            ++found.reused;
        } else {
            // A GPU works behind the calls: once a number has arrived, the view is done.
            static_cast<void>(made.features[0][0].item());
            found.times.push_back({view.sha256, secondsSince(start)});
        }
        features.push_back(std::move(made.features));
        memory.insert(key, features.back());
    }
    if (!features.empty()) found.features = at::stack(features);
    return found;
}

std::int64_t commonPrefix(const HeldPrompt& held, const processor::ProcessedPrompt& prompt) {
    const auto mismatch = std::mismatch(held.ids.begin(), held.ids.end(), prompt.ids.begin(), prompt.ids.end());
    std::int64_t common = mismatch.first - held.ids.begin();
    for (std::size_t i = 0; i < prompt.imageSpans.size(); ++i) {
        const rules::ImageSpan& span = prompt.imageSpans[i];
        const bool same =
            i < held.imageSpans.size() && held.imageSpans[i] == span && held.pixelHashes[i] == prompt.views[i].sha256;
        if (!same || span.end > common) return std::min(common, span.begin);
    }
    return common;
}

Sequence::Sequence(std::shared_ptr<const Model> model)
    : m_model(std::move(model)),
      m_adapter(m_model->adapter()),
      m_cache(m_model->network().makeCache(1, m_model->contextTokens())) {}

void Sequence::setAdapter(ActiveAdapter adapter) {
    if (adapter.key != m_adapter.key) clear();
    m_adapter = std::move(adapter);
}

std::int64_t Sequence::rewind(std::int64_t wanted) {
    // After an exception (out of memory) inside the model the two may differ; then nothing that is held can be trusted.
    if (static_cast<std::int64_t>(m_held.ids.size()) != m_cache.length()) wanted = 0;
    if (wanted == m_cache.length()) return wanted;
    if (wanted > 0 && m_cache.canTruncate(wanted) && m_cache.truncate(wanted)) return wanted;
    clear();
    return 0;
}

Result<Sequence::Prefill> Sequence::prefill(const processor::ProcessedPrompt& prompt, ImageFeatureMemory& memory,
                                            const PrefillProgress& progress, std::stop_token stop) {
    if (prompt.ids.empty()) return Error{ErrorCode::InvalidData, "the prompt is empty: there is nothing to continue", ""};
    // One token at least must be computed, for its logits; a block that ends the prompt is computed whole.
    std::int64_t kept = std::min(commonPrefix(m_held, prompt), static_cast<std::int64_t>(prompt.ids.size()) - 1);
    for (const rules::ImageSpan& span : prompt.imageSpans) {
        if (kept > span.begin && kept < span.end) kept = span.begin;
    }
    kept = rewind(kept);
    const auto firstNewView = std::count_if(prompt.imageSpans.begin(), prompt.imageSpans.end(),
                                            [kept](const rules::ImageSpan& span) { return span.end <= kept; });
    const auto start = SteadyClock::now();
    ASSIGN_OR_RETURN(PromptFeatures pictures,
                     imageFeatures(*m_model, m_adapter, prompt, static_cast<std::size_t>(firstNewView), memory, stop));
    const double visionSeconds = secondsSince(start);
    model::SequenceInput input;
    input.ids = idsTensor(std::span(prompt.ids).subspan(static_cast<std::size_t>(kept)));
    input.imageFeatures = std::move(pictures.features);
    input.onChunk = progress;
    input.adapter = m_adapter.get();
    auto output = m_model->network().forward(input, m_cache, stop);
    holdPrefix(prompt);
    if (!output) return std::move(output).error();
    m_logits = output->logits.contiguous();
    return Prefill{lastLogits(), kept, firstNewView + pictures.reused, visionSeconds, std::move(pictures.times)};
}

// What the cache holds now is the beginning of `prompt`: all of it, or the chunks that were finished before a cancel.
void Sequence::holdPrefix(const processor::ProcessedPrompt& prompt) {
    const auto length = static_cast<std::size_t>(m_cache.length());
    m_held = {};
    m_held.ids.assign(prompt.ids.begin(),
                      prompt.ids.begin() + static_cast<std::ptrdiff_t>(std::min(length, prompt.ids.size())));
    for (std::size_t i = 0; i < prompt.imageSpans.size() && prompt.imageSpans[i].end <= m_cache.length(); ++i) {
        m_held.imageSpans.push_back(prompt.imageSpans[i]);
        m_held.pixelHashes.push_back(prompt.views[i].sha256);
    }
}

Result<std::span<const float>> Sequence::append(std::int64_t id, std::stop_token stop) {
    model::SequenceInput input;
    input.ids = idsTensor(std::span(&id, 1));
    input.adapter = m_adapter.get();
    ASSIGN_OR_RETURN(const model::SequenceOutput output, m_model->network().forward(input, m_cache, stop));
    m_held.ids.push_back(id);
    m_logits = output.logits.contiguous();
    return lastLogits();
}

std::span<const float> Sequence::lastLogits() const {
    return {m_logits.const_data_ptr<float>(), static_cast<std::size_t>(m_logits.numel())};
}

void Sequence::clear() {
    m_cache.clear();
    m_held = {};
}

}  // namespace lapidary::session
