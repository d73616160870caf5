// `lapidary score --scenes`: the demo model's evaluation set as a table.
#pragma once

#include <cstdint>
#include <string>

#include "app/lapidary/verb.h"
#include "core/data/scenes/evaluation.h"
#include "core/engine/train/answer_score.h"

namespace lapidary::app {

struct SceneScoreOptions {
    bool wanted = false;
    std::int64_t questions = scenes::kEvaluationQuestions;
    std::string split = "test";
    std::uint64_t seed = scenes::kEvaluationSeed;
    bool markdown = false;
    bool promises = false;
};
void addSceneScoreOptions(CLI::App& command, SceneScoreOptions& options);

// Errors: those of train::scoreScenes; Different where a promise was to be kept and is not.
Result<void> scoreScenes(const session::Model& model, const SceneScoreOptions& options, const train::ScoringSettings& settings,
                         const Invocation& invocation);

}  // namespace lapidary::app
