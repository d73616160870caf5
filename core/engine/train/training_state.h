// Everything that a resumed run needs to go on bit for bit: the parameters in the type that they learn in, the optimizer's moments,
// and the counters.  Random numbers are functions of the seed and the step, so there is no generator's state to keep.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/engine/train/adam_w.h"
#include "core/shared/base/result.h"

namespace lapidary::train {

// What was in the way of steps since the run began, and what was done about it (faults 36, 37).
struct Troubles {
    std::int64_t refused = 0;  // steps whose loss or gradient could not be trusted
    std::int64_t outOfMemory = 0;  // steps that did not fit
    std::int64_t skipped = 0;  // steps whose samples were passed over
    std::int64_t rollbacks = 0;
    std::int64_t lowered = 0;  // times that the learning rate was halved
    std::int64_t spared = 0;  // times that steps were made to need less memory
    [[nodiscard]] std::int64_t remedies() const { return skipped + rollbacks + lowered + spared; }
    bool operator==(const Troubles&) const = default;
};

struct RunCounters {
    std::int64_t step = 0;  // updates done: the next step's number
    std::int64_t consumedSamples = 0;  // by all ranks, those that were passed over included
    double recentLoss = 0.0;
    std::optional<double> best;  // of validation.metric
    std::int64_t bestStep = 0;
    std::int64_t evaluationsWithoutBest = 0;
    Troubles troubles;
    // What remedies changed for good.
    double learningRateFactor = 1.0;
    std::int64_t microBatchParts = 1;  // a micro-batch is computed in so many parts
    bool recomputes = false;  // activations, although the recipe does not ask for it
    bool operator==(const RunCounters&) const = default;
};

// What must be the same for a run to go on exactly (fault 44); shown side by side where it is not.
struct RunIdentity {
    std::string recipe;  // as compact JSON, without what may change (intervals, run places)
    std::string data;  // fingerprint of the training set
    std::string model;  // hash of the base's tensors' names, shapes and files
    std::string build;  // commit
    std::int64_t worldSize = 1;
    std::int64_t threads = 1;
    std::string device;
    bool operator==(const RunIdentity&) const = default;
};

// state.json and state.safetensors in `folder`.  Errors: Io.
Result<void> saveTrainingState(const std::filesystem::path& folder, AdamW& optimizer, const RunCounters& counters,
                               const RunIdentity& identity);

struct SavedState {
    RunCounters counters;
    RunIdentity identity;
};
Result<SavedState> readSavedState(const std::filesystem::path& folder);

// Puts parameters and moments back.  Errors: InvalidData naming the tensor where names, shapes or types are not those of `optimizer`:
// nothing was changed then.
Result<void> restoreTrainingState(const std::filesystem::path& folder, AdamW& optimizer);

}  // namespace lapidary::train
