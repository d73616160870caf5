// One answer from prompt to last token: what `generate`, `chat` and the engine have in common.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/engine/generate/generator.h"
#include "core/engine/session/sequence.h"
#include "core/shared/protocol/request.h"

namespace lapidary::session {

// What a person asked for on top of the checkpoint's generation_config.json (else greedy).  Temperature 0 is greedy; any other
// temperature, and top-k, top-p or min-p without one, ask for sampling.  Without a seed one is drawn; it is in the result.
// Errors: Usage naming the setting.
Result<generate::SamplerSettings> resolveSampling(const config::GenerationConfig& defaults,
                                                  const protocol::SamplingSettings& wanted);

struct AnswerSettings {
    generate::SamplerSettings sampler;
    std::int64_t maxNewTokens = 512;
    std::vector<std::string> stopStrings{};
    std::int64_t alternatives = 0;
};

struct AnswerReport {
    generate::FinishReason reason = generate::FinishReason::Length;
    std::string text;
    std::vector<std::int64_t> ids;  // generated, an end token included
    std::int64_t promptTokens = 0;
    std::int64_t reusedTokens = 0;
    std::int64_t views = 0;  // pictures and crops of the prompt
    std::int64_t reusedViews = 0;  // of them, that did not pass the tower
    double prefillSeconds = 0.0;    // the vision tower included
    double visionSeconds = 0.0;     // tower and projector alone
    double decodeSeconds = 0.0;
    std::vector<ViewTime> viewTimes;  // of the views that passed the tower
};

struct AnswerCallbacks {
    PrefillProgress onPrefill;
    generate::TokenCallback onToken;
};

// Cancelling, also during the prefill, is an answer with FinishReason::Cancelled, not an error.
Result<AnswerReport> answer(const Model& model, Sequence& sequence, ImageFeatureMemory& memory,
                            const processor::ProcessedPrompt& prompt, const AnswerSettings& settings,
                            const AnswerCallbacks& callbacks = {}, std::stop_token stop = {});

// Several prompts in lockstep, padded on the left; row i of the result answers prompt i.  `onToken` gets the row.
// Errors: as answer(); Usage when the longest prompt does not fit.
using BatchTokenCallback = std::function<void(std::size_t row, const generate::GeneratedToken&)>;
Result<std::vector<AnswerReport>> answerBatch(const Model& model, ImageFeatureMemory& memory,
                                              std::span<const processor::ProcessedPrompt> prompts,
                                              const AnswerSettings& settings, const BatchTokenCallback& onToken = {},
                                              std::stop_token stop = {});

}  // namespace lapidary::session
