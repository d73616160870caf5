#include "core/engine/model/rms_norm.h"

#include "core/engine/ops/norm.h"

namespace lapidary::model {

Result<RmsNorm> RmsNorm::load(const ParameterLoader& loader, const std::string& name, std::int64_t size, double eps) {
    RmsNorm norm;
    norm.m_eps = eps;
    ASSIGN_OR_RETURN(norm.m_weight, loader.vector(name + ".weight", {size}));
    return norm;
}

at::Tensor RmsNorm::forward(const at::Tensor& x, const AdapterPass& pass) const {
    return ops::rmsNorm(x, pass.of(m_weight), m_eps);
}

at::Tensor projectAndNorm(const Linear& linear, const RmsNorm& norm, const at::Tensor& x,
                          const distributed::ParallelContext& parallel, const AdapterPass& pass) {
    const at::Tensor normed = norm.forward(linear.forwardRowParallel(x, parallel, pass), pass);
    return pass.withDeltas(x, normed, linear.weight(), {}, DeltaPlace::BehindNorm);
}

}  // namespace lapidary::model
