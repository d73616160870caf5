#include "core/shared/plan/training_forecast.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/shared/plan/recipe_rules.h"
#include "core/shared/plan/shadow_model.h"

namespace lapidary::plan {
namespace {

using shadow::Item;
using shadow::kBfloat16;
using shadow::kFloat;
using shadow::Tensor;

constexpr std::int64_t kScratchBytes = 4 << 20;  // core/engine/ops/stored_product.cpp
constexpr std::int64_t kEightBitBlock = 256;  // kernels/adam_w.h
constexpr std::int64_t kSmallestEightBit = 4096;  // core/engine/train/adam_w.cpp
constexpr std::int64_t kDouble = 8;
constexpr std::int64_t kColours = 3;
constexpr std::int64_t kDefaultCrops = 4;  // specification 5.3
// Enough for everything that recurs to have come.
constexpr int kSteps = 2;
constexpr std::int64_t kMicroBatches = 2;

constexpr const char* kNames[] = {"weights",  "master weights", "gradients",          "optimizer states", "adapter",
                                  "pictures", "activations",    "vision activations", "logits",           "working memory"};
static_assert(std::size(kNames) == shadow::kItems);

bool isVector(Kind kind) { return kind == Kind::Norm || kind == Kind::Bias || kind == Kind::Positions; }

// A run on tensors without numbers: what core/engine/train holds, and its steps.
class Forecaster {
public:
    Forecaster(const config::Gemma3Config& config, const TrainingForecastSettings& settings)
        : m_config(config),
          m_settings(settings),
          m_width(settings.precision == Precision::Float32 ? kFloat : kBfloat16),
          m_tape(m_ledger) {}

    TrainingForecast forecast() {
        for (const Parameter& parameter : parameterTable(m_config, m_settings.untiedHead)) addParameter(parameter);
        if (m_settings.adapter != nullptr) addAdapter(*m_settings.adapter);
        for (Learned& each : m_learned) addStates(each);
        shadow::Model model(m_tape, m_config, m_parameters);
        for (int i = 0; i < kSteps; ++i) step(model);
        save();
        return {told(), m_mapped, m_numbers};
    }

private:
    // A tensor that learns, and what the optimizer holds for it.
    struct Learned {
        Tensor tensor;
        std::vector<Tensor> states;
        Tensor sum;  // of bfloat16 gradients, float32
    };

    [[nodiscard]] MemoryForecast told() const {
        MemoryForecast memory;
        for (std::size_t i = 0; i < shadow::kItems; ++i) {
            if (m_ledger.peak()[i] > 0) memory.items.push_back({kNames[i], m_ledger.peak()[i]});
        }
        const TrainingCosts& costs = m_settings.costs;
        const std::int64_t program = costs.programBytes + costs.pieceBytes * m_config.text.vocabSize +
                                     (m_settings.precision == Precision::Float32 ? 0 : costs.bfloat16Bytes) +
                                     std::llround(static_cast<double>(m_ledger.peakBytes()) * (costs.allocatorOverhead - 1.0));
        if (program > 0) memory.items.push_back({"program", program});
        return memory;
    }

    Tensor make(Item item, std::int64_t elements, std::int64_t width) {
        const shadow::Tape::Scope scope(m_tape, item);
        return m_tape.make(elements, width);
    }

    Tensor learning(Item item, std::int64_t elements, std::int64_t width) {
        Tensor tensor = m_tape.leaf(make(item, elements, width));
        m_learned.push_back({tensor, {}, {}});
        m_numbers += elements;
        return tensor;
    }

    // As core/engine/model/parameter_loader.cpp decides.
    void addParameter(const Parameter& parameter) {
        const std::int64_t elements = parameter.elements();
        const std::int64_t stored = m_settings.weightBytes ? m_settings.weightBytes(parameter) : elements * kBfloat16;
        const bool isFloat = stored == elements * kFloat;
        const bool learns = m_settings.freeze.trainsWeights(parameter.part);
        const bool rounded = isFloat && m_width == kBfloat16;
        Tensor tensor{nullptr, nullptr, elements, isFloat ? kFloat : kBfloat16};
        if (learns) {
            tensor = learning(Item::Weights, elements, m_width);
        } else if (isVector(parameter.kind) || rounded) {
            tensor = make(Item::Weights, elements, m_width);
        } else {
            m_mapped += stored;
        }
        if (tensor.storage != nullptr) m_held.push_back(tensor);
        if (learns && tensor.bytes() != stored) m_largestSaved = std::max(m_largestSaved, stored);
        const std::int64_t rows = parameter.shape.front(), cols = elements / rows;
        m_parameters.weights[parameter.name] = {tensor, rows, cols, scratch(tensor, rows, cols)};
        if (parameter.kind == Kind::Embedding || parameter.name == headName(m_config))
            m_head = m_parameters.weights[parameter.name];
    }

