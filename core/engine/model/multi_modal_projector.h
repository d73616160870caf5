// From vision states to soft tokens (specification 4.2): average pooling over the grid of patches, RMSNorm, one product.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "core/engine/model/rms_norm.h"
#include "core/shared/config/gemma3_config.h"

namespace lapidary::model {

class MultiModalProjector {
public:
    static Result<std::unique_ptr<MultiModalProjector>> load(const ParameterLoader& loader, const config::Gemma3Config& config);

    // [views, patches, vision hidden] → [views, mm_tokens_per_image, hidden]; not scaled like embeddings.
    [[nodiscard]] at::Tensor forward(const at::Tensor& visionStates, const AdapterPass& pass = {}) const {
        return project(pool(visionStates), pass);
    }
    // Its two halves.  The first has no parameters: what a frozen tower gives can be kept in a sixteenth of the room.
    // [views, patches, vision hidden] → [views, mm_tokens_per_image, vision hidden]
    [[nodiscard]] at::Tensor pool(const at::Tensor& visionStates) const;
    // [views, mm_tokens_per_image, vision hidden] → [views, mm_tokens_per_image, hidden]
    [[nodiscard]] at::Tensor project(const at::Tensor& pooled, const AdapterPass& pass = {}) const;

    void visitParameters(const ParameterVisitor& visit);

private:
    std::int64_t m_patchesPerSide = 0;
    std::int64_t m_poolSize = 1;
    ops::Weight m_projection;  // [vision hidden, hidden]: not transposed like a linear layer
    RmsNorm m_norm;
};

}  // namespace lapidary::model
