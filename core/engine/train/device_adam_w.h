// kernels/adam_w.h by ATen, for tensors that no pointer of ours reaches: the same arithmetic, whole lists of tensors at a time, since on a
// GPU what a small tensor costs is the start of each operation.  Works on any device.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace lapidary::kernels {
struct AdamWStep;
}

namespace lapidary::train {

// Float32 tensors of one device, all of one shape in one update: values, gradients and moments.
struct DeviceUpdate {
    std::vector<at::Tensor> values;
    std::vector<at::Tensor> gradients;
    std::vector<at::Tensor> m;
    std::vector<at::Tensor> v;
};

// Updates values, m and v in place.
void adamWByAten(const kernels::AdamWStep& step, DeviceUpdate& update);

// The same for one tensor with moments in eight bits: m, v [count] uint8 codes, mScale, vScale [blocks] float32.
struct EightBitUpdate {
    at::Tensor values;  // [count]
    at::Tensor gradient;  // [count], or undefined for 0
    at::Tensor m;
    at::Tensor mScale;
    at::Tensor v;
    at::Tensor vScale;
};
void adamWEightBitByAten(const kernels::AdamWStep& step, EightBitUpdate& update);

// Numbers that one of the two holds beside its operands at most, of `count`: what has to be free before a step begins.
std::int64_t scratchNumbers(std::int64_t count);

}  // namespace lapidary::train
