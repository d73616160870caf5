// Parameters from a checkpoint, checked against the shapes that the configuration demands, in the form that LoadOptions asks for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/checkpoint/tensor_source.h"
#include "core/engine/model/model_part.h"
#include "core/engine/ops/weight.h"
#include "core/shared/base/result.h"

namespace lapidary::model {

class ParameterLoader {
public:
    ParameterLoader(const checkpoint::TensorSource& source, const LoadOptions& options)
        : m_source(source), m_options(options) {}

    // A matrix (or embedding, or convolution) that stays as stored where it can.
    // Errors: NotFound, InvalidData (another shape), Unsupported (quantised weights that are to learn).
    [[nodiscard]] Result<ops::Weight> matrix(const std::string& name, const std::vector<std::int64_t>& shape) const;
    // A small parameter (norm, bias, positions): always a tensor of the model's type on its device.
    [[nodiscard]] Result<ops::Weight> vector(const std::string& name, const std::vector<std::int64_t>& shape) const;

    [[nodiscard]] bool contains(const std::string& name) const { return m_source.contains(name); }
    [[nodiscard]] const LoadOptions& options() const { return m_options; }

private:
    [[nodiscard]] Result<checkpoint::StoredTensor> stored(const std::string& name,
                                                          const std::vector<std::int64_t>& shape) const;
    [[nodiscard]] bool learns(const std::string& name) const;
    [[nodiscard]] Result<ops::Weight> tensorWeight(const checkpoint::StoredTensor& stored) const;

    const checkpoint::TensorSource& m_source;
    const LoadOptions& m_options;
};

}  // namespace lapidary::model
