#include "core/data/checkpoint/tensor_list.h"

#include <algorithm>
#include <cstring>

#include "core/data/files/safetensors_header.h"
#include "core/shared/base/json.h"
#include "kernels/dequantize.h"

namespace lapidary::checkpoint {
namespace {

constexpr std::size_t kMaxEntryBytes = 400;  // a tensor and the two shards that claim it

}  // namespace

void TensorList::add(StoredTensor tensor) {
    const auto [entry, isNew] = m_indexOfName.emplace(tensor.name, m_tensors.size());
    if (isNew) {
        m_tensors.push_back(std::move(tensor));
    } else {
        m_tensors[entry->second] = std::move(tensor);
    }
}

const StoredTensor* TensorList::find(const std::string& name) const {
    const auto entry = m_indexOfName.find(name);
    return entry == m_indexOfName.end() ? nullptr : &m_tensors[entry->second];
}

std::vector<std::string> TensorList::names() const {
    std::vector<std::string> names;
    names.reserve(m_tensors.size());
    for (const StoredTensor& tensor : m_tensors) names.push_back(tensor.name);
    return names;
}

Result<StoredTensor> TensorList::tensor(const std::string& name) const {
    if (const StoredTensor* found = find(name)) return *found;
    const std::string nearest = nearestKey(name, names());
    return Error{ErrorCode::NotFound,
                 "no tensor '" + files::printableName(name) + "' is stored" +
                     (nearest.empty() ? "" : "; the nearest name is '" + nearest + "'"),
                 ""};
}

std::string shapeText(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    return text + "]";
}

std::string someNames(const std::vector<std::string>& names, std::size_t most) {
    std::string text;
    for (std::size_t i = 0; i < std::min(most, names.size()); ++i)
        text += (i == 0 ? "" : ", ") + files::printableName(names[i], kMaxEntryBytes);
    return names.size() <= most ? text : text + " and " + std::to_string(names.size() - most) + " more";
}

bool sameValues(const StoredTensor& a, const StoredTensor& b) {
    if (a.format == b.format)
        return a.bytes.size() == b.bytes.size() && std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0;
    const std::int64_t cols = a.shape.empty() ? 1 : a.shape.back();
    const auto rowA = kernels::rowBytes(a.format, cols);
    const auto rowB = kernels::rowBytes(b.format, cols);
    if (cols == 0 || !rowA || !rowB) return false;
    std::vector<float> valuesA(static_cast<std::size_t>(cols));
    std::vector<float> valuesB(static_cast<std::size_t>(cols));
    for (std::size_t row = 0; row < a.bytes.size() / static_cast<std::size_t>(*rowA); ++row) {
        kernels::dequantizeRow(a.format, a.bytes.data() + row * static_cast<std::size_t>(*rowA), valuesA.data(), cols);
        kernels::dequantizeRow(b.format, b.bytes.data() + row * static_cast<std::size_t>(*rowB), valuesB.data(), cols);
        if (std::memcmp(valuesA.data(), valuesB.data(), valuesA.size() * sizeof(float)) != 0) return false;
    }
    return true;
}

}  // namespace lapidary::checkpoint
