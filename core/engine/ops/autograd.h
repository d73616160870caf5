// Operations with a gradient of their own making: what they keep for the backward pass is chosen, not what ATen's steps would keep.
// Only autograd.cpp includes torch/csrc/autograd (a costly header); an operation is plain code.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/intrusive_ptr.h>

#include <functional>
#include <vector>

namespace lapidary::ops {

struct Recorded {
    at::Tensor output;
    std::vector<at::Tensor> kept;  // inputs, or tensors made on the way; never the output
};

// One use of an operation.  Both functions run with gradients off; tensors that are no input are members and are not differentiated.
class Operation : public c10::intrusive_ptr_target {
public:
    virtual Recorded forward(const std::vector<at::Tensor>& inputs) = 0;
    // `kept` as handed out, `gradient` of the output, `wanted`: which inputs need a gradient → one an input, undefined where unwanted.
    virtual std::vector<at::Tensor> backward(const std::vector<at::Tensor>& kept, const at::Tensor& gradient,
                                             const std::vector<bool>& wanted) = 0;
};

// Runs the operation and records it where grad mode is on and an input requires a gradient.  All inputs are defined.
at::Tensor record(const c10::intrusive_ptr<Operation>& operation, const std::vector<at::Tensor>& inputs);

// f(x), keeping nothing but x: f is computed again in the backward pass (activation checkpointing).  `learning`: every other tensor
// of which f's result may ask a gradient.  Values and gradients are bit for bit those without it, since f runs in grad mode both
// times; f must be a pure function, and what it refers to must live until the backward pass.  Without gradients: f(x).
at::Tensor recomputed(std::function<at::Tensor(const at::Tensor& x)> f, const at::Tensor& x,
                      const std::vector<at::Tensor>& learning);

// Whether recording is on and one of the defined tensors requires a gradient.
bool recordsGradient(std::initializer_list<const at::Tensor*> tensors);

}  // namespace lapidary::ops
