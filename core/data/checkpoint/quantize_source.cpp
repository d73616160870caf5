#include "core/data/checkpoint/quantize_source.h"

#include <unordered_set>
#include <utility>

#include "kernels/dequantize.h"
#include "kernels/quantize.h"

namespace lapidary::checkpoint {
namespace {

constexpr std::pair<const char*, kernels::BlockFormat> kQuantizations[] = {{"int8", kernels::BlockFormat::Int8Row},
                                                                           {"int4", kernels::BlockFormat::Int4Group128},
                                                                           {"q8_0", kernels::BlockFormat::Q8_0},
                                                                           {"q4_0", kernels::BlockFormat::Q4_0}};

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

// The projector's matrix is a bare parameter [in, out] in the reference, no linear layer: torchao leaves it as it is.
bool isQuantizable(const plan::Parameter& parameter) {
    return parameter.part != plan::Part::Projection &&
           (parameter.kind == plan::Kind::Matrix || parameter.kind == plan::Kind::Embedding);
}

}  // namespace

Result<kernels::BlockFormat> parseQuantization(const std::string& name) {
    for (const auto& [known, format] : kQuantizations) {
        if (name == known) return format;
    }
    return Error{ErrorCode::Usage, "--quantize: expected int8, int4, q8_0 or q4_0, found '" + name.substr(0, 40) + "'", ""};
}

std::string quantizationName(kernels::BlockFormat format) {
    for (const auto& [name, known] : kQuantizations) {
        if (format == known) return name;
    }
    return "";
}

Result<std::shared_ptr<TensorSource>> quantizeSource(std::shared_ptr<TensorSource> source, const config::Gemma3Config& config,
                                                     bool untiedHead, kernels::BlockFormat format) {
    std::unordered_set<std::string> matrices;
    for (const plan::Parameter& parameter : plan::parameterTable(config, untiedHead)) {
        if (!isQuantizable(parameter) || !source->contains(parameter.name)) continue;
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

std::int64_t quantizedBytes(const TensorSource& source, const plan::Parameter& parameter,
                            std::optional<kernels::BlockFormat> format) {
    const auto stored = source.tensor(parameter.name);
    if (!stored) return 0;
    if (format && isQuantizable(parameter)) {
        if (const auto row = kernels::rowBytes(*format, parameter.shape[1])) return *row * parameter.shape[0];
    }
    return static_cast<std::int64_t>(stored->bytes.size());
}

std::vector<std::string> quantizeWarnings(const config::Gemma3Config& config, bool untiedHead, kernels::BlockFormat format) {
    std::size_t matrices = 0;
    std::vector<std::string> left;
    for (const plan::Parameter& parameter : plan::parameterTable(config, untiedHead)) {
        if (!isQuantizable(parameter)) continue;
        ++matrices;
        if (!kernels::rowBytes(format, parameter.shape[1])) left.push_back(parameter.name);
    }
    if (left.empty()) return left;
    return {"--quantize " + quantizationName(format) + ": " + std::to_string(left.size()) + " of " + std::to_string(matrices) +
            " matrices stay as stored, because the length of their rows is no multiple of " +
            std::to_string(kernels::blockElements(format)) + " (such as " + left.front() + ")"};
}

}  // namespace lapidary::checkpoint