    // A module that an adapter replaces; a tied head goes on with what was there unless it is replaced itself.
    void addSaved(const Parameter& parameter) {
        const std::int64_t rows = parameter.shape.front(), cols = parameter.elements() / rows;
        const Tensor tensor = learning(Item::Weights, parameter.elements(), m_width);
        const shadow::Weight weight{tensor, rows, cols, scratch(tensor, rows, cols)};
        if (parameter.name == headName(m_config)) m_head = weight;
        if (const auto found = m_parameters.weights.find(parameter.name); found != m_parameters.weights.end())
            found->second = weight;
    }

    // Bytes of the block in which the rows of a matrix become float32.
    static std::int64_t scratch(const Tensor& tensor, std::int64_t rows, std::int64_t cols) {
        if (tensor.width == kFloat) return 0;
        return std::clamp<std::int64_t>(kScratchBytes / (kFloat * cols), 1, rows) * cols * kFloat;
    }

    shadow::Weight factor(std::int64_t rows, std::int64_t cols) {
        return {learning(Item::Adapter, rows * cols, kFloat), rows, cols, 0};
    }

    void addAdapter(const AdapterMatch& match) {
        for (const Parameter& parameter : match.saved) addSaved(parameter);
        for (const AdapterTarget& target : match.targets) {
            shadow::Delta delta{factor(target.r, target.in), factor(target.out, target.r), {}, m_settings.adapterDropout > 0.0};
            if (m_settings.adapterKind == AdapterKind::Dora) {
                delta.magnitude = learning(Item::Adapter, target.out, kFloat);
                m_held.push_back(make(Item::Adapter, target.out, kDouble));  // squares of W's rows
            }
            m_parameters.deltas[target.module] = std::move(delta);
        }
    }

    // core/engine/train/adam_w.cpp
    void addStates(Learned& learned) {
        const std::int64_t elements = learned.tensor.elements;
        const bool eightBit = m_settings.states == StateDtype::EightBit && elements >= kSmallestEightBit;
        const std::int64_t blocks = eightBit ? (elements + kEightBitBlock - 1) / kEightBitBlock : 0;
        learned.states.push_back(make(Item::States, 2 * elements, eightBit ? 1 : kFloat));
        learned.states.push_back(make(Item::States, 2 * blocks, kFloat));
        if (learned.tensor.width != kFloat) learned.states.push_back(make(Item::MasterWeights, elements, kFloat));
    }

    // core/engine/train/trainer.cpp and run_loop.cpp: all micro-batches of a step are made before it.
    void step(shadow::Model& model) {
        const std::int64_t side = m_config.vision ? m_config.vision->imageSize : 0;
        const std::int64_t pixels = m_settings.views * kColours * side * side;
        m_pixels.clear();
        for (std::int64_t i = 0; i < m_settings.microBatches; ++i) {
            const Tensor samples = std::exchange(m_next, make(Item::Pictures, pixels, 1));
            m_pixels.push_back(make(Item::Pictures, pixels, kFloat));
        }
        for (Learned& each : m_learned) {
            each.tensor.node->gradient = {};
            each.sum = {};
        }
        for (std::int64_t i = 0; i < std::min(m_settings.microBatches, kMicroBatches); ++i) {
            accumulate(model);
            collect();
        }
        for (const Learned& each : m_learned) {
            if (each.tensor.node->gradient.defined() || each.sum.defined()) continue;
            m_tape.moment(each.tensor.elements * kFloat);  // zeros
        }
    }

    void accumulate(shadow::Model& model) {
        shadow::Batch batch;
        batch.rows = m_settings.rows;
        batch.tokens = m_settings.tokens;
        batch.answers = m_settings.answerTokens;
        batch.views = m_settings.views;
        batch.width = m_width;
        batch.packed = m_settings.packed;
        batch.statesKept = m_settings.visionStatesCached;
        batch.recomputes = m_settings.activationCheckpointing;
        batch.threads = m_settings.threads;
        if (m_settings.task == TrainTask::TowerLabels) {  // its heads are small
            batch.recomputes = false;
            const Tensor states = model.visionStates(batch);
            if (states.learns()) m_tape.backward(states, m_tape.like(states));
            return;
        }
        const Tensor hidden = model.forward(batch);
        const Tensor gradient = loss(hidden);
        if (hidden.learns()) m_tape.backward(hidden, gradient);
    }

