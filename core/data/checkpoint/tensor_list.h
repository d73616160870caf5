// The plain TensorSource: a list of tensors that lie in mapped files or in small buffers of their own.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/data/checkpoint/tensor_source.h"

namespace lapidary::checkpoint {

class TensorList : public TensorSource {
public:
    // A name that is there already is replaced.
    void add(StoredTensor tensor);
    // Null where there is none.
    [[nodiscard]] const StoredTensor* find(const std::string& name) const;

    [[nodiscard]] std::vector<std::string> names() const override;
    [[nodiscard]] bool contains(const std::string& name) const override { return find(name) != nullptr; }
    [[nodiscard]] Result<StoredTensor> tensor(const std::string& name) const override;

private:
    std::vector<StoredTensor> m_tensors;
    std::unordered_map<std::string, std::size_t> m_indexOfName;
};

// "[4, 8]", for messages.
std::string shapeText(const std::vector<std::int64_t>& shape);

// The first few names and how many more there are, for messages: "a, b, c and 12 more".
std::string someNames(const std::vector<std::string>& names, std::size_t most = 4);

// Element by element, whatever the two formats are.  Shapes must be equal already.
bool sameValues(const StoredTensor& a, const StoredTensor& b);

}  // namespace lapidary::checkpoint
