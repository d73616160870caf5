// A low-rank adapter beside one model: deltas of linear layers (LoRA, DoRA) and modules saved as a whole.  It never changes the model
// and belongs to the forward that names it, so two sequences on one model may use different ones, or none.
// Lives on the model's thread; must outlive the backward pass of forwards that used it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/data/checkpoint/peft_adapter.h"
#include "core/engine/model/gemma3_vl_model.h"
#include "core/engine/model/low_rank_delta.h"
#include "core/shared/base/result.h"
#include "core/shared/plan/adapter_spec.h"

namespace lapidary::model {

enum class AdapterUse : std::uint8_t { Inference, Training };

class Adapter {
public:
    // Fresh, for training: A random, B zero, magnitudes the rows' norms, saved modules copies of the model's; the model computes
    // what it computed without.  A pipeline stage gets its own part.  Errors: matchAdapter's; Unsupported for saved modules that are
    // quantised.
    static Result<Adapter> create(Gemma3VlModel& model, const plan::AdapterSpec& spec, std::uint64_t seed);
    // As stored.  For training, everything requires a gradient.  Errors: InvalidData for a tensor that the model does not have.
    static Result<Adapter> load(Gemma3VlModel& model, const checkpoint::PeftAdapter& stored,
                                AdapterUse use = AdapterUse::Inference);
    // Several at once, each added as peft adds active adapters, in order.  Errors: Usage when two save the same module.
    static Result<Adapter> combined(const std::vector<const Adapter*>& adapters);

    [[nodiscard]] const plan::AdapterSpec& spec() const { return m_spec; }
    [[nodiscard]] std::size_t deltaCount() const;
    [[nodiscard]] std::size_t deltasIn(plan::Part part) const;
    // Whether the tower sees differently with it: states that were computed without it do not serve.
    [[nodiscard]] bool changesTower() const;
    // Whether pictures look different with it: features that were computed without it do not serve.
    [[nodiscard]] bool changesPictures() const;

    // Every tensor that learns, under the name that peft gives it on disk
    // ("base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight"), in the table's order.
    void visitParameters(const std::function<void(const std::string& name, at::Tensor& parameter)>& visit);
    // Copies, as they are now; `baseModel` is what the file will name.
    [[nodiscard]] checkpoint::PeftAdapter toPeft(const std::string& baseModel) const;

    // Dropout acts only while training; the seed decides alone what is dropped, so each micro-batch wants its own.
    void setTraining(bool training, std::uint64_t seed = 0);

    // For merging: the deltas of a weight, and what replaces a parameter (null: nothing), by canonical name.
    [[nodiscard]] std::vector<const LowRankDelta*> deltasOf(const std::string& weight) const;
    [[nodiscard]] const ops::Weight* savedAs(const std::string& parameter) const;
    // Everything it touches, by canonical name, in the table's order.
    [[nodiscard]] std::vector<std::string> touched() const;

    // What AdapterPass asks.
    [[nodiscard]] const ops::Weight& replacing(const ops::Weight& own) const;
    [[nodiscard]] const std::vector<LowRankDelta>& deltasBeside(const ops::Weight& own) const;
    [[nodiscard]] const ops::Weight* savedHead() const { return m_head.defined() ? &m_head : nullptr; }
    [[nodiscard]] std::uint64_t dropSeed(const ops::Weight& own, std::uint64_t use) const;

private:
    struct Saved {
        std::string parameter;
        ops::Weight weight;
    };
    class Builder;

    [[nodiscard]] bool savesBelow(const char* prefix) const;

    plan::AdapterSpec m_spec;
    bool m_visionLanguage = false;
    bool m_training = false;
    std::uint64_t m_seed = 0;
    std::vector<std::vector<LowRankDelta>> m_deltas;  // by ordinal of the weight
    std::vector<ops::Weight> m_replacements;  // by ordinal; undefined: the model's own
    std::vector<std::string> m_names;  // canonical, by ordinal
    std::vector<Saved> m_saved;  // in the table's order
    ops::Weight m_head;  // a saved head, tied or not
};

}  // namespace lapidary::model
