// Byte-pair encoding from ranked merges (Sennrich et al., arXiv:1508.07909), as the `tokenizers` library applies them: the pair of
// lowest rank first, the leftmost of equals; O(n log n) with a heap of candidate pairs.
#include <algorithm>
#include <array>
#include <queue>

#include "core/data/text/segment_encoder.h"
#include "core/data/text/special_tokens.h"
#include "core/data/text/utf8.h"

namespace lapidary::text {
namespace {

struct Symbol {
    std::int32_t id = 0;  // -1: merged into its left neighbour
    std::int32_t previous = -1;
    std::int32_t next = -1;
};

struct Candidate {
    std::uint32_t rank = 0;
    std::int32_t left = 0;  // index of the left symbol
    std::int32_t leftId = 0;  // ids at the time: a candidate is stale when either changed
    std::int32_t rightId = 0;
    std::int32_t result = 0;
    bool operator>(const Candidate& other) const { return rank != other.rank ? rank > other.rank : left > other.left; }
};

class MergeEncoder : public SegmentEncoder {
public:
    MergeEncoder(const PieceTable& pieces, bool byteFallback, std::int64_t unknownId, UnknownCharacters unknown,
                 const std::vector<MergeRule>& merges)
        : m_pieces(pieces), m_unknownId(static_cast<std::int32_t>(unknownId)), m_unknown(unknown) {
        m_byteIds.fill(-1);
        for (std::int64_t id = 0; byteFallback && id < pieces.size(); ++id) {
            const int byte = byteOfPiece(pieces.at(id));
            if (byte >= 0) m_byteIds[byte] = static_cast<std::int32_t>(id);
        }
        m_rules.reserve(merges.size());
        for (const MergeRule& merge : merges) {
            m_rules.push_back({key(merge.left, merge.right), static_cast<std::uint32_t>(m_rules.size()), merge.result});
        }
        std::sort(m_rules.begin(), m_rules.end(),
                  [](const Rule& a, const Rule& b) { return a.pair != b.pair ? a.pair < b.pair : a.rank < b.rank; });
    }

    void encode(std::string_view text, std::vector<std::int64_t>& ids) const override {
        std::vector<Symbol> symbols = initialSymbols(text);
        mergeAll(symbols);
        for (const Symbol& symbol : symbols) {
            if (symbol.id >= 0) ids.push_back(symbol.id);
        }
    }

    [[nodiscard]] const char* name() const override { return "merges"; }

private:
    struct Rule {
        std::uint64_t pair = 0;
        std::uint32_t rank = 0;
        std::int32_t result = 0;
    };
    using Heap = std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>>;

    static std::uint64_t key(std::int32_t left, std::int32_t right) {
        return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U | static_cast<std::uint32_t>(right);
    }

    // Code points of the vocabulary, else their bytes, else <unk> (dropped where the vocabulary has none).
    [[nodiscard]] std::vector<Symbol> initialSymbols(std::string_view text) const {
        std::vector<Symbol> symbols;
        symbols.reserve(text.size());
        const auto append = [&](std::int32_t id) {
            const auto index = static_cast<std::int32_t>(symbols.size());
            if (index > 0) symbols.back().next = index;
            symbols.push_back({id, index - 1, -1});
        };
        while (!text.empty()) {
            const std::size_t length = std::max<std::size_t>(1, utf8Length(text));
            const std::string_view character = text.front() == ' ' ? kSpaceMark : text.substr(0, length);
            text.remove_prefix(length);
            if (const auto id = m_pieces.find(character); id && *id < m_pieces.size()) {
                append(static_cast<std::int32_t>(*id));
            } else if (hasBytes(character)) {
                for (const char byte : character) append(m_byteIds[static_cast<unsigned char>(byte)]);
            } else if (m_unknownId >= 0 &&
                       (m_unknown == UnknownCharacters::KeepApart || symbols.empty() || symbols.back().id != m_unknownId)) {
                append(m_unknownId);
            }
        }
        return symbols;
    }

    [[nodiscard]] bool hasBytes(std::string_view character) const {
        return std::all_of(character.begin(), character.end(),
                           [&](char byte) { return m_byteIds[static_cast<unsigned char>(byte)] >= 0; });
    }

    void pushCandidate(Heap& heap, const std::vector<Symbol>& symbols, std::int32_t left) const {
        if (left < 0 || symbols[left].next < 0) return;
        const std::int32_t leftId = symbols[left].id;
        const std::int32_t rightId = symbols[symbols[left].next].id;
        const std::uint64_t pair = key(leftId, rightId);
        auto rule = std::lower_bound(m_rules.begin(), m_rules.end(), pair,
                                     [](const Rule& a, std::uint64_t wanted) { return a.pair < wanted; });
        if (rule == m_rules.end() || rule->pair != pair) return;
        heap.push({rule->rank, left, leftId, rightId, rule->result});
    }

    void mergeAll(std::vector<Symbol>& symbols) const {
        Heap heap;
        for (std::int32_t index = 0; index < static_cast<std::int32_t>(symbols.size()); ++index)
            pushCandidate(heap, symbols, index);
        while (!heap.empty()) {
            const Candidate best = heap.top();
            heap.pop();
            Symbol& left = symbols[best.left];
            if (left.id != best.leftId || left.next < 0 || symbols[left.next].id != best.rightId) continue;
            Symbol& right = symbols[left.next];
            left.id = best.result;
            left.next = right.next;
            right.id = -1;
            if (left.next >= 0) symbols[left.next].previous = best.left;
            pushCandidate(heap, symbols, left.previous);
            pushCandidate(heap, symbols, best.left);
        }
    }

    const PieceTable& m_pieces;
    std::int32_t m_unknownId;
    UnknownCharacters m_unknown;
    std::array<std::int32_t, 256> m_byteIds{};
    std::vector<Rule> m_rules;  // sorted by pair
};

}  // namespace

std::unique_ptr<SegmentEncoder> makeMergeEncoder(const PieceTable& pieces, bool byteFallback, std::int64_t unknownId,
                                                 UnknownCharacters unknown, const std::vector<MergeRule>& merges) {
    return std::make_unique<MergeEncoder>(pieces, byteFallback, unknownId, unknown, merges);
}

}  // namespace lapidary::text
