#include "core/engine/model/adapter.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "core/engine/ops/autograd.h"
#include "core/engine/ops/random.h"
#include "core/shared/plan/adapter_match.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::model {
namespace {

constexpr std::size_t kWeightSuffix = 7;  // ".weight"

// A's first values.  kaiming-uniform with a = sqrt(5) has the bound 1 / sqrt(in).
at::Tensor firstA(const plan::AdapterTarget& target, plan::AdapterInit init, std::uint64_t seed) {
    if (init == plan::AdapterInit::Xavier)
        return ops::normalTensor({target.r, target.in}, std::sqrt(2.0 / static_cast<double>(target.r + target.in)), seed);
    const double bound = 1.0 / std::sqrt(static_cast<double>(target.in));
    return ops::uniformTensor({target.r, target.in}, -bound, bound, seed);
}

at::Tensor asFloat(const checkpoint::PeftTensor& stored) {
    const ops::Weight bytes = ops::Weight::stored(stored.format, stored.shape, stored.bytes, stored.owner);
    return bytes.materialize(at::kFloat, at::kCPU).clone();  // never the file's own memory
}

checkpoint::PeftTensor copied(const std::string& name, checkpoint::PeftRole role, const at::Tensor& tensor) {
    const at::Tensor values = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    const auto size = static_cast<std::size_t>(values.numel()) * sizeof(float);
    auto bytes = std::make_shared<std::vector<std::byte>>(size);
    std::memcpy(bytes->data(), values.const_data_ptr<float>(), size);
    const std::span<const std::byte> view(*bytes);
    return {name, role, kernels::BlockFormat::F32, values.sizes().vec(), view, std::move(bytes)};
}

bool isBypassed(const std::string& weight, const plan::AdapterSpec& spec) {
    return spec.postNormBypass && (weight.ends_with(".self_attn.o_proj.weight") || weight.ends_with(".mlp.down_proj.weight"));
}

}  // namespace

// Fills an adapter for one model.
class Adapter::Builder {
public:
    Builder(Gemma3VlModel& model, const plan::AdapterSpec& spec, AdapterUse use)
        : m_device(model.options().device),
          m_type(ops::scalarType(model.options().precision)),
          m_use(use),
          m_embedding(plan::textPrefix(model.config()) + "embed_tokens.weight"),
          m_headName(plan::headName(model.config())),
          m_tied(model.sharesEmbeddingsAndOutputWeights()) {
        m_adapter.m_spec = spec;
        m_adapter.m_visionLanguage = model.config().isVisionLanguage();
        model.visitParameters([&](const std::string& name, ops::Weight& weight) {
            m_ordinals[name] = m_weights.size();
            m_adapter.m_names.push_back(name);
            m_weights.push_back(weight);
        });
        m_adapter.m_deltas.resize(m_weights.size());
        m_adapter.m_replacements.resize(m_weights.size());
    }

    // Null where this stage does not hold it.
    [[nodiscard]] const ops::Weight* find(const std::string& name) const {
        const auto found = m_ordinals.find(name);
        return found == m_ordinals.end() ? nullptr : &m_weights[found->second];
    }

    void addDelta(LowRankDelta delta, bool fresh) {
        const std::size_t ordinal = m_ordinals.at(delta.weight);
        const ops::Weight& weight = m_weights[ordinal];
        delta.dropout = m_adapter.m_spec.dropout;
        delta.place = isBypassed(delta.weight, m_adapter.m_spec) ? DeltaPlace::BehindNorm : DeltaPlace::Inside;
        delta.a = leaf(delta.a, at::kFloat);
        delta.b = leaf(delta.b, at::kFloat);
        if (m_adapter.m_spec.kind == plan::AdapterKind::Dora) {
            delta.squares = rowSquares(weight);
            if (fresh) delta.magnitude = delta.squares.sqrt().to(at::kFloat);
            delta.magnitude = leaf(delta.magnitude, at::kFloat);
            const c10::AutoGradMode noGradient(false);
            if (m_use == AdapterUse::Inference) delta.factor = magnitudeFactor(delta, weight);
        }
        m_adapter.m_deltas[ordinal].push_back(std::move(delta));
    }

