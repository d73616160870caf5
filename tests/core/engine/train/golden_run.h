// The reference's fine-tuning runs (tests/golden/finetune), run again by our trainer.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/data/files/safetensors_file.h"
#include "core/engine/distributed/local_group.h"
#include "core/engine/model/gemma3_vl_model.h"
#include "core/engine/train/trainer.h"
#include "tests/core/engine/model/model_fixture.h"

namespace lapidary::test {

const nlohmann::json& goldenFinetune();
const nlohmann::json& goldenCase(const std::string& id);

// Samples `wanted` of the golden file as one micro-batch, pixels included.
train::MicroBatch goldenBatch(const std::vector<std::int64_t>& wanted, train::PaddingSide side = train::PaddingSide::Left);

// Of the golden model on the device of the tests.
model::LoadOptions goldenOptions(model::WeightStorage storage = model::WeightStorage::Trainable);

// The start of all runs, with weights that may learn.
std::shared_ptr<model::Gemma3VlModel> goldenStart(model::WeightStorage storage = model::WeightStorage::Trainable);

train::TrainerSettings goldenSettings(const nlohmann::json& run);

// Steps the trainer as the case says and expects every loss, norm and learning rate of it.
void expectGoldenSteps(train::Trainer& trainer, const nlohmann::json& run);

// One tensor against the case's entry: shape, sum, sum of squares, largest and first values, within the stored noise.
void expectGoldenTensor(const at::Tensor& ours, const nlohmann::json& entry, const std::string& name);

}  // namespace lapidary::test