    // core/engine/train/blockwise_loss.cpp
    Tensor loss(const Tensor& hidden) {
        const shadow::Tape::Scope scope(m_tape, Item::Logits);
        const std::int64_t vocab = m_config.text.vocabSize;
        const std::int64_t rows =
            std::clamp<std::int64_t>(m_settings.lossBlockBytes / (kFloat * vocab), 1, m_settings.answerTokens);
        const shadow::Weight& weight = m_head;
        const Tensor gradient = m_tape.make(hidden.elements);
        Tensor headGradient;
        if (weight.tensor.learns()) {
            Tensor& sum = weight.tensor.node->gradient;
            headGradient = sum.defined() && sum.width == kFloat ? sum : make(Item::Gradients, weight.tensor.elements, kFloat);
        }
        const Tensor logits = m_tape.make(rows * vocab);
        m_tape.moment(weight.scratch + (hidden.width == kFloat ? 0 : rows * m_config.text.hiddenSize * kFloat));
        if (headGradient.defined()) {
            Tensor& sum = weight.tensor.node->gradient;
            if (weight.tensor.width == kFloat) {
                sum = headGradient;
            } else {
                const Tensor mine = make(Item::Gradients, weight.tensor.elements, kBfloat16);
                sum = sum.defined() ? make(Item::Gradients, weight.tensor.elements, kBfloat16) : mine;
            }
        }
        return hidden.width == kFloat ? gradient : m_tape.make(hidden.elements, hidden.width);
    }

    // AdamW::collectGradients
    void collect() {
        for (Learned& each : m_learned) {
            Tensor& gradient = each.tensor.node->gradient;
            if (!gradient.defined() || gradient.width == kFloat) continue;
            const Tensor wide = make(Item::Gradients, gradient.elements, kFloat);
            each.sum = each.sum.defined() ? make(Item::Gradients, gradient.elements, kFloat) : wide;
            gradient = {};
        }
    }

    // A tensor at a time in the file's own form; an adapter as a whole.
    void save() {
        std::int64_t adapter = 0;
        if (m_settings.adapter != nullptr) adapter = m_settings.adapter->parameters(m_settings.adapterKind) * kFloat;
        m_tape.moment(std::max(m_largestSaved, adapter));
    }

    const config::Gemma3Config& m_config;
    const TrainingForecastSettings& m_settings;
    std::int64_t m_width;
    shadow::Ledger m_ledger;
    shadow::Tape m_tape;
    shadow::Parameters m_parameters;
    shadow::Weight m_head;
    std::vector<Tensor> m_held;  // what does not learn and is private
    std::vector<Learned> m_learned;
    std::vector<Tensor> m_pixels;
    Tensor m_next;  // samples that were made ready
    std::int64_t m_mapped = 0;
    std::int64_t m_numbers = 0;
    std::int64_t m_largestSaved = 0;
};

}  // namespace

SampleExtent largestSample(const Recipe& recipe, bool visionLanguage) {
    SampleExtent sample{recipe.model.seqLength, recipe.model.seqLength / 2, visionLanguage ? 1 : 0};
    if (visionLanguage && recipe.dataset.doPanAndScan.value_or(false))
        sample.views += recipe.dataset.panAndScanMaxNumCrops.value_or(kDefaultCrops);
    return sample;
}

TrainingForecastSettings forecastSettings(const Recipe& recipe, const FreezePlan& freeze, const SampleExtent& sample) {
    TrainingForecastSettings settings;
    settings.freeze = freeze;
    if (recipe.peft) {
        settings.adapterKind = recipe.peft->peftScheme == PeftScheme::Dora ? AdapterKind::Dora : AdapterKind::Lora;
        settings.adapterDropout = recipe.peft->dropout;
    }
    settings.precision = recipe.mixedPrecision;
    settings.states = recipe.optimizer.stateDtype;
    settings.task = recipe.train.task;
    settings.activationCheckpointing = recomputesActivations(recipe);
    settings.rows = recipe.train.microBatchSize;
    settings.microBatches = std::max<std::int64_t>(1, recipe.train.globalBatchSize / settings.rows);
    settings.tokens = sample.tokens;
    settings.answerTokens = settings.rows * sample.answers;
    settings.views = settings.rows * sample.views;
    settings.packed = recipe.dataset.datasetType == DatasetType::Scenes;
    settings.visionStatesCached = recipe.dataset.cacheVisionFeatures && freeze.vision == Training::Frozen && !settings.packed;
    return settings;
}

TrainingForecast forecastTraining(const config::Gemma3Config& config, const TrainingForecastSettings& settings) {
    return Forecaster(config, settings).forecast();
}

}  // namespace lapidary::plan
