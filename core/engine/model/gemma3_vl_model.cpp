#include "core/engine/model/gemma3_vl_model.h"

#include <ATen/ops/cat.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/data/checkpoint/quantize_source.h"
#include "core/engine/model/gemma3_text_model.h"
#include "core/engine/model/multi_modal_projector.h"
#include "core/engine/model/siglip_vision_model.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::model {
namespace {

// NOTE [Views at once]: on a CPU one view of a released model (4,096 patches) fills the machine, and its activations are the peak of
// reading a picture.  Views of a small tower go together while it learns, or each would add its own gradient to every weight.
// Without gradients they go one by one: the states of a view are then the same bits in whatever company it came.
constexpr std::int64_t kPatchesAtOnceCpu = 4096;
constexpr std::int64_t kPatchesAtOnceGpu = 8 * 4096;

Result<void> checkPart(const config::Gemma3Config& config, const ModelPart& part) {
    const std::int64_t layers = config.text.numHiddenLayers;
    const std::int64_t end = part.layerEnd < 0 ? layers : part.layerEnd;
    if (part.layerBegin < 0 || part.layerBegin > end || end > layers) {
        return Error{ErrorCode::Usage,
                     "a stage of layers " + std::to_string(part.layerBegin) + " to " + std::to_string(end) +
                         " of a model with " + std::to_string(layers),
                     ""};
    }
    if (config.text.hiddenActivation != "gelu_pytorch_tanh") {
        return Error{ErrorCode::Unsupported,
                     "hidden_activation is '" + config.text.hiddenActivation + "'; Gemma 3 has 'gelu_pytorch_tanh'", ""};
    }
    return {};
}

// The source with its matrices quantised on request, or null.  It borrows `source` and must not outlive it.
Result<std::shared_ptr<checkpoint::TensorSource>> quantisedSource(const config::Gemma3Config& config,
                                                                  const checkpoint::TensorSource& source,
                                                                  const LoadOptions& options) {
    if (!options.quantize) return std::shared_ptr<checkpoint::TensorSource>();
    const std::shared_ptr<checkpoint::TensorSource> borrowed(std::shared_ptr<void>(),
                                                             const_cast<checkpoint::TensorSource*>(&source));
    return checkpoint::quantizeSource(borrowed, config, source.contains(plan::headName(config)), *options.quantize);
}

std::string partOf(const std::string& name) {
    if (name.starts_with("vision_tower.")) return "vision";
    return name.starts_with("multi_modal_projector.") ? "projection" : "language";
}

}  // namespace

Gemma3VlModel::Gemma3VlModel(config::Gemma3Config config, LoadOptions options, distributed::ParallelContext parallel)
    : m_config(std::move(config)), m_options(std::move(options)), m_parallel(std::move(parallel)) {}

Gemma3VlModel::~Gemma3VlModel() = default;

Result<std::shared_ptr<Gemma3VlModel>> Gemma3VlModel::load(const config::Gemma3Config& config,
                                                           const checkpoint::TensorSource& source, const LoadOptions& options,
                                                           distributed::ParallelContext parallel) {
    RETURN_IF_ERROR(checkPart(config, options.part));
    std::shared_ptr<Gemma3VlModel> model(new Gemma3VlModel(config, options, std::move(parallel)));
    ASSIGN_OR_RETURN(const auto quantised, quantisedSource(config, source, options));
    const ParameterLoader loader(quantised != nullptr ? *quantised : source, model->m_options);
    ASSIGN_OR_RETURN(model->m_text, Gemma3TextModel::load(loader, config));
    if (config.isVisionLanguage() && options.part.preProcess) {
        ASSIGN_OR_RETURN(model->m_vision, SiglipVisionModel::load(loader, *config.vision));
        ASSIGN_OR_RETURN(model->m_projector, MultiModalProjector::load(loader, config));
    }
    int ordinal = 0;
    model->visitParameters([&](const std::string&, ops::Weight& weight) { weight.setOrdinal(ordinal++); });
    return model;
}

