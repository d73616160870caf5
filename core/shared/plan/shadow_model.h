// The model's whole forward on tensors without numbers (core/engine/model/gemma3_vl_forward.cpp), built of its parameters by name.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/shared/config/gemma3_config.h"
#include "core/shared/plan/shadow_operations.h"

namespace lapidary::plan::shadow {

// By canonical names; deltas by the module that they stand beside.
struct Parameters {
    std::unordered_map<std::string, Weight> weights;
    std::unordered_map<std::string, Delta> deltas;
};

// A micro-batch.
struct Batch {
    std::int64_t rows = 1;
    std::int64_t tokens = 0;  // of a row, padding included
    std::int64_t answers = 0;  // places with a target
    std::int64_t views = 0;
    std::int64_t width = kFloat;  // bytes of an activation's number
    bool packed = false;
    bool statesKept = false;  // the frozen tower's results come from the disk
    bool recomputes = false;  // activation checkpointing
    std::int64_t threads = 1;  // of the run
};

class Model {
public:
    // `parameters`: outlive the model.
    Model(Tape& tape, const config::Gemma3Config& config, const Parameters& parameters);

    // Hidden states at the answers [answers, hidden].
    Tensor forward(const Batch& batch);
    // The tower's states of all views, pooled: [views, mm_tokens_per_image, vision hidden].
    Tensor visionStates(const Batch& batch);

private:
    [[nodiscard]] Weight weight(const std::string& name) const;
    [[nodiscard]] Tensor vector(const std::string& name) const;
    [[nodiscard]] Linear module(const std::string& name) const;
    [[nodiscard]] Tensors learning(const std::string& prefix) const;

    Tensor features(const Batch& batch);
    std::vector<Tensor> lookAt(const Batch& batch);
    Tensor tower(const Batch& batch, std::int64_t views);
    Tensor towerLayer(const Tensor& x, const std::string& name, std::int64_t views);
    Tensor pool(const Tensor& states);
    Tensor together(const std::vector<Tensor>& parts);
    Tensor project(const Tensor& pooled);
    Tensor text(const Tensor& embedded, const Batch& batch);
    Tensor decoderLayer(const Tensor& x, std::int64_t layer, const Batch& batch);
    Tensor attended(const Tensor& x, const std::string& name, std::int64_t layer, const Batch& batch);
    Tensor feedForward(const Tensor& x, const std::string& name);

    Tape& m_tape;
    const config::Gemma3Config& m_config;
    const Parameters& m_parameters;
    Operations m_ops;
    std::string m_prefix;
};

}  // namespace lapidary::plan::shadow
