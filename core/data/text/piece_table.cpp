#include "core/data/text/piece_table.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace lapidary::text {
namespace {

std::size_t hashOf(std::string_view piece) { return std::hash<std::string_view>{}(piece); }

// Bits that the slot number does not use: most foreign pieces are told apart without a look at their text.
std::uint8_t tagOf(std::size_t hash) { return static_cast<std::uint8_t>(hash >> 56U); }

}  // namespace

void PieceTable::append(std::string_view piece) {
    m_text += piece;
    m_ends.push_back(static_cast<std::uint32_t>(m_text.size()));
}

std::optional<std::int64_t> PieceTable::index() {
    m_text.shrink_to_fit();
    m_slots.assign(std::bit_ceil(std::max<std::size_t>(16, m_ends.size() * 2)), -1);
    m_tags.assign(m_slots.size(), 0);
    std::optional<std::int64_t> duplicate;
    for (std::size_t id = 0; id < m_ends.size(); ++id) {
        const std::size_t hash = hashOf(dense(id));
        const std::size_t slot = slotOf(dense(id), hash);
        if (m_slots[slot] >= 0) {
            if (!duplicate) duplicate = static_cast<std::int64_t>(id);
            continue;
        }
        m_slots[slot] = static_cast<std::int32_t>(id);
        m_tags[slot] = tagOf(hash);
    }
    return duplicate;
}

std::int64_t PieceTable::extent() const { return m_extra.empty() ? size() : std::max(size(), m_extra.rbegin()->first + 1); }

bool PieceTable::contains(std::int64_t id) const { return (id >= 0 && id < size()) || m_extra.contains(id); }

std::string_view PieceTable::at(std::int64_t id) const {
    if (id >= 0 && id < size()) return dense(static_cast<std::size_t>(id));
    const auto extra = m_extra.find(id);
    return extra == m_extra.end() ? std::string_view{} : std::string_view(extra->second);
}

std::optional<std::int64_t> PieceTable::find(std::string_view piece) const {
    if (!m_slots.empty()) {
        const std::int32_t id = m_slots[slotOf(piece, hashOf(piece))];
        if (id >= 0) return id;
    }
    for (const auto& [id, text] : m_extra) {
        if (text == piece) return id;
    }
    return std::nullopt;
}

std::string_view PieceTable::dense(std::size_t id) const {
    const std::size_t begin = id == 0 ? 0 : m_ends[id - 1];
    return std::string_view(m_text).substr(begin, m_ends[id] - begin);
}

// The slot that holds `piece`, or the free one where it would go.
std::size_t PieceTable::slotOf(std::string_view piece, std::size_t hash) const {
    const std::size_t mask = m_slots.size() - 1;
    const std::uint8_t tag = tagOf(hash);
    std::size_t slot = hash & mask;
    while (m_slots[slot] >= 0 && (m_tags[slot] != tag || dense(static_cast<std::size_t>(m_slots[slot])) != piece))
        slot = (slot + 1) & mask;
    return slot;
}

}  // namespace lapidary::text
