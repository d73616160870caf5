#include "core/engine/model/linear.h"

#include <ATen/TensorOperators.h>
#include <c10/util/Exception.h>

#include "core/engine/ops/linear.h"

namespace lapidary::model {

Result<Linear> Linear::load(const ParameterLoader& loader, const std::string& name, std::int64_t out, std::int64_t in,
                            Bias bias) {
    Linear linear;
    ASSIGN_OR_RETURN(linear.m_weight, loader.matrix(name + ".weight", {out, in}));
    if (bias == Bias::With) {
        ASSIGN_OR_RETURN(linear.m_bias, loader.vector(name + ".bias", {out}));
    }
    return linear;
}

at::Tensor Linear::forward(const at::Tensor& x, const AdapterPass& pass) const {
    const ops::Weight& weight = pass.of(m_weight);
    const at::Tensor bias = hasBias() ? pass.of(m_bias).tensor() : at::Tensor();
    return pass.withDeltas(x, ops::linear(x, weight, bias), m_weight, bias, DeltaPlace::Inside);
}

at::Tensor Linear::forwardRowParallel(const at::Tensor& x, const distributed::ParallelContext& parallel,
                                      const AdapterPass& pass) const {
    if (!parallel.isTensorParallel()) return forward(x, pass);
    TORCH_CHECK(pass.adapter == nullptr, "adapters stand beside whole layers, not beside shares of them");
    at::Tensor partial = ops::linear(x, m_weight);
    if (const auto summed = parallel.tensor().allReduce(partial); !summed) TORCH_CHECK(false, summed.error().toString());
    return hasBias() ? partial + m_bias.tensor() : partial;
}

void Linear::visitParameters(const std::string& name, const ParameterVisitor& visit) {
    visit(name + ".weight", m_weight);
    if (hasBias()) visit(name + ".bias", m_bias);
}

}  // namespace lapidary::model
