// Gemma 3, text or vision and language: the one forward behind chat, attention and training.
// Specification sections 2 to 4; the surface of Megatron-Bridge's Gemma3VLModel, in C++.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/data/checkpoint/tensor_source.h"
#include "core/engine/distributed/parallel_context.h"
#include "core/engine/model/kv_cache.h"
#include "core/engine/model/model_part.h"
#include "core/shared/base/result.h"
#include "core/shared/config/gemma3_config.h"
#include "core/shared/rules/visible_keys.h"

namespace lapidary::model {

class Adapter;
struct AdapterPass;
class Gemma3TextModel;
class SiglipVisionModel;
class MultiModalProjector;

// New tokens for sequences that a cache remembers.
struct SequenceInput {
    at::Tensor ids;  // [rows, tokens] int64 on the CPU; rows = cache.rows().  Image tokens are runs of image_token_index
    at::Tensor imageFeatures;  // [views, mm_tokens_per_image, hidden] for the image tokens in `ids`, in order; or undefined
    std::int64_t lastLogits = 1;  // logits of that many last positions; 0: none, tokens: all
    bool hiddenStates = false;
    bool attentions = false;  // takes the tokens as one chunk, whatever its size
    std::int64_t chunkTokens = 512;  // prefill in pieces of at most this, longer only where an image block is
    std::function<void(std::int64_t done, std::int64_t total)> onChunk;  // after each chunk; may be empty
    const Adapter* adapter = nullptr;  // deltas beside the weights, for this forward alone
};

struct SequenceOutput {
    at::Tensor logits;  // [rows, lastLogits, vocab] float32 on the CPU
    // As transformers counts them (specification 2.8): embeddings, each layer but the last, after the final norm.
    std::vector<at::Tensor> hiddenStates;  // [rows, tokens, hidden]
    // After the softmax, one a layer; cells outside the mask are exactly 0.
    std::vector<at::Tensor> attentions;  // [rows, heads, tokens, keys so far] float32
};

// One whole forward without a cache, as a training step or a pipeline stage calls it.
struct ModelInput {
    at::Tensor inputIds;  // [batch, tokens] int64; on later stages too (image blocks and positions come from it)
    at::Tensor inputsEmbeds;  // [batch, tokens, hidden] instead of embedding inputIds (scaled already), or undefined
    at::Tensor attentionMask;  // [batch, tokens], 1 = token; padding on either side, no holes; or undefined
    at::Tensor positionIds;  // [batch, tokens] int64, or undefined: 0 … tokens - 1 (with a mask: counted over tokens)
    at::Tensor pixelValues;  // [views, 3, image_size, image_size], or undefined
    at::Tensor visionStates;  // instead of pixelValues: [views, mm_tokens_per_image, vision hidden], as getVisionStates gives
    at::Tensor labels;  // [batch, tokens] int64, already shifted: the token that follows; -100: no loss; or undefined
    at::Tensor lossMask;  // [batch, tokens], handed back unchanged; or undefined
    bool gatherOutput = true;  // logits over the whole vocabulary, not only this rank's part
    // [n] int64 on the CPU, flat places row * tokens + token: the output is the hidden states there after the final norm and no
    // logits are made; or undefined.
    at::Tensor hiddenAt;
    // [batch] int64, or undefined: a row's first P tokens are seen by every sequence that is packed behind them.  positionIds then
    // go 0 … P - 1 and start again at P in each sequence, which sees the prefix and itself; windows count these positions.
    at::Tensor sharedPrefix;
    const Adapter* adapter = nullptr;  // deltas beside the weights, for this forward alone
    bool checkpointActivations = false;  // each layer's activations are computed again in the backward pass instead of kept
};

struct ModelOutput {
    // Last stage: logits [batch, tokens, vocab], or with labels the loss of every token [batch, tokens] float32 (0 at -100), or
    // with hiddenAt hidden states [n, hidden].
    // Earlier stages: hidden states [batch, tokens, hidden] for the next one's setInputTensor.
    at::Tensor output;
    at::Tensor lossMask;
};

// Which parts shall not learn.  Bridge's flags: a false one leaves the part as it is.
struct FreezeFlags {
    bool freezeLanguageModel = false;
    bool freezeVisionModel = false;
    bool freezeVisionProjection = false;
};

struct ImageFeatures {
    at::Tensor features;  // [views, mm_tokens_per_image, hidden]
    at::Tensor lastHiddenState;  // [views, patches, vision hidden], if asked for
    std::vector<at::Tensor> attentions;  // one a vision layer [views, heads, patches, patches] float32, if asked for
};

enum class VisionOutputs : std::uint8_t { FeaturesOnly, WithAttentions };

class Gemma3VlModel {
public:
    // Weights stay in `source`'s memory.  Errors: NotFound (a tensor is missing), InvalidData (a shape differs from the
    // configuration's), Unsupported (quantised weights asked to learn, an unknown activation).
    static Result<std::shared_ptr<Gemma3VlModel>> load(const config::Gemma3Config& config,
                                                       const checkpoint::TensorSource& source, const LoadOptions& options = {},
                                                       distributed::ParallelContext parallel = {});
    ~Gemma3VlModel();
    Gemma3VlModel(const Gemma3VlModel&) = delete;
    Gemma3VlModel& operator=(const Gemma3VlModel&) = delete;