    void save(const std::string& name, const at::Tensor& values) {
        const ops::Weight weight = ops::Weight::dense(leaf(values, m_type));
        m_adapter.m_saved.push_back({name, weight});
        if (name == m_headName) m_adapter.m_head = weight;
        if (name == m_embedding && m_tied && m_adapter.m_spec.ensureWeightTying && !m_adapter.m_head.defined())
            m_adapter.m_head = weight;
        if (const auto found = m_ordinals.find(name); found != m_ordinals.end())
            m_adapter.m_replacements[found->second] = weight;
    }

    [[nodiscard]] const std::string& headName() const { return m_headName; }
    [[nodiscard]] const std::string& embeddingName() const { return m_embedding; }
    [[nodiscard]] Adapter take() { return std::move(m_adapter); }

private:
    [[nodiscard]] at::Tensor leaf(const at::Tensor& values, at::ScalarType type) const {
        return values.detach().to(m_device, type).contiguous().requires_grad_(m_use == AdapterUse::Training);
    }

    Adapter m_adapter;
    std::vector<ops::Weight> m_weights;
    std::map<std::string, std::size_t> m_ordinals;
    at::Device m_device;
    at::ScalarType m_type;
    AdapterUse m_use;
    std::string m_embedding;
    std::string m_headName;
    bool m_tied;
};

Result<Adapter> Adapter::create(Gemma3VlModel& model, const plan::AdapterSpec& spec, std::uint64_t seed) {
    const bool untied = !model.sharesEmbeddingsAndOutputWeights();
    ASSIGN_OR_RETURN(const plan::AdapterMatch match, plan::matchAdapter(spec, model.config(), untied));
    Builder builder(model, spec, AdapterUse::Training);
    for (std::size_t i = 0; i < match.targets.size(); ++i) {
        const plan::AdapterTarget& target = match.targets[i];
        if (builder.find(target.module + ".weight") == nullptr) continue;
        LowRankDelta delta;
        delta.weight = target.module + ".weight";
        delta.part = target.part;
        delta.a = firstA(target, spec.init, ops::mixSeed(seed, i));
        delta.b = at::zeros({target.out, target.r}, at::TensorOptions(at::kFloat));
        delta.scaling = target.scaling;
        builder.addDelta(std::move(delta), true);
    }
    for (const plan::Parameter& parameter : match.saved) {
        const ops::Weight* weight = builder.find(parameter.name);
        if (weight == nullptr && parameter.name == builder.headName()) weight = builder.find(builder.embeddingName());
        if (weight == nullptr) continue;
        if (!kernels::isPlain(weight->format())) {
            return Error{ErrorCode::Unsupported,
                         "'" + parameter.name + "' is quantised and cannot be trained as a whole; start from BF16, F16 or F32",
                         "modules_to_save"};
        }
        builder.save(parameter.name, weight->materialize(at::kFloat, at::kCPU).clone());
    }
    return builder.take();
}

Result<Adapter> Adapter::load(Gemma3VlModel& model, const checkpoint::PeftAdapter& stored, AdapterUse use) {
    Builder builder(model, stored.spec, use);
    std::map<std::string, LowRankDelta> deltas;
    for (const checkpoint::PeftTensor& tensor : stored.tensors) {
        const bool isPart = model.part().layerBegin > 0 || !model.part().preProcess || !model.part().postProcess;
        if (builder.find(tensor.name) == nullptr &&
            !(tensor.role == checkpoint::PeftRole::Saved && tensor.name == builder.headName())) {
            if (isPart || model.part().layerEnd >= 0) continue;
            return Error{ErrorCode::InvalidData, "the model has no '" + tensor.name + "' for the adapter to stand beside", ""};
        }
        switch (tensor.role) {
            case checkpoint::PeftRole::A: deltas[tensor.name].a = asFloat(tensor); break;
            case checkpoint::PeftRole::B: deltas[tensor.name].b = asFloat(tensor); break;
            case checkpoint::PeftRole::Magnitude: deltas[tensor.name].magnitude = asFloat(tensor); break;
            case checkpoint::PeftRole::Saved: builder.save(tensor.name, asFloat(tensor)); break;
        }
    }
    for (const plan::Parameter& parameter : plan::parameterTable(model.config())) {  // in the table's order
        const auto found = deltas.find(parameter.name);
        if (found == deltas.end()) continue;
        LowRankDelta& delta = found->second;
        TORCH_CHECK(delta.a.defined() && delta.b.defined(), "openPeftAdapter hands out whole deltas");
        const std::string module = parameter.name.substr(0, parameter.name.size() - kWeightSuffix);
        ASSIGN_OR_RETURN(const plan::AdapterRank rank,
                         plan::adapterRank(stored.spec, plan::peftName(module, stored.visionLanguage)));
        delta.weight = parameter.name;
        delta.part = parameter.part;
        delta.scaling = rank.scaling;
        builder.addDelta(std::move(delta), false);
    }
    return builder.take();
}

