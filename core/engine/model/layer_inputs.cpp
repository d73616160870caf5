#include "core/engine/model/layer_inputs.h"

#include <ATen/ops/empty.h>

#include <algorithm>
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

// No key of another packed sequence.
void clipToSegment(const RowLayout& row, std::int64_t query, std::int32_t& begin, std::int32_t& end) {
    if (row.segmentStarts.empty()) return;
    const auto next = std::upper_bound(row.segmentStarts.begin(), row.segmentStarts.end(), query);
    begin = std::max(begin, static_cast<std::int32_t>(*(next - 1)));
    if (next != row.segmentStarts.end()) end = std::min(end, static_cast<std::int32_t>(*next));
}

std::int64_t lowestSeen(const ops::Intervals& intervals, std::int64_t totalKeys) {
    std::int64_t lowest = totalKeys;
    const std::int32_t* const begin = intervals.begin.const_data_ptr<std::int32_t>();
    const std::int32_t* const end = intervals.end.const_data_ptr<std::int32_t>();
    for (std::int64_t i = 0; i < intervals.begin.numel(); ++i) {
        if (begin[i] < end[i]) lowest = std::min<std::int64_t>(lowest, begin[i]);
    }
    // Padding alone sees nothing, but a slice of keys has at least one.
    return std::min(lowest, std::max<std::int64_t>(totalKeys - 1, 0));
}

}  // namespace

Result<std::vector<RowLayout>> rowLayouts(const at::Tensor& ids, const at::Tensor& attentionMask, const at::Tensor& positions,
                                          std::int64_t batch, std::int64_t tokens, std::int64_t imageTokenIndex) {
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
    std::vector<RowLayout> rows(static_cast<std::size_t>(batch));
    for (std::int64_t i = 0; i < batch; ++i) {
        RowLayout& row = rows[static_cast<std::size_t>(i)];
        row.endToken = tokens;
        if (idRows.defined()) row.spans = rules::imageSpans(rowOf(idRows, i), imageTokenIndex);
        if (maskRows.defined()) {
            if (auto applied = applyMask(rowOf(maskRows, i), row); !applied) {
                return applied.error().within("attention_mask, row " + std::to_string(i));
            }
        } else if (positionRows.defined()) {
            applyPositions(rowOf(positionRows, i), row);
        }
    }
    return rows;
}

ops::Intervals rowIntervals(const std::vector<RowLayout>& rows, const config::TextConfig& config, config::LayerType type,
                            std::int64_t queryBegin, std::int64_t queryEnd) {
    const auto batch = static_cast<std::int64_t>(rows.size());
    const std::int64_t queries = queryEnd - queryBegin;
    const at::TensorOptions options(at::kInt);
    ops::Intervals intervals{at::empty({batch, queries}, options), at::empty({batch, queries}, options)};
    std::int32_t* begin = intervals.begin.mutable_data_ptr<std::int32_t>();
    std::int32_t* end = intervals.end.mutable_data_ptr<std::int32_t>();
    for (const RowLayout& row : rows) {
        const rules::VisibleKeys keys(config.effectiveWindow(), row.firstToken, row.spans, config.useBidirectionalAttention);
        const rules::KeyIntervals seen = keys.intervals(type, queryBegin, queryEnd, row.endToken);
        for (std::int64_t i = 0; i < queries; ++i) {
            const auto index = static_cast<std::size_t>(i);
            begin[i] = seen.begin[index];
            end[i] = std::min(seen.end[index], static_cast<std::int32_t>(row.endToken));
            clipToSegment(row, queryBegin + i, begin[i], end[i]);
        }
        begin += queries;
        end += queries;
    }
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
        mine.firstSeen = lowestSeen(mine.intervals, inputs.totalKeys);
    }
    return inputs;
}

}  // namespace lapidary::model
