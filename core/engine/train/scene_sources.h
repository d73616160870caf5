// The generator's sets as micro-batches (core/data/scenes).
#pragma once

#include <memory>

#include "core/data/scenes/evaluation.h"
#include "core/data/scenes/scene_dataset.h"
#include "core/engine/train/batch_source.h"

namespace lapidary::train {

// Packed questions; groups carry their kinds.
std::unique_ptr<BatchSource> sceneSource(std::unique_ptr<scenes::SceneDataset> set,
                                         std::shared_ptr<const processor::Gemma3Processor> processor);
std::unique_ptr<BatchSource> evaluationSource(std::unique_ptr<scenes::EvaluationDataset> set,
                                              std::shared_ptr<const processor::Gemma3Processor> processor);
// Views and labels for TowerObjective.
std::unique_ptr<BatchSource> towerSource(std::unique_ptr<scenes::TowerDataset> set);

}  // namespace lapidary::train