Result<Adapter> Adapter::combined(const std::vector<const Adapter*>& adapters) {
    TORCH_CHECK(!adapters.empty(), "no adapter to combine");
    Adapter sum = *adapters.front();
    for (std::size_t i = 1; i < adapters.size(); ++i) {
        const Adapter& other = *adapters[i];
        for (const Saved& saved : other.m_saved) {
            if (sum.savedAs(saved.parameter) != nullptr) {
                return Error{ErrorCode::Usage, "two adapters replace '" + saved.parameter + "'; they cannot be added",
                             "--adapter"};
            }
            sum.m_saved.push_back(saved);
        }
        for (std::size_t ordinal = 0; ordinal < sum.m_deltas.size(); ++ordinal) {
            const auto& more = other.m_deltas[ordinal];
            sum.m_deltas[ordinal].insert(sum.m_deltas[ordinal].end(), more.begin(), more.end());
            if (other.m_replacements[ordinal].defined()) sum.m_replacements[ordinal] = other.m_replacements[ordinal];
        }
        if (other.m_head.defined()) sum.m_head = other.m_head;
    }
    return sum;
}

std::size_t Adapter::deltaCount() const {
    std::size_t count = 0;
    for (const auto& deltas : m_deltas) count += deltas.size();
    return count;
}

std::size_t Adapter::deltasIn(plan::Part part) const {
    std::size_t count = 0;
    for (const auto& deltas : m_deltas) {
        count += static_cast<std::size_t>(
            std::count_if(deltas.begin(), deltas.end(), [&](const LowRankDelta& delta) { return delta.part == part; }));
    }
    return count;
}

bool Adapter::changesTower() const { return deltasIn(plan::Part::Vision) > 0 || savesBelow("vision_tower."); }

bool Adapter::changesPictures() const { return changesTower() || savesBelow("multi_modal_projector."); }

bool Adapter::savesBelow(const char* prefix) const {
    return std::any_of(m_saved.begin(), m_saved.end(), [&](const Saved& saved) { return saved.parameter.starts_with(prefix); });
}

void Adapter::visitParameters(const std::function<void(const std::string& name, at::Tensor& parameter)>& visit) {
    const auto named = [&](const std::string& weight, checkpoint::PeftRole role) {
        return checkpoint::peftTensorName({.name = weight, .role = role, .shape = {}, .bytes = {}, .owner = {}},
                                          m_visionLanguage);
    };
    for (std::vector<LowRankDelta>& deltas : m_deltas) {
        for (LowRankDelta& delta : deltas) {
            visit(named(delta.weight, checkpoint::PeftRole::A), delta.a);
            visit(named(delta.weight, checkpoint::PeftRole::B), delta.b);
            if (delta.isDora()) visit(named(delta.weight, checkpoint::PeftRole::Magnitude), delta.magnitude);
        }
    }
    for (Saved& saved : m_saved) {
        at::Tensor tensor = saved.weight.tensor();
        visit(named(saved.parameter, checkpoint::PeftRole::Saved), tensor);
        TORCH_CHECK(tensor.is_same(saved.weight.tensor()), "a saved module's tensor is written in place, not replaced");
    }
}

