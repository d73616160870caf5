#include "core/data/checkpoint/quantize_source.h"

#include <unordered_set>

#include "core/shared/plan/parameter_table.h"
#include "kernels/dequantize.h"
#include "kernels/quantize.h"

namespace lapidary::checkpoint {
namespace {

class QuantizedSource : public TensorSource {
public:
    QuantizedSource(std::shared_ptr<TensorSource> source, std::unordered_set<std::string> matrices, kernels::BlockFormat format)
        : m_source(std::move(source)), m_matrices(std::move(matrices)), m_format(format) {}

    [[nodiscard]] std::vector<std::string> names() const override { return m_source->names(); }
    [[nodiscard]] bool contains(const std::string& name) const override { return m_source->contains(name); }
    [[nodiscard]] Result<StoredTensor> tensor(const std::string& name) const override {
        ASSIGN_OR_RETURN(StoredTensor stored, m_source->tensor(name));
        if (!m_matrices.contains(name)) return stored;
        return quantize(stored);
    }

private:
    // Matrix [rows, cols]; one float32 row is all that lies in memory beside the result.
    [[nodiscard]] StoredTensor quantize(const StoredTensor& stored) const {
        const std::int64_t rows = stored.shape[0];
        const std::int64_t cols = stored.shape[1];
        const auto rowBytes = kernels::rowBytes(m_format, cols);
        const auto sourceRowBytes = kernels::rowBytes(stored.format, cols);
        if (!rowBytes || !sourceRowBytes || rows <= 0 || cols <= 0) return stored;
        const auto buffer = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(rows * *rowBytes));
        std::vector<float> values(static_cast<std::size_t>(cols));
        for (std::int64_t row = 0; row < rows; ++row) {
            kernels::dequantizeRow(stored.format, stored.bytes.data() + row * *sourceRowBytes, values.data(), cols);
            kernels::quantizeRow(m_format, values.data(), buffer->data() + row * *rowBytes, cols);
        }
        return {stored.name, m_format, stored.shape, std::span<const std::byte>(*buffer), buffer};
    }

    std::shared_ptr<TensorSource> m_source;
    std::unordered_set<std::string> m_matrices;
    kernels::BlockFormat m_format;
};

}  // namespace

Result<kernels::BlockFormat> parseQuantization(const std::string& name) {
    if (name == "int8") return kernels::BlockFormat::Int8Row;
    if (name == "int4") return kernels::BlockFormat::Int4Group128;
    if (name == "q8_0") return kernels::BlockFormat::Q8_0;
    if (name == "q4_0") return kernels::BlockFormat::Q4_0;
    return Error{ErrorCode::Usage, "--quantize: expected int8, int4, q8_0 or q4_0, found '" + name.substr(0, 40) + "'", ""};
}

Result<std::shared_ptr<TensorSource>> quantizeSource(std::shared_ptr<TensorSource> source, const config::Gemma3Config& config,
                                                     bool untiedHead, kernels::BlockFormat format) {
    std::unordered_set<std::string> matrices;
    for (const plan::Parameter& parameter : plan::parameterTable(config, untiedHead)) {
        // The projector's matrix is a bare parameter [in, out] in the reference, no linear layer: torchao leaves it as it is.
        if (parameter.part == plan::Part::Projection) continue;
        if (parameter.kind != plan::Kind::Matrix && parameter.kind != plan::Kind::Embedding) continue;
        if (!source->contains(parameter.name)) continue;
        ASSIGN_OR_RETURN(const StoredTensor stored, source->tensor(parameter.name));
        if (!kernels::isPlain(stored.format)) {
            return Error{ErrorCode::Usage,
                         std::string("--quantize needs float weights, and '") + parameter.name + "' is stored as " +
                             kernels::formatName(stored.format) + " already",
                         ""};
        }
        if (stored.shape.size() == 2) matrices.insert(parameter.name);
    }
    return std::shared_ptr<TensorSource>(std::make_shared<QuantizedSource>(std::move(source), std::move(matrices), format));
}

}  // namespace lapidary::checkpoint
