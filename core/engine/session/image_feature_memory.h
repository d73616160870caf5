// Features of views that were seen before, by pixel hash: a picture that stays in a conversation passes the tower once.
// Lives on the model worker's thread.  Bounded; what was not used for longest goes first.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

namespace lapidary::session {

class ImageFeatureMemory {
public:
    // 256 MiB: about a hundred views of a 4B model in float32 (256 x 2560 x 4 bytes each).
    static constexpr std::int64_t kDefaultBytes = std::int64_t{256} << 20;
    explicit ImageFeatureMemory(std::int64_t maxBytes = kDefaultBytes) : m_maxBytes(maxBytes) {}

    // features [tokens, hidden] of the view with this hash.
    [[nodiscard]] std::optional<at::Tensor> find(const std::string& pixelHash);
    void insert(const std::string& pixelHash, const at::Tensor& features);
    void clear();

    [[nodiscard]] std::int64_t sizeBytes() const { return m_bytes; }
    [[nodiscard]] std::size_t size() const { return m_entries.size(); }

private:
    struct Entry {
        std::string pixelHash;
        at::Tensor features;
    };

    std::int64_t m_maxBytes;
    std::int64_t m_bytes = 0;
    std::list<Entry> m_entries;  // most recently used first
    std::unordered_map<std::string, std::list<Entry>::iterator> m_byHash;
};

}  // namespace lapidary::session