checkpoint::PeftAdapter Adapter::toPeft(const std::string& baseModel) const {
    checkpoint::PeftAdapter stored;
    stored.spec = m_spec;
    stored.baseModel = baseModel;
    stored.visionLanguage = m_visionLanguage;
    for (const auto& deltas : m_deltas) {
        for (const LowRankDelta& delta : deltas) {
            stored.tensors.push_back(copied(delta.weight, checkpoint::PeftRole::A, delta.a));
            stored.tensors.push_back(copied(delta.weight, checkpoint::PeftRole::B, delta.b));
            if (delta.isDora())
                stored.tensors.push_back(copied(delta.weight, checkpoint::PeftRole::Magnitude, delta.magnitude));
        }
    }
    for (const Saved& saved : m_saved)
        stored.tensors.push_back(copied(saved.parameter, checkpoint::PeftRole::Saved, saved.weight.tensor()));
    return stored;
}

void Adapter::setTraining(bool training, std::uint64_t seed) {
    m_training = training;
    m_seed = seed;
}

std::vector<const LowRankDelta*> Adapter::deltasOf(const std::string& weight) const {
    std::vector<const LowRankDelta*> found;
    for (std::size_t ordinal = 0; ordinal < m_names.size(); ++ordinal) {
        if (m_names[ordinal] != weight) continue;
        for (const LowRankDelta& delta : m_deltas[ordinal]) found.push_back(&delta);
    }
    return found;
}

const ops::Weight* Adapter::savedAs(const std::string& parameter) const {
    const auto found =
        std::find_if(m_saved.begin(), m_saved.end(), [&](const Saved& saved) { return saved.parameter == parameter; });
    return found == m_saved.end() ? nullptr : &found->weight;
}

std::vector<std::string> Adapter::touched() const {
    std::vector<std::string> names;
    for (std::size_t ordinal = 0; ordinal < m_names.size(); ++ordinal) {
        if (!m_deltas[ordinal].empty()) names.push_back(m_names[ordinal]);
    }
    for (const Saved& saved : m_saved) names.push_back(saved.parameter);
    return names;
}

const ops::Weight& Adapter::replacing(const ops::Weight& own) const {
    TORCH_CHECK(own.ordinal() >= 0, "a parameter of a model that was not loaded as one");
    const ops::Weight& replacement = m_replacements[static_cast<std::size_t>(own.ordinal())];
    return replacement.defined() ? replacement : own;
}

const std::vector<LowRankDelta>& Adapter::deltasBeside(const ops::Weight& own) const {
    TORCH_CHECK(own.ordinal() >= 0, "a parameter of a model that was not loaded as one");
    return m_deltas[static_cast<std::size_t>(own.ordinal())];
}

std::uint64_t Adapter::dropSeed(const ops::Weight& own, std::uint64_t use) const {
    if (!m_training || m_spec.dropout <= 0.0) return 0;
    const std::uint64_t seed = ops::mixSeed(ops::mixSeed(m_seed, static_cast<std::uint64_t>(own.ordinal())), use);
    return seed != 0 ? seed : 1;  // 0 means no dropout
}

const ops::Weight& AdapterPass::of(const ops::Weight& own) const { return adapter == nullptr ? own : adapter->replacing(own); }

at::Tensor AdapterPass::withDeltas(const at::Tensor& x, const at::Tensor& y, const ops::Weight& weight, const at::Tensor& bias,
                                   DeltaPlace place) const {
    if (adapter == nullptr) return y;
    at::Tensor result = y;
    for (const LowRankDelta& delta : adapter->deltasBeside(weight)) {
        if (delta.place == place) result = addDelta(delta, x, result, weight, bias, adapter->dropSeed(weight, use));
    }
    return result;
}

std::vector<at::Tensor> AdapterPass::learning(const std::vector<ops::Weight>& parameters) const {
    std::vector<at::Tensor> tensors;
    const auto add = [&](const at::Tensor& tensor) {
        if (tensor.defined() && tensor.requires_grad()) tensors.push_back(tensor);
    };
    for (const ops::Weight& parameter : parameters) {
        add(of(parameter).tensor());
        if (adapter == nullptr) continue;
        for (const LowRankDelta& delta : adapter->deltasBeside(parameter)) {
            add(delta.a);
            add(delta.b);
            add(delta.magnitude);
        }
    }
    return tensors;
}

}  // namespace lapidary::model
