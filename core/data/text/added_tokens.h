// Added tokens: whole strings that are recognised in a text before BPE sees it, leftmost and longest first (specification 6.1, step 1).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace lapidary::text {

class AddedTokens {
public:
    struct Match {
        std::int64_t id = 0;
        std::size_t length = 0;  // bytes
    };

    // `content` is not empty and not there yet.
    void add(std::string_view content, std::int64_t id, bool special);

    // The longest added token that starts at text[at].  A special one counts only if it ends at or before `specialEnd`: text that
    // people typed holds none (Fault23).
    [[nodiscard]] std::optional<Match> longestAt(std::string_view text, std::size_t at, std::size_t specialEnd) const;

    [[nodiscard]] bool isSpecial(std::int64_t id) const { return m_special.contains(id); }

private:
    // A trie as first-child, next-sibling lists: nearly all of Gemma's 6,415 tokens are "<unusedN>", so nodes have few children.
    struct Node {
        std::int32_t firstChild = -1;
        std::int32_t nextSibling = -1;
        std::int64_t id = -1;
        unsigned char byte = 0;
        bool special = false;
    };
    [[nodiscard]] std::int32_t child(std::int32_t node, unsigned char byte) const;

    std::vector<Node> m_nodes{Node{}};
    std::array<bool, 256> m_startsWith{};  // bytes that begin any added token
    std::unordered_set<std::int64_t> m_special;
};

}  // namespace lapidary::text
