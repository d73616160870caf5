// The SigLIP tower (specification 4.1): patches, learned positions, pre-norm layers with full attention, a last LayerNorm.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <stop_token>
#include <vector>

#include "core/engine/model/linear.h"
#include "core/shared/config/vision_config.h"

namespace lapidary::model {

// An ordinary LayerNorm's parameters.
struct LayerNorm {
    ops::Weight weight;
    ops::Weight bias;

    static Result<LayerNorm> load(const ParameterLoader& loader, const std::string& name, std::int64_t size);
    [[nodiscard]] at::Tensor forward(const at::Tensor& x, double eps, const AdapterPass& pass) const;
    void visitParameters(const std::string& name, const ParameterVisitor& visit);
};

class SiglipVisionModel {
public:
    static Result<std::unique_ptr<SiglipVisionModel>> load(const ParameterLoader& loader, const config::VisionConfig& config);

    // pixels [views, channels, image_size, image_size] in the model's type → last hidden state [views, patches, hidden].
    // `attentions`, if not null, receives one [views, heads, patches, patches] float32 a layer.  Errors: Cancelled (asked a layer).
    [[nodiscard]] Result<at::Tensor> forward(const at::Tensor& pixels, std::vector<at::Tensor>* attentions,
                                             const AdapterPass& pass, const std::stop_token& stop) const;
    // The same, each layer's activations computed again in the backward pass instead of kept.
    [[nodiscard]] Result<at::Tensor> forwardRecomputing(const at::Tensor& pixels, const AdapterPass& pass,
                                                        const std::stop_token& stop) const;

    void visitParameters(const ParameterVisitor& visit);

private:
    struct Layer {
        LayerNorm norm1;
        Linear q;
        Linear k;
        Linear v;
        Linear out;
        LayerNorm norm2;
        Linear fc1;
        Linear fc2;

        void visitParameters(const std::string& name, const ParameterVisitor& visit);
    };

    explicit SiglipVisionModel(const config::VisionConfig& config) : m_config(config) {}

    [[nodiscard]] Result<Layer> loadLayer(const ParameterLoader& loader, const std::string& name) const;
    [[nodiscard]] at::Tensor embedPatches(const at::Tensor& pixels, const AdapterPass& pass) const;
    [[nodiscard]] at::Tensor attend(const Layer& layer, const at::Tensor& x, std::vector<at::Tensor>* attentions,
                                    const AdapterPass& pass) const;
    [[nodiscard]] at::Tensor layerForward(const Layer& layer, const at::Tensor& x, std::vector<at::Tensor>* attentions,
                                          const AdapterPass& pass) const;

    config::VisionConfig m_config;
    ops::Weight m_patchWeight;  // [hidden, channels, patch, patch]
    ops::Weight m_patchBias;
    ops::Weight m_positions;  // [patches, hidden]
    std::vector<Layer> m_layers;
    LayerNorm m_postNorm;
};

}  // namespace lapidary::model
