// Micro-batches by the numbers of their samples, whatever the data are: conversations, packed scenes, labelled views.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/data/dataset/training_sample.h"
#include "core/data/processor/gemma3_processor.h"
#include "core/engine/session/opened_checkpoint.h"
#include "core/engine/train/collator.h"
#include "core/shared/base/result.h"
#include "core/shared/plan/recipe.h"
#include "core/shared/plan/training_forecast.h"

namespace lapidary::train {

// Belongs to the thread that trains; the samples of the next batch are made beside it.
class BatchSource {
public:
    virtual ~BatchSource() = default;

    [[nodiscard]] virtual std::int64_t size() const = 0;
    [[nodiscard]] virtual std::string fingerprint() const = 0;
    [[nodiscard]] virtual std::vector<std::string> changedFiles() const { return {}; }
    // The samples that were made ahead are made again when they are asked for: files have changed.
    virtual void forgetNext() {}
    // `next`: what will probably be asked for next; may be empty.  Errors: those of the samples.
    virtual Result<MicroBatch> batch(const std::vector<std::int64_t>& indices, const std::vector<std::int64_t>& next) = 0;
};

// A set of samples; views become pixels by the processor's settings.
std::unique_ptr<BatchSource> datasetSource(std::shared_ptr<const dataset::Dataset> set,
                                           std::shared_ptr<const processor::Gemma3Processor> processor);

// Which views the recipe's samples have of their pictures.
image::ViewSettings viewSettings(const plan::Recipe& recipe, const session::OpenedCheckpoint& opened);

struct TrainingData {
    std::unique_ptr<BatchSource> training;
    std::unique_ptr<BatchSource> validation;  // null where the recipe names none
    std::vector<std::string> notes;           // sentences for a person: rows that were left out, overlaps
    plan::SampleExtent largest;  // of the training samples; of endless ones, of as many as were looked at
};

// What the recipe's `dataset` section says, for its task.  Errors: those of the data; Usage where the task does not fit them.
Result<TrainingData> openTrainingData(const plan::Recipe& recipe, const session::OpenedCheckpoint& opened,
                                      std::stop_token stop);

}  // namespace lapidary::train