std::int64_t Gemma3VlModel::vocabSize() const { return m_config.text.vocabSize; }

bool Gemma3VlModel::sharesEmbeddingsAndOutputWeights() const {
    return !m_text->hasOwnHead() && m_config.text.tieWordEmbeddings;
}

ops::Weight Gemma3VlModel::sharedEmbeddingOrOutputWeight() const {
    return sharesEmbeddingsAndOutputWeights() ? m_text->embedding() : ops::Weight();
}

KvCache Gemma3VlModel::makeCache(std::int64_t rows, std::int64_t maxTokens, std::int64_t pastTokens) const {
    return KvCache(m_config.text, {.rows = rows,
                                   .maxTokens = maxTokens,
                                   .dtype = ops::scalarType(m_options.precision),
                                   .device = m_options.device,
                                   .layerBegin = m_options.part.layerBegin,
                                   .layerEnd = m_options.part.layerEnd,
                                   .pastTokens = pastTokens});
}

rules::VisibleKeys Gemma3VlModel::visibleKeys(std::span<const std::int64_t> ids, std::int64_t firstKey) const {
    const config::TextConfig& text = m_config.text;
    return {text.effectiveWindow(), firstKey, rules::imageSpans(ids, m_config.imageTokenIndex), text.useBidirectionalAttention};
}

Result<at::Tensor> Gemma3VlModel::visibleKeysMask(const at::Tensor& ids, const at::Tensor& attentionMask,
                                                  config::LayerType type) const {
    const std::int64_t tokens = ids.size(1);
    ASSIGN_OR_RETURN(const std::vector<RowLayout> rows,
                     rowLayouts(ids, attentionMask, {}, {}, ids.size(0), tokens, m_config.imageTokenIndex));
    return ops::intervalMask(rowIntervals(rows, m_config.text, type, 0, tokens), 0, tokens, m_options.device).unsqueeze(1);
}

Result<void> Gemma3VlModel::checkViews(const char* name, const at::Tensor& views, std::vector<std::int64_t> each) const {
    if (m_vision == nullptr) return Error{ErrorCode::Unsupported, "this model has no vision tower: it reads no pictures", ""};
    std::string text = "[views";
    for (const std::int64_t size : each) text += ", " + std::to_string(size);
    each.insert(each.begin(), views.dim() > 0 ? views.size(0) : 0);
    if (views.sizes() == at::IntArrayRef(each) && each.front() > 0) return {};
    return Error{ErrorCode::InvalidData, std::string(name) + " is not of the shape " + text + "]", ""};
}

Result<void> Gemma3VlModel::checkPixels(const at::Tensor& pixelValues) const {
    const config::VisionConfig vision = m_config.vision.value_or(config::VisionConfig{});
    return checkViews("pixel_values", pixelValues, {vision.numChannels, vision.imageSize, vision.imageSize});
}

Result<std::vector<at::Tensor>> Gemma3VlModel::lookAt(const at::Tensor& pixelValues, const Adapter* adapter, bool recompute,
                                                      const std::stop_token& stop) const {
    std::vector<at::Tensor> states;
    for (const at::Tensor& views : pixelValues.split(viewsAtOnce())) {
        const AdapterPass pass{adapter, states.size()};
        const at::Tensor pixels = asInput(views);
        ASSIGN_OR_RETURN(at::Tensor hidden, recompute ? m_vision->forwardRecomputing(pixels, pass, stop)
                                                      : m_vision->forward(pixels, nullptr, pass, stop));
        states.push_back(std::move(hidden));
    }
    return states;
}

