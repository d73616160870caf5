// What `lapidary finetune` tells: the recipe before a run, the memory it would need, and the lines of a run.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "app/lapidary/finetune_options.h"
#include "app/lapidary/verb.h"
#include "core/shared/plan/recipe_rules.h"
#include "core/shared/plan/training_forecast.h"
#include "core/shared/protocol/training_event.h"

namespace lapidary::app {

// The recipe on standard output (a file that --recipe reads), differences, notes and what would refuse it on standard error; with
// --json all of it in one document.
void printDryRun(const ResolvedRecipe& resolved, const plan::SettledRecipe& settled, const Result<void>& runnable,
                 const plan::RunPlaces& places, const Console& console);

struct Estimate {
    std::string stage;  // empty where the recipe has none
    bool measured = false;  // `sample` is the largest of the data; else what the recipe allows
    plan::SampleExtent sample;
    plan::TrainingForecast forecast;
};
// One a stage.  Data that the recipe names are read once, as a run does before it begins; without, samples are as long as the recipe
// lets them be, with one picture each where the model has a tower.  The model's files are read for their shapes alone; a released model
// that is not there is known by its name.  `threads` 0: one a core.  Errors: those of opening model and data and of the recipe.
Result<std::vector<Estimate>> estimateTraining(const plan::Recipe& recipe, const std::string& modelPath, std::int64_t threads,
                                               const std::stop_token& stop);
void printEstimates(const std::vector<Estimate>& estimates, const Console& console);

// Events for a person in the words of Megatron-Bridge's console, or as JSON lines.  A standard output that goes away (a closed terminal,
// the end of a pipe) ends neither the run nor its success: the log in the run's folder has everything.
class TrainingConsole {
public:
    TrainingConsole(const plan::Recipe& recipe, const Console& console)
        : m_batch(recipe.train.globalBatchSize),
          m_steps(recipe.train.trainIters),
          m_interval(recipe.logger.logInterval),
          m_console(console) {}

    void show(const protocol::TrainingEvent& event);

private:
    void print(const protocol::TrainingEvent& event);
    void showStep(const protocol::StepEvent& step, double time) const;
    void goSilent();

    std::int64_t m_batch;  // this and the next: of the stage, once it began
    std::int64_t m_steps;
    std::int64_t m_interval;
    std::int64_t m_refused = 0;
    std::int64_t m_nan = 0;
    std::string m_run;  // its folder
    const Console& m_console;
};

}  // namespace lapidary::app
