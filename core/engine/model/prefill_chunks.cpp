#include "core/engine/model/prefill_chunks.h"

#include <algorithm>

namespace lapidary::model {
namespace {

const rules::ImageSpan* cutSpan(std::int64_t at, const std::vector<rules::ImageSpan>& spans) {
    const auto found = std::find_if(spans.begin(), spans.end(),
                                    [&](const rules::ImageSpan& span) { return span.begin < at && at < span.end; });
    return found == spans.end() ? nullptr : &*found;
}

std::int64_t chunkEnd(std::int64_t begin, std::int64_t wanted, const std::vector<rules::ImageSpan>& spans) {
    std::int64_t end = wanted;
    // Backwards to before every block that is cut; rows may have theirs at different places.
    while (const rules::ImageSpan* span = cutSpan(end, spans)) end = span->begin;
    if (end > begin) return end;
    for (end = wanted; const rules::ImageSpan* span = cutSpan(end, spans);) end = span->end;
    return end;
}

}  // namespace

std::vector<std::int64_t> prefillChunkEnds(std::int64_t tokens, std::int64_t chunkTokens,
                                           const std::vector<rules::ImageSpan>& spans) {
    std::vector<std::int64_t> ends;
    for (std::int64_t begin = 0; begin < tokens; begin = ends.back()) {
        ends.push_back(
            std::min(tokens, chunkEnd(begin, std::min(tokens, begin + std::max<std::int64_t>(1, chunkTokens)), spans)));
    }
    return ends;
}

}  // namespace lapidary::model
