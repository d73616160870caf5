#include "core/shared/rules/visible_keys.h"

#include <algorithm>
#include <string>

namespace lapidary::rules {
namespace {

// Runs of positions for which `isImage` holds.
template <class IsImage>
std::vector<ImageSpan> runs(std::size_t size, const IsImage& isImage) {
    std::vector<ImageSpan> spans;
    for (std::size_t i = 0; i < size; ++i) {
        if (!isImage(i)) continue;
        const auto position = static_cast<std::int64_t>(i);
        if (!spans.empty() && spans.back().end == position)
            ++spans.back().end;
        else
            spans.push_back({position, position + 1});
    }
    return spans;
}

}  // namespace

std::vector<ImageSpan> imageSpans(std::span<const std::int64_t> ids, std::int64_t imageTokenIndex) {
    return runs(ids.size(), [&](std::size_t i) { return ids[i] == imageTokenIndex; });
}

std::vector<ImageSpan> imageSpansFromTypes(std::span<const std::int64_t> tokenTypeIds) {
    return runs(tokenTypeIds.size(), [&](std::size_t i) { return tokenTypeIds[i] == 1; });
}

VisibleKeys::VisibleKeys(std::int64_t window, std::int64_t firstKey, std::vector<ImageSpan> spans, bool bidirectional)
    : m_window(std::max<std::int64_t>(window, 1)),
      m_firstKey(std::max<std::int64_t>(firstKey, 0)),
      m_spans(std::move(spans)),
      m_bidirectional(bidirectional) {}

const ImageSpan* VisibleKeys::spanOf(std::int64_t position) const {
    const auto after = std::upper_bound(m_spans.begin(), m_spans.end(), position,
                                        [](std::int64_t p, const ImageSpan& span) { return p < span.begin; });
    if (after == m_spans.begin()) return nullptr;
    const ImageSpan& span = *(after - 1);
    return position < span.end ? &span : nullptr;
}

VisibleKeys::Interval VisibleKeys::interval(config::LayerType type, std::int64_t query, std::int64_t totalKeys) const {
    if (query < m_firstKey) return {0, 0};
    const bool sliding = type == config::LayerType::SlidingAttention;
    Interval keys{sliding ? std::max(m_firstKey, query - m_window + 1) : m_firstKey, query + 1};
    if (m_bidirectional) {
        keys.end = sliding ? query + m_window : totalKeys;
    } else if (const ImageSpan* span = spanOf(query)) {
        keys.end = std::max(keys.end, span->end);
    }
    keys.end = std::min(keys.end, totalKeys);
    keys.begin = std::min(keys.begin, keys.end);
    return keys;
}

KeyIntervals VisibleKeys::intervals(config::LayerType type, std::int64_t queryBegin, std::int64_t queryEnd,
                                    std::int64_t totalKeys) const {
    KeyIntervals result;
    const auto count = static_cast<std::size_t>(std::max<std::int64_t>(queryEnd - queryBegin, 0));
    result.begin.reserve(count);
    result.end.reserve(count);
    for (std::int64_t query = queryBegin; query < queryEnd; ++query) {
        const Interval keys = interval(type, query, totalKeys);
        result.begin.push_back(static_cast<std::int32_t>(keys.begin));
        result.end.push_back(static_cast<std::int32_t>(keys.end));
    }
    return result;
}

KeyReason VisibleKeys::reason(config::LayerType type, std::int64_t query, std::int64_t key) const {
    const Interval keys = interval(type, query, std::max(query, key) + 1);
    if (key < keys.begin || key >= keys.end) return KeyReason::Hidden;
    if (key <= query) return KeyReason::Causal;
    return m_bidirectional ? KeyReason::Bidirectional : KeyReason::ImageBlock;
}

Result<std::int64_t> firstKeyOfMask(std::span<const std::int64_t> attentionMask) {
    const auto isToken = [](std::int64_t value) { return value != 0; };
    const auto first = std::find_if(attentionMask.begin(), attentionMask.end(), isToken);
    if (first == attentionMask.end()) return Error{ErrorCode::InvalidData, "attention_mask: holds no token", ""};
    const auto hole = std::find_if_not(first, attentionMask.end(), isToken);
    if (hole != attentionMask.end()) {
        return Error{ErrorCode::InvalidData,
                     "attention_mask: expected zeros (padding) on the left only, found a zero at position " +
                         std::to_string(hole - attentionMask.begin()) + " after the first token",
                     ""};
    }
    return static_cast<std::int64_t>(first - attentionMask.begin());
}

}  // namespace lapidary::rules
