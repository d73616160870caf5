// Random tensors from a seed and a place alone: the same on every machine, however many threads compute them, and without a state
// that a resumed run would have to restore.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace lapidary::ops {

// A seed for one use among many (a layer, a micro-batch).
std::uint64_t mixSeed(std::uint64_t seed, std::uint64_t use);

// float32 on the CPU: uniform on [low, high); normal with mean 0.
at::Tensor uniformTensor(at::IntArrayRef shape, double low, double high, std::uint64_t seed);
at::Tensor normalTensor(at::IntArrayRef shape, double deviation, std::uint64_t seed);

// Each element is 0 with the probability p, else divided by 1 - p; the backward pass draws the same ones again.
at::Tensor seededDropout(const at::Tensor& x, double p, std::uint64_t seed);

}  // namespace lapidary::ops
