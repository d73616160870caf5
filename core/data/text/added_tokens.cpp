#include "core/data/text/added_tokens.h"

namespace lapidary::text {

void AddedTokens::add(std::string_view content, std::int64_t id, bool special) {
    std::int32_t node = 0;
    for (const char character : content) {
        const auto byte = static_cast<unsigned char>(character);
        std::int32_t next = child(node, byte);
        if (next < 0) {
            next = static_cast<std::int32_t>(m_nodes.size());
            m_nodes.push_back({-1, m_nodes[node].firstChild, -1, byte, false});
            m_nodes[node].firstChild = next;
        }
        node = next;
    }
    m_nodes[node].id = id;
    m_nodes[node].special = special;
    m_startsWith[static_cast<unsigned char>(content.front())] = true;
    if (special) m_special.insert(id);
}

std::optional<AddedTokens::Match> AddedTokens::longestAt(std::string_view text, std::size_t at, std::size_t specialEnd) const {
    if (!m_startsWith[static_cast<unsigned char>(text[at])]) return std::nullopt;
    std::optional<Match> longest;
    std::int32_t node = 0;
    for (std::size_t end = at; end < text.size();) {
        node = child(node, static_cast<unsigned char>(text[end]));
        if (node < 0) break;
        ++end;
        const Node& reached = m_nodes[node];
        if (reached.id >= 0 && (!reached.special || end <= specialEnd)) longest = Match{reached.id, end - at};
    }
    return longest;
}

std::int32_t AddedTokens::child(std::int32_t node, unsigned char byte) const {
    std::int32_t candidate = m_nodes[node].firstChild;
    while (candidate >= 0 && m_nodes[candidate].byte != byte) candidate = m_nodes[candidate].nextSibling;
    return candidate;
}

}  // namespace lapidary::text
