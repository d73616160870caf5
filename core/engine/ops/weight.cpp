#include "core/engine/ops/weight.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/util/Exception.h>

#include <utility>

#include "kernels/dequantize.h"

namespace lapidary::ops {
namespace {

at::ScalarType plainType(kernels::BlockFormat format) {
    switch (format) {
        case kernels::BlockFormat::F16: return at::kHalf;
        case kernels::BlockFormat::BF16: return at::kBFloat16;
        default: return at::kFloat;
    }
}

kernels::BlockFormat formatOf(at::ScalarType type) {
    switch (type) {
        case at::kFloat: return kernels::BlockFormat::F32;
        case at::kHalf: return kernels::BlockFormat::F16;
        case at::kBFloat16: return kernels::BlockFormat::BF16;
        default: TORCH_CHECK(false, "a weight is float32, float16 or bfloat16");
    }
}

// The bytes themselves as a tensor, or undefined where no tensor may lie on them.  Read-only memory: nobody writes a stored weight.
at::Tensor aliasOf(kernels::BlockFormat format, const std::vector<std::int64_t>& shape, std::span<const std::byte> bytes,
                   const std::shared_ptr<const void>& owner) {
    if (!kernels::isPlain(format) || bytes.empty()) return {};
    const auto type = plainType(format);
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % c10::elementSize(type) != 0) return {};
    return at::from_blob(
        const_cast<std::byte*>(bytes.data()), shape, [owner](void*) {}, at::TensorOptions(type));
}

}  // namespace

at::ScalarType scalarType(Precision precision) { return precision == Precision::Float32 ? at::kFloat : at::kBFloat16; }

bool isRounded(kernels::BlockFormat format, Precision precision) {
    return precision == Precision::BFloat16 && (format == kernels::BlockFormat::F32 || format == kernels::BlockFormat::F16);
}

Weight Weight::stored(kernels::BlockFormat format, std::vector<std::int64_t> shape, std::span<const std::byte> bytes,
                      std::shared_ptr<const void> owner) {
    Weight weight;
    weight.m_shape = std::move(shape);
    weight.m_format = format;
    TORCH_CHECK(!weight.m_shape.empty(), "a weight has at least one dimension");
    const auto row = kernels::rowBytes(format, weight.m_shape.size() == 1 ? weight.m_shape[0] : weight.cols());
    const std::int64_t rows = weight.m_shape.size() == 1 ? 1 : weight.rows();
    TORCH_CHECK(row && static_cast<std::int64_t>(bytes.size()) == *row * rows, "bytes of a weight do not fit its shape");
    weight.m_bytes = bytes.data();
    weight.m_tensor = aliasOf(format, weight.m_shape, bytes, owner);
    weight.m_owner = std::move(owner);
    return weight;
}

Weight Weight::dense(at::Tensor tensor) {
    Weight weight;
    weight.m_shape = tensor.sizes().vec();
    weight.m_format = formatOf(tensor.scalar_type());
    if (tensor.is_cpu()) {
        TORCH_CHECK(tensor.is_contiguous(), "a weight lies row by row");
        weight.m_bytes = static_cast<const std::byte*>(tensor.const_data_ptr());
    }
    weight.m_tensor = std::move(tensor);
    return weight;
}

std::int64_t Weight::cols() const {
    std::int64_t product = 1;
    for (std::size_t i = 1; i < m_shape.size(); ++i) product *= m_shape[i];
    return product;
}

std::int64_t Weight::sizeBytes() const {
    if (m_shape.size() == 1) return *kernels::rowBytes(m_format, m_shape[0]);
    return *kernels::rowBytes(m_format, cols()) * rows();
}

at::Tensor Weight::materialize(at::ScalarType type, at::Device device) const {
    if (m_tensor.defined()) return m_tensor.to(device, type);
    const bool vector = m_shape.size() == 1;
    const std::int64_t columns = vector ? m_shape[0] : cols();
    const std::int64_t stride = *kernels::rowBytes(m_format, columns);
    at::Tensor values = at::empty(m_shape, at::TensorOptions(at::kFloat));
    float* const out = values.mutable_data_ptr<float>();
    at::parallel_for(0, vector ? 1 : rows(), 16, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) {
            kernels::dequantizeRow(m_format, m_bytes + row * stride, out + row * columns, columns);
        }
    });
    return values.to(device, type);
}

void Weight::setRequiresGrad(bool wanted) {
    TORCH_CHECK(!wanted || (m_tensor.defined() && m_owner == nullptr), "weights stored in a file cannot learn");
    if (m_tensor.defined() && m_owner == nullptr) m_tensor.requires_grad_(wanted);
}

Weight Weight::asMatrix() const {
    Weight matrix = *this;
    matrix.m_shape = {rows(), cols()};
    if (m_tensor.defined()) matrix.m_tensor = m_tensor.view(matrix.m_shape);
    return matrix;
}

}  // namespace lapidary::ops