Result<at::Tensor> Gemma3VlModel::getVisionStates(const at::Tensor& pixelValues, std::stop_token stop,
                                                  const Adapter* adapter) const {
    RETURN_IF_ERROR(checkPixels(pixelValues));
    ASSIGN_OR_RETURN(std::vector<at::Tensor> states, lookAt(pixelValues, adapter, false, stop));
    for (at::Tensor& few : states) few = m_projector->pool(few);
    return at::cat(states, 0);
}

Result<at::Tensor> Gemma3VlModel::projectVisionStates(const at::Tensor& pooled, const Adapter* adapter) const {
    const std::int64_t width = m_config.vision.value_or(config::VisionConfig{}).hiddenSize;
    RETURN_IF_ERROR(checkViews("vision states", pooled, {m_config.mmTokensPerImage, width}));
    return m_projector->project(asInput(pooled), {adapter});
}

std::int64_t Gemma3VlModel::viewsAtOnce() const {
    const bool onCpu = m_options.device.is_cpu();
    if (onCpu && !c10::GradMode::is_enabled()) return 1;
    return std::max<std::int64_t>(1, (onCpu ? kPatchesAtOnceCpu : kPatchesAtOnceGpu) / m_config.vision->numPatches());
}

at::Tensor Gemma3VlModel::asInput(const at::Tensor& values) const {
    return values.to(m_options.device, ops::scalarType(m_options.precision));
}

Result<ImageFeatures> Gemma3VlModel::getImageFeatures(const at::Tensor& pixelValues, VisionOutputs outputs,
                                                      std::stop_token stop, const Adapter* adapter) const {
    RETURN_IF_ERROR(checkPixels(pixelValues));
    const bool everything = outputs == VisionOutputs::WithAttentions;
    std::vector<at::Tensor> features, states;
    std::vector<std::vector<at::Tensor>> attentions(static_cast<std::size_t>(m_config.vision->numHiddenLayers));
    for (const at::Tensor& views : pixelValues.split(viewsAtOnce())) {
        const AdapterPass pass{adapter, features.size()};
        std::vector<at::Tensor> weights;
        ASSIGN_OR_RETURN(const at::Tensor hidden,
                         m_vision->forward(asInput(views), everything ? &weights : nullptr, pass, stop));
        features.push_back(m_projector->forward(hidden, pass));
        if (everything) states.push_back(hidden);
        for (std::size_t layer = 0; layer < weights.size(); ++layer) attentions[layer].push_back(weights[layer]);
    }
    ImageFeatures result{.features = at::cat(features, 0), .lastHiddenState = {}, .attentions = {}};
    if (everything) {
        result.lastHiddenState = at::cat(states, 0);
        for (const auto& layer : attentions) result.attentions.push_back(at::cat(layer, 0));
    }
    return result;
}

at::Tensor Gemma3VlModel::logits(const at::Tensor& hidden) const {
    TORCH_CHECK(m_options.part.postProcess, "this stage has no head");
    return m_text->logits(hidden);
}

const ops::Weight& Gemma3VlModel::outputWeight(const Adapter* adapter) const { return m_text->outputWeight({adapter}); }

std::optional<double> Gemma3VlModel::softcap() const { return m_text->softcap(); }

void Gemma3VlModel::freeze(const FreezeFlags& flags) {
    visitParameters([&](const std::string& name, ops::Weight& weight) {
        const std::string part = partOf(name);
        const bool frozen = (part == "vision" && flags.freezeVisionModel) ||
                            (part == "projection" && flags.freezeVisionProjection) ||
                            (part == "language" && flags.freezeLanguageModel);
        if (frozen) weight.setRequiresGrad(false);
    });
}

void Gemma3VlModel::visitParameters(const std::function<void(const std::string& name, ops::Weight& weight)>& visit) {
    m_text->visitParameters(plan::textPrefix(m_config), plan::headName(m_config), visit);
    if (m_vision != nullptr) m_vision->visitParameters(visit);
    if (m_projector != nullptr) m_projector->visitParameters(visit);
}

}  // namespace lapidary::model
