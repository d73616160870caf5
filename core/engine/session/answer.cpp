#include "core/engine/session/answer.h"

#include <random>
#include <utility>

#include "core/data/text/stream_decoder.h"
#include "core/engine/session/answer_parts.h"
#include "core/engine/session/elapsed.h"

namespace lapidary::session {

Result<generate::SamplerSettings> resolveSampling(const config::GenerationConfig& defaults,
                                                  const protocol::SamplingSettings& wanted) {
    generate::SamplerSettings settings;
    settings.doSample = defaults.doSample;
    settings.temperature = wanted.temperature.value_or(defaults.temperature);
    settings.topK = wanted.topK.value_or(defaults.topK);
    settings.topP = wanted.topP.value_or(defaults.topP);
    settings.minP = wanted.minP.value_or(defaults.minP);
    settings.repetitionPenalty = wanted.repetitionPenalty.value_or(defaults.repetitionPenalty);
    if (wanted.temperature || wanted.topK || wanted.topP || wanted.minP) settings.doSample = true;
    if (settings.temperature == 0.0) {
        settings.doSample = false;
        settings.temperature = 1.0;
    }
    settings.seed = wanted.seed ? static_cast<std::uint64_t>(*wanted.seed) : std::random_device{}();
    RETURN_IF_ERROR(generate::checkSamplerSettings(settings));
    return settings;
}

generate::TextPieces textPieces(const Model& model) {
    auto decoder = std::make_shared<text::StreamDecoder>(model.processor().tokenizerPointer());
    return {[decoder](std::int64_t id) { return decoder->push(id); }, [decoder] { return decoder->finish(); }};
}

generate::GenerationLimits generationLimits(const Model& model, const AnswerSettings& settings) {
    generate::GenerationLimits limits;
    limits.maxNewTokens = settings.maxNewTokens;
    limits.contextTokens = model.contextTokens();
    limits.endTokenIds = model.opened().generation.eosTokenIds;
    limits.stopStrings = settings.stopStrings;
    limits.alternatives = settings.alternatives;
    return limits;
}

Result<AnswerReport> answer(const Model& model, Sequence& sequence, ImageFeatureMemory& memory,
                            const processor::ProcessedPrompt& prompt, const AnswerSettings& settings,
                            const AnswerCallbacks& callbacks, std::stop_token stop) {
    ASSIGN_OR_RETURN(generate::Sampler sampler, generate::Sampler::create(settings.sampler));
    AnswerReport report;
    report.promptTokens = static_cast<std::int64_t>(prompt.ids.size());
    report.views = std::ssize(prompt.views);
    const auto start = SteadyClock::now();
    const auto prefill = sequence.prefill(prompt, memory, callbacks.onPrefill, stop);
    report.prefillSeconds = secondsSince(start);
    if (!prefill && prefill.error().code == ErrorCode::Cancelled) {
        report.reason = generate::FinishReason::Cancelled;
        return report;
    }
    if (!prefill) return prefill.error();
    report.reusedTokens = prefill->reusedTokens;
    report.reusedViews = prefill->reusedViews;
    report.visionSeconds = prefill->visionSeconds;
    report.viewTimes = prefill->viewTimes;
    generate::Answer growing(std::move(sampler), textPieces(model), generationLimits(model, settings), prompt.ids);
    const auto decodeStart = SteadyClock::now();
    RETURN_IF_ERROR(generate::generate(growing, prefill->logits, sequence, callbacks.onToken, stop));
    report.decodeSeconds = secondsSince(decodeStart);
    report.reason = growing.reason().value_or(generate::FinishReason::Length);
    report.text = growing.text();
    report.ids = growing.ids();
    return report;
}

}  // namespace lapidary::session