    [[nodiscard]] const config::Gemma3Config& config() const { return m_config; }
    [[nodiscard]] const LoadOptions& options() const { return m_options; }
    [[nodiscard]] const ModelPart& part() const { return m_options.part; }
    // Rows of the head: the length of `logits`.
    [[nodiscard]] std::int64_t vocabSize() const;
    // The head is the embedding itself (tied), so a change of one is a change of both.
    [[nodiscard]] bool sharesEmbeddingsAndOutputWeights() const;
    // The tied matrix on the first and last stage, else undefined.
    [[nodiscard]] ops::Weight sharedEmbeddingOrOutputWeight() const;
    // A cache of this model's shape, dtype (float32, or bfloat16 in that precision) and device.  `maxTokens` 0: the configuration's
    // context.  `pastTokens`: history that the rings keep beyond their window.
    [[nodiscard]] KvCache makeCache(std::int64_t rows = 1, std::int64_t maxTokens = 0, std::int64_t pastTokens = 0) const;

    // Which keys the queries of `ids` [tokens] may see, `firstKey` being where left padding ends: the attention mask as intervals.
    [[nodiscard]] rules::VisibleKeys visibleKeys(std::span<const std::int64_t> ids, std::int64_t firstKey = 0) const;
    // The same as a mask: ids [batch, tokens], attentionMask as in ModelInput → bool [batch, 1, tokens, tokens], true = seen.
    [[nodiscard]] Result<at::Tensor> visibleKeysMask(const at::Tensor& ids, const at::Tensor& attentionMask,
                                                     config::LayerType type) const;

    // pixels [views, 3, image_size, image_size], normalised to [-1, 1] → features [views, mm_tokens_per_image, hidden].
    // Errors: Unsupported for a model without a tower, InvalidData for another shape, Cancelled.
    Result<ImageFeatures> getImageFeatures(const at::Tensor& pixelValues, VisionOutputs outputs = VisionOutputs::FeaturesOnly,
                                           std::stop_token stop = {}, const Adapter* adapter = nullptr) const;

    // The two halves of it, for a frozen tower whose results are kept.  pixels as above → pooled states [views,
    // mm_tokens_per_image, vision hidden]; these → features [views, mm_tokens_per_image, hidden].  Errors: as above.
    Result<at::Tensor> getVisionStates(const at::Tensor& pixelValues, std::stop_token stop = {},
                                       const Adapter* adapter = nullptr) const;
    Result<at::Tensor> projectVisionStates(const at::Tensor& pooled, const Adapter* adapter = nullptr) const;

