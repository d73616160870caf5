#include "core/engine/session/image_feature_memory.h"

namespace lapidary::session {

std::optional<at::Tensor> ImageFeatureMemory::find(const std::string& pixelHash) {
    const auto entry = m_byHash.find(pixelHash);
    if (entry == m_byHash.end()) return std::nullopt;
    m_entries.splice(m_entries.begin(), m_entries, entry->second);
    return entry->second->features;
}

void ImageFeatureMemory::insert(const std::string& pixelHash, const at::Tensor& features) {
    const auto bytes = static_cast<std::int64_t>(features.nbytes());
    if (bytes > m_maxBytes || m_byHash.contains(pixelHash)) return;
    m_entries.push_front({pixelHash, features});
    m_byHash[pixelHash] = m_entries.begin();
    m_bytes += bytes;
    while (m_bytes > m_maxBytes) {
        m_bytes -= static_cast<std::int64_t>(m_entries.back().features.nbytes());
        m_byHash.erase(m_entries.back().pixelHash);
        m_entries.pop_back();
    }
}

void ImageFeatureMemory::clear() {
    m_entries.clear();
    m_byHash.clear();
    m_bytes = 0;
}

}  // namespace lapidary::session
