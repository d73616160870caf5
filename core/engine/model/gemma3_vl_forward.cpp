// The two forwards of Gemma3VlModel: new tokens behind a cache, and a whole batch without one.
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/engine/model/gemma3_text_model.h"
#include "core/engine/model/gemma3_vl_model.h"
#include "core/engine/model/multi_modal_projector.h"
#include "core/engine/model/prefill_chunks.h"
#include "core/engine/model/siglip_vision_model.h"

namespace lapidary::model {
namespace {

// Labels that carry no loss, as in the reference.
constexpr std::int64_t kIgnoredLabel = -100;

std::span<const std::int64_t> values(const at::Tensor& contiguous) {
    return {contiguous.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(contiguous.numel())};
}

Error mismatch(std::int64_t tokens, std::int64_t features) {
    return Error{ErrorCode::InvalidData,
                 "Image features and image tokens do not match, tokens: " + std::to_string(tokens) +
                     ", features: " + std::to_string(features),
                 ""};
}

// Errors: InvalidData for an id without an embedding row; the image token may lie outside, since it is replaced.
Result<void> checkIds(std::span<const std::int64_t> ids, const config::Gemma3Config& config) {
    for (const std::int64_t id : ids) {
        if ((id >= 0 && id < config.text.vocabSize) || (config.isVisionLanguage() && id == config.imageTokenIndex)) continue;
        return Error{
            ErrorCode::InvalidData,
            "token id " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(config.text.vocabSize), ""};
    }
    return {};
}

// Hands out the features that belong to a piece of every row, in row-major order.
class FeatureCursor {
public:
    // ids [rows, tokens]; features [n, hidden] or undefined.  Errors: InvalidData when n is not the number of image tokens.
    static Result<FeatureCursor> over(const at::Tensor& ids, const at::Tensor& features, std::int64_t imageTokenIndex) {
        FeatureCursor cursor;
        cursor.m_features = features;
        if (!features.defined()) return cursor;
        std::int64_t total = 0;
        for (std::int64_t row = 0; row < ids.size(0); ++row) {
            cursor.m_next.push_back(total);
            total += imageTokens(ids.select(0, row), imageTokenIndex);
        }
        if (total != features.size(0)) return mismatch(total, features.size(0));
        return cursor;
    }

    // The features of `piece` [rows, some tokens], which follows what was taken before; undefined where it has none.
    at::Tensor take(const at::Tensor& piece, std::int64_t imageTokenIndex) {
        if (!m_features.defined()) return {};
        std::vector<at::Tensor> parts;
        for (std::int64_t row = 0; row < piece.size(0); ++row) {
            std::int64_t& next = m_next[static_cast<std::size_t>(row)];
            const std::int64_t count = imageTokens(piece.select(0, row), imageTokenIndex);
            if (count > 0) parts.push_back(m_features.narrow(0, next, count));
            next += count;
        }
        return parts.empty() ? at::Tensor() : at::cat(parts, 0);
    }

private:
    static std::int64_t imageTokens(const at::Tensor& ids, std::int64_t imageTokenIndex) {
        const auto row = values(ids);
        return std::count(row.begin(), row.end(), imageTokenIndex);
    }

