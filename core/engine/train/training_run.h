// One training run from recipe to last checkpoint: `lapidary finetune` and the window's panel both call it.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/engine/distributed/process_group.h"
#include "core/engine/train/run_folder.h"
#include "core/engine/train/training_state.h"
#include "core/shared/base/clock.h"
#include "core/shared/base/result.h"
#include "core/shared/plan/recipe.h"
#include "core/shared/protocol/training_event.h"

namespace lapidary::train {

struct RunRequest {
    plan::Recipe recipe;                   // settled and checked (core/shared/plan/recipe_rules.h)
    std::filesystem::path folder;          // the run's own
    std::filesystem::path tensorboard;     // empty: none
    std::filesystem::path visionCache;  // where a frozen tower's results are kept; empty: the user's cache
    c10::Device device = c10::Device(c10::kCPU);  // ready; where the model, its gradients and the optimizer's state live
    std::function<std::int64_t()> deviceBytes;  // peak of that device's memory; empty on a CPU
    bool resume = false;                   // go on with the run that is there; else the folder must hold none
    bool acceptChanges = false;            // go on although recipe, data, build or world differ: no longer bit for bit
    std::int64_t threads = 0;              // 0: as many as cores, shared among the ranks of a machine
    std::string build;                     // commit of the program: a resumed run wants the same
    std::map<std::string, double>
        goals;   // metric ("all", a kind) → accuracy; the run ends ("reached") when an evaluation has them all
    std::int64_t minSteps = 0;             // before goals count
    std::function<void(const protocol::TrainingEvent&)> onEvent;
    // Waits before a failed save is tried again; false: the run was asked to stop meanwhile.  Empty: five seconds.
    std::function<bool(std::stop_token)> waitForSpace;
    const Clock* clock = nullptr;          // null: the machine's
};

struct RunResult {
    std::int64_t step = 0;
    std::string reason;                    // "done", "stopped", "early_stopping", "reached"
    std::filesystem::path checkpoint;      // of the last step
    std::optional<std::filesystem::path> best;
    Troubles troubles;                     // that it met, and what was done about them
};

// `stop` finishes the step, saves and leaves (SIGTERM).  Errors: those of opening model, data and folder; Different where a resumed run
// would not be the same (a table of what differs is in the message); InvalidData for a step that cannot be trusted, for no-op training;
// OutOfMemory; ChildDied for a rank or a device that went away.  Whatever was learnt until then is in the newest checkpoint; but with a
// device what was learnt since the last save is gone.
//
// With several ranks each calls this with the same request; rank 0 alone writes the folder and calls `onEvent`.  The errors are the same
// on all ranks; a rank that dies is ChildDied on the others.
Result<RunResult> runTraining(const RunRequest& request, distributed::ProcessGroup& group, std::stop_token stop = {});

// A recipe in stages: each is a run of its own in <folder>/stages/NN-name that begins with the weights that the one before ended with;
// finished ones are passed over, so that the same call goes on after any interruption.  Without stages: runTraining.
Result<RunResult> runRecipe(const RunRequest& request, distributed::ProcessGroup& group, std::stop_token stop = {});

// Leaves a word for the process that writes the run in `folder`, in the stage where it is.  Errors: as leaveCommand.
Result<void> tellRun(const std::filesystem::path& folder, RunCommand word);

}  // namespace lapidary::train
