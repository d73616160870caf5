// All pieces of a vocabulary in one block of memory, findable by id and by text: 262,144 std::strings would cost four times as much.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::text {

// No vocabulary that we read is larger; files that claim more are refused.
inline constexpr std::int64_t kMaxPieces = 1 << 20;

class PieceTable {
public:
    // Id of the next piece is size().
    void append(std::string_view piece);
    // A piece outside the dense range (an added token above the vocabulary).
    void setExtra(std::int64_t id, std::string piece) { m_extra[id] = std::move(piece); }
    // Builds the index by text.  Returns an id whose text another, smaller id already has; nothing when all differ.
    std::optional<std::int64_t> index();

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(m_ends.size()); }  // dense part
    [[nodiscard]] std::int64_t extent() const;  // largest id + 1
    [[nodiscard]] bool contains(std::int64_t id) const;
    [[nodiscard]] std::string_view at(std::int64_t id) const;  // empty outside
    [[nodiscard]] std::optional<std::int64_t> find(std::string_view piece) const;  // after index()

private:
    [[nodiscard]] std::string_view dense(std::size_t id) const;
    [[nodiscard]] std::size_t slotOf(std::string_view piece, std::size_t hash) const;

    std::string m_text;
    std::vector<std::uint32_t> m_ends;  // [size], exclusive ends in m_text
    std::vector<std::int32_t> m_slots;  // open addressing, a power of two; -1: free
    std::vector<std::uint8_t> m_tags;  // [slots], a byte of each piece's hash
    std::map<std::int64_t, std::string> m_extra;
};

}  // namespace lapidary::text