    at::Tensor m_features;
    std::vector<std::int64_t> m_next;  // one a row
};

// Rows of a cache: spans of the new tokens, at their absolute positions.
std::vector<RowLayout> cachedRows(const at::Tensor& ids, const KvCache& cache, std::int64_t imageTokenIndex) {
    std::vector<RowLayout> rows(static_cast<std::size_t>(ids.size(0)));
    for (std::int64_t i = 0; i < ids.size(0); ++i) {
        RowLayout& row = rows[static_cast<std::size_t>(i)];
        row.firstToken = cache.firstKey(i);
        row.endToken = cache.length() + ids.size(1);
        row.spans = rules::imageSpans(values(ids.select(0, i)), imageTokenIndex);
        for (rules::ImageSpan& span : row.spans) span = {span.begin + cache.length(), span.end + cache.length()};
    }
    return rows;
}

// Positions count tokens: a row's first token is at 0, its left padding too.  [rows * (end - begin)] int64.
at::Tensor rowPositions(const std::vector<RowLayout>& rows, std::int64_t begin, std::int64_t end) {
    at::Tensor positions = at::empty({static_cast<std::int64_t>(rows.size()) * (end - begin)}, at::TensorOptions(at::kLong));
    std::int64_t* out = positions.mutable_data_ptr<std::int64_t>();
    for (const RowLayout& row : rows) {
        for (std::int64_t p = begin; p < end; ++p) *out++ = std::max<std::int64_t>(0, p - row.firstToken);
    }
    return positions;
}

std::vector<std::int64_t> chunksOf(const SequenceInput& input, const std::vector<RowLayout>& rows, std::int64_t length) {
    const std::int64_t tokens = input.ids.size(1);
    if (input.attentions) return {tokens};
    std::vector<rules::ImageSpan> spans;
    for (const RowLayout& row : rows) {
        for (const rules::ImageSpan& span : row.spans) spans.push_back({span.begin - length, span.end - length});
    }
    return prefillChunkEnds(tokens, input.chunkTokens, spans);
}

void appendStates(std::vector<std::vector<at::Tensor>>& parts, std::vector<at::Tensor> states) {
    if (parts.empty()) parts.resize(states.size());
    for (std::size_t i = 0; i < states.size(); ++i) parts[i].push_back(std::move(states[i]));
}

at::Tensor joined(const std::vector<at::Tensor>& parts) { return parts.size() == 1 ? parts.front() : at::cat(parts, 1); }

// logits [batch, tokens, vocab], labels [batch, tokens] → cross-entropy of each token, float32, 0 where nothing is asked.
at::Tensor tokenLosses(const at::Tensor& logits, const at::Tensor& labels) {
    const at::Tensor targets = labels.to(logits.device(), at::kLong);
    const at::Tensor ignored = targets.eq(kIgnoredLabel);
    const at::Tensor chosen = targets.masked_fill(ignored, 0).unsqueeze(-1);
    const at::Tensor losses = logits.log_softmax(-1, at::kFloat).gather(-1, chosen).squeeze(-1).neg();
    return losses.masked_fill(ignored, 0.0);
}

at::Tensor idsOf(const ModelInput& input) {
    return input.inputIds.defined() ? input.inputIds.to(at::kCPU, at::kLong).contiguous() : at::Tensor();
}

}  // namespace

// ids [rows, tokens] on the CPU; features [n, hidden], the soft tokens in row-major order, or undefined.
Result<at::Tensor> Gemma3VlModel::embed(const at::Tensor& ids, const at::Tensor& features, const AdapterPass& pass) const {
    RETURN_IF_ERROR(checkIds(values(ids), m_config));
    const at::Tensor isImage = ids.eq(m_config.imageTokenIndex);
    const std::int64_t imageTokens = m_config.isVisionLanguage() ? isImage.sum().item<std::int64_t>() : 0;
    const std::int64_t given = features.defined() ? features.size(0) : 0;
    if (features.defined() && imageTokens != given) return mismatch(imageTokens, given);
    const bool outside = m_config.isVisionLanguage() && m_config.imageTokenIndex >= m_config.text.vocabSize;
    const at::Tensor embedded = m_text->embed(outside ? ids.masked_fill(isImage, 0) : ids, pass);
    if (given == 0) return embedded;
    const at::Tensor mask = isImage.unsqueeze(-1).to(embedded.device());
    return embedded.masked_scatter(mask, features.to(embedded.device(), embedded.scalar_type()));
}

Result<SequenceOutput> Gemma3VlModel::forward(const SequenceInput& input, KvCache& cache, std::stop_token stop) const {
    const c10::AutoGradMode noGradient(false);
    TORCH_CHECK(m_options.part.preProcess && m_options.part.postProcess, "generation runs on whole models");
    TORCH_CHECK(input.ids.dim() == 2 && input.ids.size(0) == cache.rows() && input.ids.size(1) > 0, "ids [rows, tokens]");
    const at::Tensor ids = input.ids.to(at::kCPU, at::kLong).contiguous();
    const std::int64_t start = cache.length();
    const std::int64_t tokens = ids.size(1);
    RETURN_IF_ERROR(checkIds(values(ids), m_config));
    if (start + tokens > cache.maxTokens()) {
        return Error{ErrorCode::Usage,
                     "the context holds " + std::to_string(cache.maxTokens()) + " tokens; " + std::to_string(start + tokens) +
                         " are wanted",
                     ""};
    }
    const at::Tensor features = input.imageFeatures.defined() ? input.imageFeatures.flatten(0, 1) : at::Tensor();
    ASSIGN_OR_RETURN(FeatureCursor cursor, FeatureCursor::over(ids, features, m_config.imageTokenIndex));
    const std::vector<RowLayout> rows = cachedRows(ids, cache, m_config.imageTokenIndex);
    const std::int64_t firstLogit = tokens - std::min(input.lastLogits, tokens);
    SequenceOutput output;
    std::vector<at::Tensor> logitParts;
    std::vector<std::vector<at::Tensor>> stateParts;
    std::int64_t begin = 0;
    for (const std::int64_t end : chunksOf(input, rows, start)) {
        const at::Tensor chunk = ids.narrow(1, begin, end - begin).contiguous();
        LayerInputs inputs =
            makeLayerInputs(rows, m_config.text, m_text->rotary(), rowPositions(rows, start + begin, start + end),
                            start + begin, start + end, m_options.precision);
        inputs.cache = &cache;
        inputs.pass.adapter = input.adapter;
        inputs.attentions = input.attentions ? &output.attentions : nullptr;
        ASSIGN_OR_RETURN(const at::Tensor embedded, embed(chunk, cursor.take(chunk, m_config.imageTokenIndex), inputs.pass));
        cache.prepare(end - begin);
        std::vector<at::Tensor> states;
        ASSIGN_OR_RETURN(const at::Tensor hidden,
                         m_text->forward(embedded, inputs, m_parallel, input.hiddenStates ? &states : nullptr, stop));
        cache.commit(end - begin);
        if (end > firstLogit) {
            const std::int64_t skip = std::max<std::int64_t>(0, firstLogit - begin);
            logitParts.push_back(
                m_text->logits(hidden.narrow(1, skip, end - begin - skip), inputs.pass).to(at::kCPU, at::kFloat));
        }
        if (input.hiddenStates) appendStates(stateParts, std::move(states));
        if (input.onChunk) input.onChunk(end, tokens);
        begin = end;
    }
    if (!logitParts.empty()) output.logits = joined(logitParts);
    for (const std::vector<at::Tensor>& parts : stateParts) output.hiddenStates.push_back(joined(parts));
    return output;
}

Result<at::Tensor> Gemma3VlModel::inputFeatures(const ModelInput& input, const std::stop_token& stop) const {
    if (input.pixelValues.defined() && input.visionStates.defined())
        return Error{ErrorCode::Usage, "pictures are given as pixel_values or as vision states, not as both", ""};
    if (input.pixelValues.defined()) {
        RETURN_IF_ERROR(checkPixels(input.pixelValues));
        ASSIGN_OR_RETURN(std::vector<at::Tensor> states,
                         lookAt(input.pixelValues, input.adapter, input.checkpointActivations, stop));
        for (at::Tensor& few : states) few = m_projector->forward(few, {input.adapter});
        return at::cat(states, 0).flatten(0, 1);
    }
    if (!input.visionStates.defined()) return at::Tensor();
    ASSIGN_OR_RETURN(const at::Tensor features, projectVisionStates(input.visionStates, input.adapter));
    return features.flatten(0, 1);
}

Result<at::Tensor> Gemma3VlModel::firstInput(const ModelInput& input, const at::Tensor& ids,
                                             const std::stop_token& stop) const {
    if (!m_options.part.preProcess)
        return Error{ErrorCode::Usage, "a later stage needs setInputTensor before each forward", ""};
    ASSIGN_OR_RETURN(const at::Tensor features, inputFeatures(input, stop));
    if (!input.inputsEmbeds.defined()) {
        if (!ids.defined()) return Error{ErrorCode::Usage, "neither input_ids nor inputs_embeds is given", ""};
        return embed(ids, features, {input.adapter});
    }
    const at::Tensor embeds = input.inputsEmbeds.to(m_options.device, ops::scalarType(m_options.precision));
    if (!features.defined()) return embeds;
    if (!ids.defined())
        return Error{ErrorCode::Usage, "pixel_values with inputs_embeds need input_ids to know where images are", ""};
    const at::Tensor isImage = ids.eq(m_config.imageTokenIndex);
    const std::int64_t imageTokens = isImage.sum().item<std::int64_t>();
    if (imageTokens != features.size(0)) return mismatch(imageTokens, features.size(0));
    return embeds.masked_scatter(isImage.unsqueeze(-1).to(embeds.device()), features);
}

Result<ModelOutput> Gemma3VlModel::forward(const ModelInput& input, std::stop_token stop) {
    if (!m_options.part.preProcess && m_inputTensor.defined())
        return forwardBehind(std::exchange(m_inputTensor, at::Tensor()), idsOf(input), input, stop);
    return std::as_const(*this).forward(input, std::move(stop));
}

Result<ModelOutput> Gemma3VlModel::forward(const ModelInput& input, std::stop_token stop) const {
    const at::Tensor ids = idsOf(input);
    ASSIGN_OR_RETURN(const at::Tensor hidden, firstInput(input, ids, stop));
    return forwardBehind(hidden, ids, input, stop);
}

Result<ModelOutput> Gemma3VlModel::forwardBehind(const at::Tensor& hidden, const at::Tensor& ids, const ModelInput& input,
                                                 const std::stop_token& stop) const {
    const std::int64_t batch = hidden.size(0);
    const std::int64_t tokens = hidden.size(1);
    ASSIGN_OR_RETURN(
        const std::vector<RowLayout> rows,
        rowLayouts(ids, input.attentionMask, input.positionIds, input.sharedPrefix, batch, tokens, m_config.imageTokenIndex));
    const at::Tensor positions =
        input.positionIds.defined() ? input.positionIds.to(at::kCPU, at::kLong).reshape({-1}) : rowPositions(rows, 0, tokens);
    LayerInputs inputs = makeLayerInputs(rows, m_config.text, m_text->rotary(), positions, 0, tokens, m_options.precision);
    inputs.pass.adapter = input.adapter;
    ASSIGN_OR_RETURN(const at::Tensor states, input.checkpointActivations
                                                  ? m_text->forwardRecomputing(hidden, inputs, m_parallel, stop)
                                                  : m_text->forward(hidden, inputs, m_parallel, nullptr, stop));
    if (!m_options.part.postProcess) return ModelOutput{states, input.lossMask};
    if (input.hiddenAt.defined()) {
        return ModelOutput{states.flatten(0, 1).index_select(0, input.hiddenAt.to(states.device())), input.lossMask};
    }
    const at::Tensor scores = m_text->logits(states, inputs.pass);
    if (!input.labels.defined()) return ModelOutput{scores, input.lossMask};
    return ModelOutput{tokenLosses(scores, input.labels), input.lossMask};
}

}  // namespace lapidary::model
