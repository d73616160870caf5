#include "core/engine/model/layer_inputs.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <memory>
#include <string>

namespace lapidary::model {
namespace {

std::span<const std::int64_t> rowOf(const at::Tensor& contiguous, std::int64_t row) {
    const std::int64_t tokens = contiguous.size(1);
    return {contiguous.const_data_ptr<std::int64_t>() + row * tokens, static_cast<std::size_t>(tokens)};
}

at::Tensor asIntegers(const at::Tensor& values) {
    return values.defined() ? values.to(at::kCPU, at::kLong).contiguous() : at::Tensor();
}

// Right padding is cut off before the rule for left padding is asked.
Result<void> applyMask(std::span<const std::int64_t> mask, RowLayout& row) {
    while (row.endToken > 0 && mask[static_cast<std::size_t>(row.endToken - 1)] == 0) --row.endToken;
    ASSIGN_OR_RETURN(row.firstToken, rules::firstKeyOfMask(mask.first(static_cast<std::size_t>(row.endToken))));
    return {};
}

void applyPositions(std::span<const std::int64_t> positions, RowLayout& row) {
    for (std::size_t i = 1; i < positions.size(); ++i) {
        if (positions[i] == positions[i - 1] + 1) continue;
        if (row.segmentStarts.empty()) row.segmentStarts.push_back(0);
        row.segmentStarts.push_back(static_cast<std::int64_t>(i));
    }
}

// The prefix is a segment of its own, and each sequence behind it goes on at position `prefix`.
Result<void> applyPrefix(std::int64_t prefix, std::span<const std::int64_t> positions, RowLayout& row) {
    const std::string expected = "with a shared prefix of " + std::to_string(prefix) + " tokens ";
    if (prefix < 0 || prefix > row.endToken || row.firstToken != 0) {
        return Error{ErrorCode::InvalidData, expected + "expected at least that many tokens and no padding before them", ""};
    }
    if (prefix > 0) row.segmentStarts.push_back(0);
    for (std::int64_t i = 0; i < row.endToken; ++i) {
        const std::int64_t found = positions[static_cast<std::size_t>(i)];
        const std::int64_t next = i == 0 ? 0 : positions[static_cast<std::size_t>(i - 1)] + 1;
        const bool starts = i == prefix || (i > prefix && found != next);
        if (starts) row.segmentStarts.push_back(i);
        if (const std::int64_t wanted = starts ? prefix : next; found != wanted) {
            return Error{ErrorCode::InvalidData,
                         expected + "expected position " + std::to_string(wanted) + " at token " + std::to_string(i) +
                             ", found " + std::to_string(found),
                         ""};
        }
    }
    row.sharedPrefix = prefix;
    return {};
}

// Where the packed sequence of `query` begins and ends.
struct Segment {
    std::int64_t begin;
    std::int64_t end;
};

Segment segmentOf(const RowLayout& row, std::int64_t query) {
    if (row.segmentStarts.empty()) return {0, row.endToken};
    const auto next = std::upper_bound(row.segmentStarts.begin(), row.segmentStarts.end(), query);
    return {*(next - 1), next != row.segmentStarts.end() ? *next : row.endToken};
}

// Keys of the shared prefix that a query of a later sequence sees: a sliding window counts positions, which restart at the prefix.
Segment seenPrefix(const RowLayout& row, const Segment& segment, std::int64_t query, std::int64_t window, bool sliding) {
    if (segment.begin < row.sharedPrefix || query >= row.endToken) return {0, 0};
    const std::int64_t position = row.sharedPrefix + query - segment.begin;
    const std::int64_t begin = sliding ? std::max<std::int64_t>(0, position - window + 1) : 0;
    return {std::min(begin, row.sharedPrefix), row.sharedPrefix};
}

at::Tensor emptyBounds(const std::vector<RowLayout>& rows, std::int64_t queries) {
    return at::empty({static_cast<std::int64_t>(rows.size()), queries}, at::TensorOptions(at::kInt));
}

// The second intervals; undefined where no row has a prefix, so that the kernel may be used.
void addPrefixIntervals(const std::vector<RowLayout>& rows, std::int64_t window, bool sliding, std::int64_t queryBegin,
                        std::int64_t queryEnd, ops::Intervals& intervals) {
    if (std::none_of(rows.begin(), rows.end(), [](const RowLayout& row) { return row.sharedPrefix > 0; })) return;
    intervals.prefixBegin = emptyBounds(rows, queryEnd - queryBegin);
    intervals.prefixEnd = emptyBounds(rows, queryEnd - queryBegin);
    std::int32_t* begin = intervals.prefixBegin.mutable_data_ptr<std::int32_t>();
    std::int32_t* end = intervals.prefixEnd.mutable_data_ptr<std::int32_t>();
    for (const RowLayout& row : rows) {
        for (std::int64_t query = queryBegin; query < queryEnd; ++query) {
            const Segment seen = seenPrefix(row, segmentOf(row, query), query, window, sliding);
            *begin++ = static_cast<std::int32_t>(seen.begin);
            *end++ = static_cast<std::int32_t>(seen.end);
        }
    }
}

std::int64_t lowestSeen(const ops::Intervals& intervals, std::int64_t totalKeys) {
    std::int64_t lowest = totalKeys;
    for (const auto& [begins, ends] :
         {std::pair{&intervals.begin, &intervals.end}, {&intervals.prefixBegin, &intervals.prefixEnd}}) {
        if (!begins->defined()) continue;
        const std::int32_t* const begin = begins->const_data_ptr<std::int32_t>();
        const std::int32_t* const end = ends->const_data_ptr<std::int32_t>();
        for (std::int64_t i = 0; i < begins->numel(); ++i) {
            if (begin[i] < end[i]) lowest = std::min<std::int64_t>(lowest, begin[i]);
        }
    }
    // Padding alone sees nothing, but a slice of keys has at least one.
    return std::min(lowest, std::max<std::int64_t>(totalKeys - 1, 0));
}

}  // namespace

Result<std::vector<RowLayout>> rowLayouts(const at::Tensor& ids, const at::Tensor& attentionMask, const at::Tensor& positions,
                                          const at::Tensor& sharedPrefix, std::int64_t batch, std::int64_t tokens,
                                          std::int64_t imageTokenIndex) {
    const at::Tensor idRows = asIntegers(ids);
    const at::Tensor maskRows = asIntegers(attentionMask);
    const at::Tensor positionRows = asIntegers(positions);
    for (const auto& [name, rows] :
         {std::pair{"input_ids", &idRows}, {"attention_mask", &maskRows}, {"position_ids", &positionRows}}) {
        if (rows->defined() && (rows->dim() != 2 || rows->size(0) != batch || rows->size(1) != tokens)) {
            return Error{
                ErrorCode::InvalidData,
                std::string(name) + " is not of the shape [" + std::to_string(batch) + ", " + std::to_string(tokens) + "]", ""};
        }
    }
    const at::Tensor prefixes = asIntegers(sharedPrefix);
    if (prefixes.defined() && (prefixes.numel() != batch || !positionRows.defined())) {
        return Error{ErrorCode::InvalidData, "shared prefixes are one a row, and need position_ids", ""};
    }
    std::vector<RowLayout> rows(static_cast<std::size_t>(batch));
    for (std::int64_t i = 0; i < batch; ++i) {
        RowLayout& row = rows[static_cast<std::size_t>(i)];
        row.endToken = tokens;
        if (idRows.defined()) row.spans = rules::imageSpans(rowOf(idRows, i), imageTokenIndex);
        if (maskRows.defined()) {
            if (auto applied = applyMask(rowOf(maskRows, i), row); !applied) {
                return applied.error().within("attention_mask, row " + std::to_string(i));
            }
        }
        if (prefixes.defined()) {
            const std::int64_t prefix = prefixes.const_data_ptr<std::int64_t>()[i];
            if (auto applied = applyPrefix(prefix, rowOf(positionRows, i), row); !applied) {
                return applied.error().within("position_ids, row " + std::to_string(i));
            }
        } else if (positionRows.defined() && !maskRows.defined()) {
            applyPositions(rowOf(positionRows, i), row);
        }
    }
    return rows;
}

ops::Intervals rowIntervals(const std::vector<RowLayout>& rows, const config::TextConfig& config, config::LayerType type,
                            std::int64_t queryBegin, std::int64_t queryEnd) {
    const std::int64_t queries = queryEnd - queryBegin;
    ops::Intervals intervals{emptyBounds(rows, queries), emptyBounds(rows, queries)};
    std::int32_t* begin = intervals.begin.mutable_data_ptr<std::int32_t>();
    std::int32_t* end = intervals.end.mutable_data_ptr<std::int32_t>();
    for (const RowLayout& row : rows) {
        const rules::VisibleKeys keys(config.effectiveWindow(), row.firstToken, row.spans, config.useBidirectionalAttention);
        const rules::KeyIntervals seen = keys.intervals(type, queryBegin, queryEnd, row.endToken);
        for (std::int64_t i = 0; i < queries; ++i) {
            const auto index = static_cast<std::size_t>(i);
            const Segment segment = segmentOf(row, queryBegin + i);  // no key of another packed sequence
            begin[i] = std::max(seen.begin[index], static_cast<std::int32_t>(segment.begin));
            end[i] = std::min(seen.end[index], static_cast<std::int32_t>(segment.end));
        }
        begin += queries;
        end += queries;
    }
    addPrefixIntervals(rows, config.effectiveWindow(), type == config::LayerType::SlidingAttention, queryBegin, queryEnd,
                       intervals);
    return intervals;
}

LayerInputs makeLayerInputs(const std::vector<RowLayout>& rows, const config::TextConfig& config, const RotaryPair& rotary,
                            const at::Tensor& positions, std::int64_t queryBegin, std::int64_t queryEnd,
                            ops::Precision precision) {
    LayerInputs inputs;
    inputs.totalKeys = queryEnd;
    for (const config::LayerType type : {config::LayerType::FullAttention, config::LayerType::SlidingAttention}) {
        const bool full = type == config::LayerType::FullAttention;
        LayerTypeInputs& mine = full ? inputs.full : inputs.sliding;
        mine.rotary = (full ? rotary.full : rotary.sliding).tables(positions, precision);
        mine.intervals = rowIntervals(rows, config, type, queryBegin, queryEnd);
        if (!mine.rotary.cos.is_cpu()) mine.intervals.masks = std::make_shared<ops::MaskMemory>();
        mine.firstSeen = lowestSeen(mine.intervals, inputs.totalKeys);
    }
    return inputs;
}

}  // namespace lapidary::model
