#include "core/engine/model/rms_norm.h"

#include "core/engine/ops/norm.h"

namespace lapidary::model {

Result<RmsNorm> RmsNorm::load(const ParameterLoader& loader, const std::string& name, std::int64_t size, double eps) {
    RmsNorm norm;
    norm.m_eps = eps;
    ASSIGN_OR_RETURN(norm.m_weight, loader.vector(name + ".weight", {size}));
    return norm;
}

at::Tensor RmsNorm::forward(const at::Tensor& x) const { return ops::rmsNorm(x, m_weight, m_eps); }

}  // namespace lapidary::model
