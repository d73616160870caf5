// Several prompts on one cache, padded on the left (specification 5.4, 8): each step is one forward for all rows.
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <utility>

#include "core/engine/model/kv_cache.h"
#include "core/engine/session/answer_parts.h"
#include "core/engine/session/elapsed.h"

namespace lapidary::session {
namespace {

class Batch {
public:
    Batch(const Model& model, std::span<const processor::ProcessedPrompt> prompts)
        : m_model(model),
          m_rows(static_cast<std::int64_t>(prompts.size())),
          m_cache(model.network().makeCache(m_rows, model.contextTokens())) {
        for (const auto& prompt : prompts) m_longest = std::max(m_longest, static_cast<std::int64_t>(prompt.ids.size()));
    }

    Result<void> prefill(std::span<const processor::ProcessedPrompt> prompts, ImageFeatureMemory& memory,
                         const std::stop_token& stop) {
        std::vector<std::int64_t> firstKeys;
        std::vector<at::Tensor> features;
        at::Tensor ids = at::full({m_rows, m_longest}, m_model.opened().generation.padTokenId, at::kLong);
        std::int64_t* row = ids.mutable_data_ptr<std::int64_t>();
        for (const auto& prompt : prompts) {
            firstKeys.push_back(m_longest - static_cast<std::int64_t>(prompt.ids.size()));
            std::copy(prompt.ids.begin(), prompt.ids.end(), row + firstKeys.back());
            row += m_longest;
            ASSIGN_OR_RETURN(PromptFeatures ofPrompt, imageFeatures(m_model, m_model.adapter(), prompt, 0, memory, stop));
            m_reusedViews.push_back(ofPrompt.reused);
            if (ofPrompt.features.defined()) features.push_back(std::move(ofPrompt.features));
        }
        m_cache.setFirstKeys(firstKeys);
        model::SequenceInput input;
        input.ids = ids;
        if (!features.empty()) input.imageFeatures = at::cat(features);
        return forward(input, stop);
    }

    // One token a row; `ids` [rows].
    Result<void> append(std::span<const std::int64_t> ids, const std::stop_token& stop) {
        model::SequenceInput input;
        input.ids = at::full({m_rows, 1}, 0, at::kLong);
        std::copy(ids.begin(), ids.end(), input.ids.mutable_data_ptr<std::int64_t>());
        return forward(input, stop);
    }

    [[nodiscard]] std::span<const float> logits(std::size_t row) const {
        const auto vocab = static_cast<std::size_t>(m_logits.size(-1));
        return {m_logits.const_data_ptr<float>() + row * vocab, vocab};
    }
    [[nodiscard]] std::int64_t reusedViews(std::size_t row) const { return m_reusedViews.at(row); }
    [[nodiscard]] std::int64_t padding(std::size_t row) const { return m_cache.firstKey(static_cast<std::int64_t>(row)); }

private:
    Result<void> forward(model::SequenceInput& input, const std::stop_token& stop) {
        input.adapter = m_model.adapter().get();
        ASSIGN_OR_RETURN(const model::SequenceOutput output, m_model.network().forward(input, m_cache, stop));
        m_logits = output.logits.contiguous();
        return {};
    }

    const Model& m_model;
    std::int64_t m_rows;
    std::int64_t m_longest = 0;
    std::vector<std::int64_t> m_reusedViews;  // by row
    model::KvCache m_cache;
    at::Tensor m_logits;  // [rows, 1, vocab] float32
};

Result<std::vector<generate::Answer>> startAnswers(const Model& model, const Batch& batch, const AnswerSettings& settings,
                                                   std::span<const processor::ProcessedPrompt> prompts) {
    std::vector<generate::Answer> answers;
    for (std::size_t row = 0; row < prompts.size(); ++row) {
        generate::SamplerSettings ofRow = settings.sampler;
        ofRow.seed += row;  // rows must not draw the same numbers
        ASSIGN_OR_RETURN(generate::Sampler sampler, generate::Sampler::create(ofRow));
        generate::GenerationLimits limits = generationLimits(model, settings);
        limits.contextTokens -= batch.padding(row);  // padding takes positions of the cache too
        answers.emplace_back(std::move(sampler), textPieces(model), std::move(limits), prompts[row].ids);
    }
    return answers;
}

AnswerReport reportOf(const generate::Answer& answer, const processor::ProcessedPrompt& prompt) {
    AnswerReport report;
    report.reason = answer.reason().value_or(generate::FinishReason::Length);
    report.text = answer.text();
    report.ids = answer.ids();
    report.promptTokens = static_cast<std::int64_t>(prompt.ids.size());
    report.views = std::ssize(prompt.views);
    return report;
}

// Until every row has ended; rows that have are fed padding, which no one reads.
Result<void> runRows(Batch& batch, std::vector<generate::Answer>& answers, std::int64_t padId,
                     const BatchTokenCallback& onToken, const std::stop_token& stop) {
    while (true) {
        std::vector<std::int64_t> ids(answers.size(), padId);
        bool anyOpen = false;
        for (std::size_t row = 0; row < answers.size(); ++row) {
            if (answers[row].finished()) continue;
            if (stop.stop_requested()) {
                answers[row].cancel();
                continue;
            }
            ASSIGN_OR_RETURN(const generate::GeneratedToken token, answers[row].next(batch.logits(row)));
            if (onToken) onToken(row, token);
            ids[row] = token.id;
            anyOpen = anyOpen || !answers[row].finished();
        }
        if (!anyOpen) return {};
        auto appended = batch.append(ids, stop);
        if (!appended && appended.error().code != ErrorCode::Cancelled) return appended;
    }
}

}  // namespace

Result<std::vector<AnswerReport>> answerBatch(const Model& model, ImageFeatureMemory& memory,
                                              std::span<const processor::ProcessedPrompt> prompts,
                                              const AnswerSettings& settings, const BatchTokenCallback& onToken,
                                              std::stop_token stop) {
    for (const auto& prompt : prompts) {
        if (prompt.ids.empty())
            return Error{ErrorCode::InvalidData, "a prompt of the batch is empty: there is nothing to continue", ""};
    }
    if (prompts.empty()) return std::vector<AnswerReport>{};
    Batch batch(model, prompts);
    const auto start = SteadyClock::now();
    auto prefilled = batch.prefill(prompts, memory, stop);
    const double prefillSeconds = secondsSince(start);
    if (!prefilled && prefilled.error().code != ErrorCode::Cancelled) return prefilled.error();
    ASSIGN_OR_RETURN(std::vector<generate::Answer> answers, startAnswers(model, batch, settings, prompts));
    const auto decodeStart = SteadyClock::now();
    RETURN_IF_ERROR(runRows(batch, answers, model.opened().generation.padTokenId, onToken, stop));
    std::vector<AnswerReport> reports;
    for (std::size_t row = 0; row < prompts.size(); ++row) {
        reports.push_back(reportOf(answers[row], prompts[row]));
        if (prefilled) reports.back().reusedViews = batch.reusedViews(row);
        reports.back().prefillSeconds = prefillSeconds;
        reports.back().decodeSeconds = secondsSince(decodeStart);
    }
    return reports;
}

}  // namespace lapidary::session
