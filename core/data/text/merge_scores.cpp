// Whether a list of merges is what Hugging Face derives from a SentencePiece model, and with which scores (specification 6.2).
#include <algorithm>
#include <limits>

#include "core/data/text/special_tokens.h"
#include "core/data/text/tokenizer_json.h"
#include "core/data/text/utf8.h"

namespace lapidary::text {
namespace {

class MergeScores {
public:
    explicit MergeScores(const TokenizerJson& tokenizer) : m_tokenizer(tokenizer), m_vocabulary(tokenizer.vocabulary) {}

    std::optional<std::vector<float>> derive() {
        if (m_tokenizer.unknown != UnknownCharacters::Fuse || m_vocabulary.unknownId < 0 || !bytesComplete())
            return std::nullopt;
        m_scores.assign(static_cast<std::size_t>(m_vocabulary.pieces.size()), 0.0F);
        if (!rankResults() || !everySplitIsThere() || !spaceRunsComeFirst()) return std::nullopt;
        // Single characters are never the result of a merge: below all others.
        for (std::size_t id = 0; id < m_scores.size(); ++id) {
            if (m_vocabulary.types[id] == PieceType::Normal && m_scores[id] == 0.0F)
                m_scores[id] = -static_cast<float>(m_results + 1);
        }
        return std::move(m_scores);
    }

private:
    [[nodiscard]] bool is(std::int32_t id, PieceType type) const { return m_vocabulary.types[id] == type; }
    [[nodiscard]] bool isReachable(std::int32_t id) const { return is(id, PieceType::Normal); }

    // SentencePiece wants all 256 byte pieces, or none.
    [[nodiscard]] bool bytesComplete() const {
        const auto bytes = std::count(m_vocabulary.types.begin(), m_vocabulary.types.end(), PieceType::Byte);
        return bytes == (m_vocabulary.byteFallback ? 256 : 0);
    }

    // The merges of one piece must stand together: their place is its score.
    bool rankResults() {
        std::int32_t current = -1;
        std::vector<std::int32_t> lefts;
        for (const MergeRule& merge : m_tokenizer.merges) {
            // Added tokens are split off before BPE, so neither they nor merges with them ever happen inside a text.
            if (is(merge.result, PieceType::Byte)) return false;  // SentencePiece never spells a byte piece
            if (!isReachable(merge.result)) continue;
            if (is(merge.left, PieceType::UserDefined) || is(merge.right, PieceType::UserDefined)) return false;
            if (!isReachable(merge.left) || !isReachable(merge.right)) continue;
            if (merge.result != current) {
                if (m_scores[merge.result] != 0.0F) return false;
                current = merge.result;
                m_scores[current] = -static_cast<float>(++m_results);
                lefts.clear();
            }
            if (std::find(lefts.begin(), lefts.end(), merge.left) != lefts.end()) return false;
            lefts.push_back(merge.left);
            ++m_ranked;
        }
        // Beyond 2^24 neighbouring scores are one float.
        return m_results < (1U << 24U);
    }

    // SentencePiece merges any two neighbours whose union is a piece; so each such pair must be a merge.  No merge is listed twice
    // and all are splits, so it is enough to count.
    [[nodiscard]] bool everySplitIsThere() const {
        std::size_t splits = 0;
        for (std::int64_t id = 0; id < m_vocabulary.pieces.size(); ++id) {
            if (!isReachable(static_cast<std::int32_t>(id))) continue;
            const std::string_view piece = m_vocabulary.pieces.at(id);
            for (std::size_t cut = utf8Length(piece); cut > 0 && cut < piece.size();
                 cut += std::max<std::size_t>(1, utf8Length(piece.substr(cut)))) {
                const auto left = m_vocabulary.pieces.find(piece.substr(0, cut));
                if (!left || !isReachable(static_cast<std::int32_t>(*left))) continue;
                const auto right = m_vocabulary.pieces.find(piece.substr(cut));
                splits += right && isReachable(static_cast<std::int32_t>(*right)) ? 1 : 0;
            }
        }
        return splits == m_ranked;
    }

    // User-defined pieces are taken greedily before anything else.  BPE does the same if a run takes up one space after the other
    // (the longer the run, the better the rank) before any word takes a space.
    [[nodiscard]] bool spaceRunsComeFirst() const {
        const auto space = m_vocabulary.pieces.find(kSpaceMark);
        std::size_t longest = 1;
        std::vector<std::size_t> rankOfLength;  // of run(k) + one space, by k
        std::size_t firstWordWithSpace = std::numeric_limits<std::size_t>::max();
        for (std::size_t id = 0; id < m_scores.size(); ++id) {
            if (!is(static_cast<std::int32_t>(id), PieceType::UserDefined)) continue;
            longest = std::max(longest, m_vocabulary.pieces.at(static_cast<std::int64_t>(id)).size() / kSpaceMark.size());
        }
        if (longest == 1) return true;
        rankOfLength.assign(longest, std::numeric_limits<std::size_t>::max());
        for (std::size_t rank = 0; rank < m_tokenizer.merges.size(); ++rank) {
            const MergeRule& merge = m_tokenizer.merges[rank];
            if (is(merge.result, PieceType::UserDefined)) {
                if (space && merge.right == *space)
                    rankOfLength[m_vocabulary.pieces.at(merge.left).size() / kSpaceMark.size()] = rank;
            } else if (firstWordWithSpace == std::numeric_limits<std::size_t>::max() && isReachable(merge.result) &&
                       m_vocabulary.pieces.at(merge.result).find(kSpaceMark) != std::string_view::npos) {
                firstWordWithSpace = rank;
            }
        }
        for (std::size_t length = 1; length < longest; ++length) {
            if (rankOfLength[length] >= firstWordWithSpace) return false;
            if (length > 1 && rankOfLength[length] > rankOfLength[length - 1]) return false;
        }
        return true;
    }

    const TokenizerJson& m_tokenizer;
    const Vocabulary& m_vocabulary;
    std::vector<float> m_scores;
    std::size_t m_results = 0;  // distinct pieces that merges make
    std::size_t m_ranked = 0;  // merges among them
};

}  // namespace

std::optional<std::vector<float>> scoresFromMerges(const TokenizerJson& tokenizer) { return MergeScores(tokenizer).derive(); }

}  // namespace lapidary::text