    // Inference (no gradient): new tokens behind what `cache` holds; on success the cache holds them too.
    // Errors: InvalidData (an id outside the vocabulary; image features that do not match the image tokens), Usage (more tokens than
    // the cache may hold), Cancelled: the cache then holds the chunks that were finished.
    Result<SequenceOutput> forward(const SequenceInput& input, KvCache& cache, std::stop_token stop = {}) const;

    // The whole forward without a cache; gradients flow if the caller's grad mode is on.
    // Errors: InvalidData as above and for masks with holes, Usage (a stage that needs setInputTensor first), Cancelled.
    Result<ModelOutput> forward(const ModelInput& input, std::stop_token stop = {});
    // The same of a model that others share: on the first stage alone, which takes nothing from setInputTensor.
    Result<ModelOutput> forward(const ModelInput& input, std::stop_token stop = {}) const;

    // Hidden states [batch, tokens, hidden] from the stage before; used by the next forward(ModelInput).
    void setInputTensor(at::Tensor hidden) { m_inputTensor = std::move(hidden); }

    // hidden [n, hidden] after the final norm → logits [n, vocab] in the model's precision.
    [[nodiscard]] at::Tensor logits(const at::Tensor& hidden) const;
    // What `logits` multiplies with, [vocab, hidden]: the tied embedding or a head of its own; and the cap it applies, if any.
    [[nodiscard]] const ops::Weight& outputWeight(const Adapter* adapter = nullptr) const;
    [[nodiscard]] std::optional<double> softcap() const;

    void freeze(const FreezeFlags& flags);

    // Every parameter of this part under its canonical name (core/data/checkpoint/tensor_source.h), in the table's order.
    void visitParameters(const std::function<void(const std::string& name, ops::Weight& weight)>& visit);

private:
    Gemma3VlModel(config::Gemma3Config config, LoadOptions options, distributed::ParallelContext parallel);

    // Errors: Unsupported without a tower, InvalidData unless `views` is [at least one, each…].
    [[nodiscard]] Result<void> checkViews(const char* name, const at::Tensor& views, std::vector<std::int64_t> each) const;
    [[nodiscard]] Result<void> checkPixels(const at::Tensor& pixelValues) const;
    [[nodiscard]] std::int64_t viewsAtOnce() const;
    [[nodiscard]] at::Tensor asInput(const at::Tensor& values) const;  // on the model's device, in its precision

    [[nodiscard]] Result<at::Tensor> embed(const at::Tensor& ids, const at::Tensor& features, const AdapterPass& pass) const;
    // The tower over all views, a few at a time → last hidden states of each few.
    [[nodiscard]] Result<std::vector<at::Tensor>> lookAt(const at::Tensor& pixelValues, const Adapter* adapter, bool recompute,
                                                         const std::stop_token& stop) const;
    // Features [n, hidden] of the input's pictures; undefined where it has none.
    [[nodiscard]] Result<at::Tensor> inputFeatures(const ModelInput& input, const std::stop_token& stop) const;
    // What enters the first layer of the first stage: embeddings with pictures spliced in.
    [[nodiscard]] Result<at::Tensor> firstInput(const ModelInput& input, const at::Tensor& ids,
                                                const std::stop_token& stop) const;
    // The layers of this stage behind what enters them, `hidden` [batch, tokens, hidden].
    [[nodiscard]] Result<ModelOutput> forwardBehind(const at::Tensor& hidden, const at::Tensor& ids, const ModelInput& input,
                                                    const std::stop_token& stop) const;

    config::Gemma3Config m_config;
    LoadOptions m_options;
    distributed::ParallelContext m_parallel;
    std::unique_ptr<Gemma3TextModel> m_text;
    std::unique_ptr<SiglipVisionModel> m_vision;  // first stage of a vision-language model
    std::unique_ptr<MultiModalProjector> m_projector;  // likewise
    at::Tensor m_inputTensor;
};

}  // namespace lapidary::model
