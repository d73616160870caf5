// Linear layers of the model, whole or shared between ranks: a column-parallel layer holds some of the outputs, a row-parallel one
// some of the inputs, and sums over ranks.  With one rank both are the plain product.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

#include "core/engine/distributed/parallel_context.h"
#include "core/engine/model/adapter_pass.h"
#include "core/engine/model/parameter_loader.h"
#include "core/engine/ops/weight.h"
#include "core/shared/base/result.h"

namespace lapidary::model {

using ParameterVisitor = std::function<void(const std::string& name, ops::Weight& weight)>;

enum class Bias : std::uint8_t { Without, With };

class Linear {
public:
    // `name` without ".weight"; the weight is [out, in], the bias [out].
    static Result<Linear> load(const ParameterLoader& loader, const std::string& name, std::int64_t out, std::int64_t in,
                               Bias bias);

    [[nodiscard]] const ops::Weight& weight() const { return m_weight; }
    [[nodiscard]] bool hasBias() const { return m_bias.defined(); }

    // x [..., in] → [..., out].
    [[nodiscard]] at::Tensor forward(const at::Tensor& x, const AdapterPass& pass = {}) const;
    // x [..., in / ranks] → [..., out], summed over the ranks of `parallel`; throws what its group reports.
    [[nodiscard]] at::Tensor forwardRowParallel(const at::Tensor& x, const distributed::ParallelContext& parallel,
                                                const AdapterPass& pass = {}) const;

    void visitParameters(const std::string& name, const ParameterVisitor& visit);

private:
    ops::Weight m_weight;
    ops::Weight m_bias;
};

}  // namespace lapidary::model
