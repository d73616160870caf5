// AdamW over the parameters that learn: decoupled decay, bias correction, moments in float32 or in eight bits.
// On the CPU by our kernels, elsewhere by ATen (device_adam_w.h).  Lives on the thread that owns the tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/engine/train/trainable_parameter.h"

namespace lapidary::kernels {
struct AdamWStep;
}

namespace lapidary::train {

enum class MomentType : std::uint8_t {
    Float32,
    EightBit,  // of tensors with at least 4096 elements; smaller ones stay float32 (arXiv:2110.02861, section 2)
};

struct AdamWSettings {
    double beta1 = 0.9;
    double beta2 = 0.999;
    double eps = 1e-8;
    double weightDecay = 0.01;
    MomentType moments = MomentType::Float32;
    // bfloat16 parameters are updated in float32 and rounded from that; their gradients are added up in float32 as well.
    bool masterWeights = true;
};

class AdamW {
public:
    AdamW(TrainableParameters parameters, const AdamWSettings& settings);

    [[nodiscard]] const TrainableParameters& parameters() const { return m_parameters; }
    // Updates done so far: the t of the bias correction is one more in the next.
    [[nodiscard]] std::int64_t updates() const { return m_updates; }
    void setUpdates(std::int64_t updates) { m_updates = updates; }

    // One update from the gradients that lie in the parameters, each multiplied by `gradientScale` first; a parameter without a
    // gradient is taken as having gradient 0 (its moments fade, its weight decays).  Where memory runs out nothing has changed.
    void step(double learningRate, double gradientScale);
    void clearGradients();
    // After each micro-batch: what lies in bfloat16 parameters' gradients is added to float32 sums, which count from then on.
    void collectGradients();
    // Calls with every gradient of the step, float32 or none; the tensor may be written to (ranks' sums).
    void visitGradients(const std::function<void(const TrainableParameter& parameter, at::Tensor& gradient)>& visit);

    // Every tensor of the state under "<parameter>.<m|v|m_scale|v_scale|master>"; writing to it writes the state.
    void visitState(const std::function<void(const std::string& name, at::Tensor& tensor)>& visit);
    [[nodiscard]] std::int64_t stateBytes() const;

private:
    struct Moments {
        at::Tensor m;  // float32, or uint8 codes
        at::Tensor v;
        at::Tensor mScale;  // eight bits: float32, one a block
        at::Tensor vScale;
        at::Tensor master;  // float32, of a bfloat16 parameter
        at::Tensor gradientSum;  // float32, likewise
    };

    // What an update of one parameter reads and writes, as float32.
    struct Operands {
        at::Tensor gradient;  // contiguous, or undefined
        at::Tensor values;  // flat or in the parameter's shape: the parameter itself, its master, or a copy
    };

    [[nodiscard]] Operands operandsOf(std::size_t index);
    void update(std::size_t index, const kernels::AdamWStep& step, Operands& operands);
    void reserveScratch() const;
    void updateOnDevice(const std::vector<kernels::AdamWStep>& steps, std::vector<Operands>& operands);
    // The step's gradient of parameter `index`, or undefined.
    at::Tensor& gradientOf(std::size_t index);

    [[nodiscard]] bool isOnCpu() const { return m_parameters.empty() || m_parameters.front().tensor.is_cpu(); }

    TrainableParameters m_parameters;  // all on one device
    AdamWSettings m_settings;
    std::vector<Moments> m_moments;
    std::int64_t m_updates = 0;
};

// L2 norm of all gradients of the step together, summed in float64, on the CPU in an order that no number of threads changes.  Parameters without one count as 0.
double globalGradientNorm(AdamW& optimizer);

}  // namespace lapidary::train
