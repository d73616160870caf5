// What all decoder layers of one forward share: rotations, visible keys, the cache.  Made once from ids, masks and positions.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "core/engine/model/adapter_pass.h"
#include "core/engine/model/kv_cache.h"
#include "core/engine/model/rotary_embedding.h"
#include "core/engine/ops/attention.h"
#include "core/shared/base/result.h"
#include "core/shared/config/gemma3_config.h"
#include "core/shared/rules/visible_keys.h"

namespace lapidary::model {

struct LayerTypeInputs {
    RotaryTables rotary;          // [rows * queries, head_dim / 2]
    ops::Intervals intervals;     // [rows, queries], absolute positions
    std::int64_t firstSeen = 0;   // lowest position that any query sees
};

struct LayerInputs {
    LayerTypeInputs full;
    LayerTypeInputs sliding;
    std::int64_t totalKeys = 0;              // keys that exist once this forward's are written
    KvCache* cache = nullptr;                // null: keys are this forward's own
    std::vector<at::Tensor>* attentions = nullptr;  // where each layer adds its weights, or null
    AdapterPass pass;                        // what stands beside the parameters

    [[nodiscard]] const LayerTypeInputs& of(config::LayerType type) const {
        return type == config::LayerType::FullAttention ? full : sliding;
    }
};

// The two rotations of a model.
struct RotaryPair {
    RotaryEmbedding full;
    RotaryEmbedding sliding;
};

// Where the tokens of one row lie.
struct RowLayout {
    std::int64_t firstToken = 0;             // left padding ends here
    std::int64_t endToken = 0;               // right padding begins here
    std::vector<rules::ImageSpan> spans;     // absolute positions
    std::vector<std::int64_t> segmentStarts; // packed sequences: where each begins; empty for one sequence
    std::int64_t sharedPrefix = 0;           // that many first tokens are seen by every packed sequence behind them
};

// Rows of a whole forward: ids [batch, tokens] or undefined (no image blocks then), mask [batch, tokens] or undefined, positions
// [batch, tokens] or undefined.  Without a mask, positions that do not go up by one start a new sequence (specification 3.4).
// sharedPrefix [batch] or undefined, as in ModelInput.
// Errors: InvalidData for a mask with holes or of another shape, and for positions that do not fit the shared prefix.
Result<std::vector<RowLayout>> rowLayouts(const at::Tensor& ids, const at::Tensor& attentionMask, const at::Tensor& positions,
                                          const at::Tensor& sharedPrefix, std::int64_t batch, std::int64_t tokens,
                                          std::int64_t imageTokenIndex);

// Intervals of the queries [queryBegin, queryEnd) of every row.
ops::Intervals rowIntervals(const std::vector<RowLayout>& rows, const config::TextConfig& config, config::LayerType type,
                            std::int64_t queryBegin, std::int64_t queryEnd);

// positions: [rows * queries] int64, what the rotations turn by.
LayerInputs makeLayerInputs(const std::vector<RowLayout>& rows, const config::TextConfig& config, const RotaryPair& rotary,
                            const at::Tensor& positions, std::int64_t queryBegin, std::int64_t queryEnd,
                            ops::Precision precision);

}  // namespace lapidary::model
