#include "core/engine/model/parameter_loader.h"

#include <utility>

namespace lapidary::model {
namespace {

std::string shapeText(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    return text + "]";
}

}  // namespace

Result<checkpoint::StoredTensor> ParameterLoader::stored(const std::string& name,
                                                         const std::vector<std::int64_t>& shape) const {
    ASSIGN_OR_RETURN(checkpoint::StoredTensor tensor, m_source.tensor(name));
    if (tensor.shape != shape) {
        return Error{ErrorCode::InvalidData,
                     "tensor '" + name + "' has the shape " + shapeText(tensor.shape) + ", the configuration demands " +
                         shapeText(shape),
                     ""};
    }
    const std::int64_t columns = shape.size() == 1 ? shape[0] : 1;
    if (shape.size() == 1 && !kernels::rowBytes(tensor.format, columns)) {
        return Error{ErrorCode::InvalidData,
                     "tensor '" + name + "' of " + std::to_string(columns) + " numbers does not fit its format", ""};
    }
    return tensor;
}

bool ParameterLoader::learns(const std::string& name) const {
    return m_options.storage == WeightStorage::Trainable && (!m_options.learns || m_options.learns(name));
}

Result<ops::Weight> ParameterLoader::tensorWeight(const checkpoint::StoredTensor& stored) const {
    const ops::Weight bytes = ops::Weight::stored(stored.format, stored.shape, stored.bytes, stored.owner);
    at::Tensor tensor = bytes.materialize(ops::scalarType(m_options.precision), m_options.device);
    // materialize() hands out the file's own memory where nothing had to change; a parameter of ours may be written to.
    if (tensor.is_alias_of(bytes.tensor().defined() ? bytes.tensor() : tensor) && bytes.tensor().defined())
        tensor = tensor.clone();
    if (learns(stored.name)) {
        if (!kernels::isPlain(stored.format)) {
            return Error{ErrorCode::Unsupported,
                         "tensor '" + stored.name + "' is quantised (" + kernels::formatName(stored.format) +
                             ") and cannot learn; train from a checkpoint in BF16, F16 or F32",
                         ""};
        }
        tensor.requires_grad_(true);
    }
    return ops::Weight::dense(std::move(tensor));
}

Result<ops::Weight> ParameterLoader::matrix(const std::string& name, const std::vector<std::int64_t>& shape) const {
    ASSIGN_OR_RETURN(checkpoint::StoredTensor tensor, stored(name, shape));
    const bool inPlace = !learns(name) && m_options.device.is_cpu() && !ops::isRounded(tensor.format, m_options.precision);
    if (!inPlace) return tensorWeight(tensor);
    return ops::Weight::stored(tensor.format, std::move(tensor.shape), tensor.bytes, std::move(tensor.owner));
}

Result<ops::Weight> ParameterLoader::vector(const std::string& name, const std::vector<std::int64_t>& shape) const {
    ASSIGN_OR_RETURN(const checkpoint::StoredTensor tensor, stored(name, shape));
    return tensorWeight(tensor);
}

}  // namespace lapidary::model
