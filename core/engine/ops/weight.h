// A parameter of the model: numbers as they lie in a file (plain or quantised, memory-mapped), or a tensor that can learn.
// Mapped bytes are used in place; only small parameters (norms, biases) are ever copied.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/block_format.h"

namespace lapidary::ops {

// What activations are computed in.
enum class Precision : std::uint8_t {
    Float32,   // weights as stored, float32 activations: equals the reference in float32
    BFloat16,  // every operation's result rounded to bfloat16 where transformers rounds it
};

at::ScalarType scalarType(Precision precision);
// float32 and float16 files run in bfloat16 as transformers runs them: the weights themselves are rounded.
bool isRounded(kernels::BlockFormat format, Precision precision);

class Weight {
public:
    Weight() = default;  // absent (a bias that the configuration does not have)

    // Bytes in place, kept alive by `owner`.  Plain, aligned numbers are also seen as a tensor on the same memory.
    static Weight stored(kernels::BlockFormat format, std::vector<std::int64_t> shape, std::span<const std::byte> bytes,
                         std::shared_ptr<const void> owner);
    // A tensor (any device, float32 or bfloat16) that may require a gradient.
    static Weight dense(at::Tensor tensor);

    [[nodiscard]] bool defined() const { return !m_shape.empty(); }
    [[nodiscard]] const std::vector<std::int64_t>& shape() const { return m_shape; }
    [[nodiscard]] std::int64_t rows() const { return m_shape.front(); }
    [[nodiscard]] std::int64_t cols() const;  // elements of one row: the product of the other dimensions
    [[nodiscard]] kernels::BlockFormat format() const { return m_format; }
    [[nodiscard]] bool requiresGrad() const { return m_tensor.defined() && m_tensor.requires_grad(); }
    [[nodiscard]] std::int64_t sizeBytes() const;
    // The first row's bytes on the CPU, or null for a tensor on another device.
    [[nodiscard]] const std::byte* bytes() const { return m_bytes; }
    // The tensor on the same memory; undefined for quantised or unaligned bytes.
    [[nodiscard]] const at::Tensor& tensor() const { return m_tensor; }
    // All values in `type` on `device`: the tensor itself where it already is that, else a copy.
    [[nodiscard]] at::Tensor materialize(at::ScalarType type, at::Device device) const;

    // Only a float32 or bfloat16 tensor can learn; asking it of quantised bytes is a bug.
    void setRequiresGrad(bool wanted);
    // Which parameter of its model this is, counted in the order of visitParameters: how what stands beside a model finds its part.
    // -1: of none.
    [[nodiscard]] int ordinal() const { return m_ordinal; }
    void setOrdinal(int ordinal) { m_ordinal = ordinal; }

    // The same values seen as a matrix [rows, cols] (the patch convolution is a matrix product over patches).
    [[nodiscard]] Weight asMatrix() const;

private:
    int m_ordinal = -1;
    std::vector<std::int64_t> m_shape;
    kernels::BlockFormat m_format = kernels::BlockFormat::F32;
    const std::byte* m_bytes = nullptr;
    std::shared_ptr<const void> m_owner;
    at::Tensor m_tensor;
};

}  // namespace lapidary::ops
