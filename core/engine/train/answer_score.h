// How many answers of a set a model gets right: `lapidary score --data-path` and `--scenes`.  An answer is right when each of its tokens
// is the likeliest one behind those before it: what greedy decoding writes.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "core/data/scenes/held_out.h"
#include "core/data/scenes/scorer.h"
#include "core/engine/session/model.h"
#include "core/engine/train/objective.h"
#include "core/shared/base/result.h"

namespace lapidary::train {

struct ScoringSettings {
    std::int64_t samplesAtOnce = 16;
    std::function<void(std::int64_t done, std::int64_t total)> onProgress;  // samples; may be empty
};

// Every row of a data set (a file or folder as `finetune` reads them), shown as the model's own processor does; the answers of a row are
// right together or not at all.  Errors: those of the set (rows that cannot be used or are longer than the context are named, none is
// left out) and of the model; Cancelled.
Result<Tally> scoreRows(const session::Model& model, const std::string& path, const ScoringSettings& settings,
                        const std::stop_token& stop = {});

// Which questions of core/data/scenes/evaluation.h.
struct SceneQuestions {
    scenes::Split split = scenes::Split::Test;
    std::uint64_t seed = 0;
    std::int64_t count = 0;
};
// The same questions three times: with pan & scan, about the whole picture alone, about a blank one.
// Errors: InvalidData for a model that has another vocabulary or other views than the demo model; Cancelled.
Result<scenes::Scores> scoreScenes(const session::Model& model, const SceneQuestions& questions,
                                   const ScoringSettings& settings, const std::stop_token& stop = {});

}  // namespace lapidary::train
