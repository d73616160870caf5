#include "core/engine/model/multi_modal_projector.h"

#include <ATen/ops/avg_pool2d.h>

#include <cmath>
#include <string>

#include "core/engine/ops/linear.h"

namespace lapidary::model {

Result<std::unique_ptr<MultiModalProjector>> MultiModalProjector::load(const ParameterLoader& loader,
                                                                       const config::Gemma3Config& config) {
    const config::VisionConfig& vision = *config.vision;
    const std::string prefix = "multi_modal_projector.";
    auto projector = std::make_unique<MultiModalProjector>();
    projector->m_patchesPerSide = vision.patchesPerSide();
    const auto side = static_cast<std::int64_t>(std::sqrt(static_cast<double>(config.mmTokensPerImage)));
    if (side < 1 || side * side != config.mmTokensPerImage || vision.patchesPerSide() % side != 0) {
        return Error{ErrorCode::Unsupported,
                     "mm_tokens_per_image is " + std::to_string(config.mmTokensPerImage) +
                         ", which is no square that divides " + std::to_string(vision.patchesPerSide()) + " patches a side",
                     ""};
    }
    projector->m_poolSize = vision.patchesPerSide() / side;
    ASSIGN_OR_RETURN(projector->m_projection,
                     loader.matrix(prefix + "mm_input_projection_weight", {vision.hiddenSize, config.text.hiddenSize}));
    // The reference takes the tower's epsilon here, not the text model's.
    ASSIGN_OR_RETURN(projector->m_norm,
                     RmsNorm::load(loader, prefix + "mm_soft_emb_norm", vision.hiddenSize, vision.layerNormEps));
    return projector;
}

at::Tensor MultiModalProjector::pool(const at::Tensor& visionStates) const {
    const std::int64_t views = visionStates.size(0), width = visionStates.size(2);
    const at::Tensor grid = visionStates.transpose(1, 2).reshape({views, width, m_patchesPerSide, m_patchesPerSide});
    const at::Tensor pooled = at::avg_pool2d(grid, {m_poolSize, m_poolSize}, {m_poolSize, m_poolSize});
    return pooled.flatten(2).transpose(1, 2).contiguous();
}

at::Tensor MultiModalProjector::project(const at::Tensor& pooled, const AdapterPass& pass) const {
    return ops::linearTransposed(m_norm.forward(pooled, pass), pass.of(m_projection));
}

void MultiModalProjector::visitParameters(const ParameterVisitor& visit) {
    visit("multi_modal_projector.mm_input_projection_weight", m_projection);
    m_norm.visitParameters("multi_modal_projector.mm_soft_emb_norm", visit);
}

}  // namespace lapidary::model
