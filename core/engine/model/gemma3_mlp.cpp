#include "core/engine/model/gemma3_mlp.h"

#include "core/engine/ops/linear.h"

namespace lapidary::model {

Result<Gemma3Mlp> Gemma3Mlp::load(const ParameterLoader& loader, const std::string& name, const config::TextConfig& config) {
    Gemma3Mlp mlp;
    const std::int64_t hidden = config.hiddenSize;
    const std::int64_t width = config.intermediateSize;
    ASSIGN_OR_RETURN(mlp.m_gate, Linear::load(loader, name + ".gate_proj", width, hidden, Bias::Without));
    ASSIGN_OR_RETURN(mlp.m_up, Linear::load(loader, name + ".up_proj", width, hidden, Bias::Without));
    ASSIGN_OR_RETURN(mlp.m_down, Linear::load(loader, name + ".down_proj", hidden, width, Bias::Without));
    return mlp;
}

at::Tensor Gemma3Mlp::forward(const at::Tensor& x, const RmsNorm& norm, const distributed::ParallelContext& parallel,
                              const AdapterPass& pass) const {
    const at::Tensor inner = pass.adapter == nullptr ? ops::gatedLinear(x, m_gate.weight(), m_up.weight())
                                                     : ops::gatedProduct(m_gate.forward(x, pass), m_up.forward(x, pass));
    return projectAndNorm(m_down, norm, inner, parallel, pass);
}

void Gemma3Mlp::visitParameters(const std::string& name, const ParameterVisitor& visit) {
    m_gate.visitParameters(name + ".gate_proj", visit);
    m_up.visitParameters(name + ".up_proj", visit);
    m_down.visitParameters(name + ".down_proj", visit);
}

}  // namespace lapidary::model
