// Which keys a query may see, and why (specification 3.1, 3.2; the semantics of transformers >= 5.13): in Gemma 3 always one
// interval [begin, end).
//   begin  the sequence's first key, or q - window + 1 in a sliding layer
//   end    q + 1, or the end of q's image block (the window bounds looking back only)
// The model's kernels, its attention mask and the mask view ask this one function; nobody restates the rule.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/shared/base/result.h"
#include "core/shared/config/text_config.h"

namespace lapidary::rules {

// One image's soft tokens: positions [begin, end) of the sequence.
struct ImageSpan {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    bool operator==(const ImageSpan&) const = default;
};

// Runs of consecutive image tokens.  `ids` [seq].
std::vector<ImageSpan> imageSpans(std::span<const std::int64_t> ids, std::int64_t imageTokenIndex);
// The same from token_type_ids (1 = image; 2 and 3 are reserved and ignored).
std::vector<ImageSpan> imageSpansFromTypes(std::span<const std::int64_t> tokenTypeIds);

struct KeyIntervals {
    std::vector<std::int32_t> begin;  // [queries]
    std::vector<std::int32_t> end;    // [queries]
};

// Why a query sees a key: it lies before (or is the query itself); it lies ahead in the query's own image block; it lies
// ahead and the model attends both ways.
enum class KeyReason : std::uint8_t { Hidden, Causal, ImageBlock, Bidirectional };

class VisibleKeys {
public:
    // `window`: TextConfig::effectiveWindow().  `firstKey`: left padding ends here (keys before it are never seen).
    // `spans`: ascending and disjoint, in absolute positions.  `bidirectional`: EmbeddingGemma (specification 1.4, step 7).
    VisibleKeys(std::int64_t window, std::int64_t firstKey, std::vector<ImageSpan> spans, bool bidirectional = false);

    // Intervals of the queries [queryBegin, queryEnd) in absolute positions, when `totalKeys` keys exist.
    // A padding query (before firstKey) has an empty interval.
    [[nodiscard]] KeyIntervals intervals(config::LayerType type, std::int64_t queryBegin, std::int64_t queryEnd,
                                         std::int64_t totalKeys) const;

    // Why a key is seen or not, for the mask view.
    [[nodiscard]] KeyReason reason(config::LayerType type, std::int64_t query, std::int64_t key) const;

private:
    struct Interval {
        std::int64_t begin;
        std::int64_t end;
    };
    [[nodiscard]] Interval interval(config::LayerType type, std::int64_t query, std::int64_t totalKeys) const;
    [[nodiscard]] const ImageSpan* spanOf(std::int64_t position) const;

    std::int64_t m_window;
    std::int64_t m_firstKey;
    std::vector<ImageSpan> m_spans;
    bool m_bidirectional;
};

// First key of a row from a padding mask [seq] (1 = token).  Errors: InvalidData for a mask with holes, or padded on the right
// of tokens: neither can be one interval.
Result<std::int64_t> firstKeyOfMask(std::span<const std::int64_t> attentionMask);

}  // namespace lapidary::rules
