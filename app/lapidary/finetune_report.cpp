#include "app/lapidary/finetune_report.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <thread>

#include "app/lapidary/json_output.h"
#include "app/lapidary/progress_line.h"
#include "core/data/checkpoint/open_checkpoint.h"
#include "core/data/scenes/initial_model.h"
#include "core/data/scenes/scene.h"
#include "core/engine/session/forecast.h"
#include "core/engine/session/opened_checkpoint.h"
#include "core/engine/train/batch_source.h"
#include "core/engine/train/run_forecast.h"
#include "core/shared/base/system_memory.h"
#include "core/shared/config/released_sizes.h"
#include "core/shared/plan/recipe_overrides.h"

namespace lapidary::app {
namespace {

using nlohmann::ordered_json;

using train::ModelShapes;

// "google/gemma-3-4b-it" → "4b".
Result<ModelShapes> shapesByName(const std::string& model, const Error& otherwise) {
    for (const std::string& size : config::releasedSizes()) {
        if (model.find("gemma-3-" + size) == std::string::npos) continue;
        ASSIGN_OR_RETURN(config::Gemma3Config config, config::releasedConfig(size));
        return ModelShapes{std::move(config), false, {}};
    }
    return otherwise;
}

Result<ModelShapes> shapesOf(const std::string& model) {
    if (model == scenes::kInitialModelPath)
        return ModelShapes{scenes::demoConfig(), false, [](const plan::Parameter& each) { return 4 * each.elements(); }};
    const auto path = session::resolveModelPath(model);
    if (!path) return shapesByName(model, path.error());
    ASSIGN_OR_RETURN(const checkpoint::Checkpoint checkpoint, checkpoint::openCheckpoint(*path, {}));
    return train::shapesOf(checkpoint);
}

// What reading the recipe's data needs of the model; no processor where the model is not there.
Result<session::OpenedCheckpoint> openForData(const std::string& model) {
    session::OpenedCheckpoint opened;
    if (model == scenes::kInitialModelPath) {
        ASSIGN_OR_RETURN(auto processor, scenes::demoProcessor());
        opened.processor = std::make_shared<const processor::Gemma3Processor>(std::move(processor));
        checkpoint::ImageProcessorSettings& images = opened.checkpoint.imageProcessor.emplace();
        images.doPanAndScan = true;
        images.panAndScanMinCropSize = scenes::kPanAndScan.minCropSize;
        images.panAndScanMaxNumCrops = scenes::kPanAndScan.maxNumCrops;
        images.panAndScanMinRatioToActivate = scenes::kPanAndScan.minRatioToActivate;
        return opened;
    }
    const auto path = session::resolveModelPath(model);
    return path ? session::openWithProcessor(*path) : opened;
}

// The largest sample of the data that the recipe names; where it names none, what it allows.
Result<Estimate> estimateOf(const std::string& name, const plan::Recipe& recipe, const std::string& model,
                            const ModelShapes& shapes, std::int64_t threads, const std::stop_token& stop) {
    Estimate estimate{name, false, plan::largestSample(recipe, shapes.config.isVisionLanguage()), {}};
    if (plan::checkDataset(recipe.dataset)) {
        ASSIGN_OR_RETURN(const session::OpenedCheckpoint opened, openForData(model));
        const bool scenes = recipe.dataset.datasetType == plan::DatasetType::Scenes;  // bring their own processor
        if (opened.processor != nullptr || scenes) {
            ASSIGN_OR_RETURN(const train::TrainingData data, train::openTrainingData(recipe, opened, stop));
            estimate.sample = data.largest;
            estimate.measured = true;
        }
    }
    ASSIGN_OR_RETURN(estimate.forecast, train::forecastRun(recipe, shapes, estimate.sample, threads));
    return estimate;
}

std::string printed(const char* format, auto... values) {
    std::array<char, 512> text{};
    (void)std::snprintf(text.data(), text.size(), format, values...);
    return text.data();
}

std::string clockText(double time) {
    const auto seconds = static_cast<std::time_t>(time);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    std::array<char, 32> text{};
    (void)std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
    return text.data();
}

// "1:02:03"
std::string durationText(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::llround(std::clamp(seconds, 0.0, 1e12)));
    return printed("%" PRId64 ":%02" PRId64 ":%02" PRId64, whole / 3600, whole / 60 % 60, whole % 60);
}

// What was in the way, and what the run did about it; empty where nothing was.
std::string troublesText(const protocol::RunFinishedEvent& finished) {
    std::string text;
    const auto count = [&](std::int64_t number, const char* what) {
        if (number > 0) text += (text.empty() ? "; " : ", ") + std::to_string(number) + " " + what;
    };
    count(finished.refusedSteps, "steps refused");
    count(finished.outOfMemorySteps, "out of memory");
    count(finished.skippedSteps, "skipped");
    count(finished.rollbacks, "rolled back");
    count(finished.loweredLearningRates, "with a lower learning rate");
    return text;
}

// " colour: 0.9500 of 160 |" for each kind that was asked for; empty where the data have no kinds.
std::string kindsText(const std::vector<protocol::KindAccuracy>& kinds) {
    std::string text;
    for (const protocol::KindAccuracy& each : kinds) {
        if (each.kind.empty() || each.count == 0) continue;
        text += " " + each.kind + printed(": %.4f of %" PRId64 " |", each.accuracy, each.count);
    }
    return text;
}

}  // namespace

void printDryRun(const ResolvedRecipe& resolved, const plan::SettledRecipe& settled, const Result<void>& runnable,
                 const plan::RunPlaces& places, const Console& console) {
    const auto differences = plan::diff(resolved.base, settled.recipe);
    if (!console.json) {
        printJson(settled.recipe.toJson());
        console.note(differences.empty() ? "No difference from " + resolved.baseName + "."
                                         : "Differences from " + resolved.baseName + ":");
        for (const auto& each : differences) console.note("  " + each.path + ": " + each.from + " -> " + each.to);
        for (const std::string& note : settled.notes) console.note(note);
        console.note("The run would live in '" + places.folder.string() + "'.");
        if (!runnable) console.warning("this would not run: " + runnable.error().toString());
        return;
    }
    ordered_json document{{"recipe", settled.recipe.toJson()}, {"base", resolved.baseName}, {"diff", ordered_json::array()}};
    for (const auto& each : differences) {
        document["diff"].push_back(
            {{"path", each.path}, {"from", ordered_json::parse(each.from)}, {"to", ordered_json::parse(each.to)}});
    }
    document["notes"] = settled.notes;
    document["folder"] = places.folder.string();
    document["tensorboard"] = places.tensorboard.string();
    document["refused"] = runnable ? ordered_json() : ordered_json(runnable.error().toString());
    printJson(document);
}

Result<std::vector<Estimate>> estimateTraining(const plan::Recipe& recipe, const std::string& modelPath, std::int64_t threads,
                                               const std::stop_token& stop) {
    const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
    const std::int64_t used = threads > 0 ? threads : cores;
    ASSIGN_OR_RETURN(const ModelShapes shapes, shapesOf(modelPath));
    std::vector<Estimate> estimates;
    for (std::size_t i = 0; i < recipe.stages.size(); ++i) {
        ASSIGN_OR_RETURN(const plan::Recipe stage, plan::recipeOfStage(recipe, i));
        ASSIGN_OR_RETURN(Estimate estimate, estimateOf(recipe.stages[i].name, stage, modelPath, shapes, used, stop));
        estimates.push_back(std::move(estimate));
    }
    if (estimates.empty()) {
        ASSIGN_OR_RETURN(Estimate estimate, estimateOf("", recipe, modelPath, shapes, used, stop));
        estimates.push_back(std::move(estimate));
    }
    return estimates;
}

void printEstimates(const std::vector<Estimate>& estimates, const Console& console) {
    const std::int64_t available = availableMemoryBytes();
    ordered_json document = ordered_json::array();
    for (const Estimate& estimate : estimates) {
        const plan::TrainingForecast& forecast = estimate.forecast;
        ordered_json bytes = ordered_json::object();
        for (const auto& item : forecast.memory.items) bytes[item.name] = item.bytes;
        document.push_back({{"stage", estimate.stage},
                            {"sample",
                             {{"tokens", estimate.sample.tokens},
                              {"answers", estimate.sample.answers},
                              {"views", estimate.sample.views},
                              {"measured", estimate.measured}}},
                            {"bytes", bytes},
                            {"total_bytes", forecast.memory.totalBytes()},
                            {"mapped_bytes", forecast.mappedBytes},
                            {"trainable_parameters", forecast.learningNumbers},
                            {"available_bytes", available}});
        if (console.json) continue;
        if (!estimate.stage.empty()) std::cout << "stage " << estimate.stage << ":\n";
        std::cout << printed("  samples of up to %" PRId64 " tokens, %" PRId64 " of them learned, %" PRId64 " views (%s)\n",
                             estimate.sample.tokens, estimate.sample.answers, estimate.sample.views,
                             estimate.measured ? "as in the data" : "as the recipe allows");
        const auto line = [](const std::string& name, std::int64_t value) {
            std::cout << printed("  %-20s %12s\n", name.c_str(), megabytes(static_cast<std::uint64_t>(value)).c_str());
        };
        for (const auto& item : forecast.memory.items) line(item.name, item.bytes);
        line("total, private", forecast.memory.totalBytes());
        line("weights, mapped", forecast.mappedBytes);
        if (available > 0) line("available now", available);
        std::cout << printed("  %" PRId64 " numbers learn\n", forecast.learningNumbers);
    }
    if (console.json) printJson(document.size() == 1 ? document.front() : document);
}

void TrainingConsole::showStep(const protocol::StepEvent& step, double time) const {
    // Megatron's columns (specification megatron 5.5).
    std::cout << " [" << clockText(time)
              << printed("] iteration %8" PRId64 "/%8" PRId64 " | consumed samples: %12" PRId64
                         " | elapsed time per iteration (ms): %.1f | learning rate: %.6E | global batch size: %5" PRId64
                         " | lm loss: %.6E | loss scale: %.1f | grad norm: %.3f | number of skipped iterations: %3" PRId64
                         " | number of nan iterations: %3" PRId64 " | time left: %s |",
                         step.step, m_steps, step.consumedSamples, step.seconds * 1e3, step.learningRate, m_batch, step.loss,
                         1.0, step.gradNorm, m_refused, m_nan, durationText(step.remainingSeconds.value_or(0.0)).c_str())
              << std::endl;
}

void TrainingConsole::show(const protocol::TrainingEvent& event) {
    print(event);
    if (!std::cout) goSilent();
}

// What is left in buffers goes nowhere from here on, so that nothing fails later on.
void TrainingConsole::goSilent() {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) (void)::dup2(nowhere, STDOUT_FILENO);
    if (nowhere >= 0) ::close(nowhere);
    std::cout.clear();
    m_console.warning("standard output went away; the run goes on: follow '" + m_run + "/events.jsonl'");
}

void TrainingConsole::print(const protocol::TrainingEvent& event) {
    if (const auto* started = std::get_if<protocol::RunStartedEvent>(&event.body)) m_run = started->run;
    if (m_console.json) {
        std::cout << protocol::printTrainingEvent(event) << std::endl;
        return;
    }
    if (const auto* started = std::get_if<protocol::RunStartedEvent>(&event.body)) {
        m_steps = started->steps;
        m_batch = started->globalBatchSize;
        for (const std::string& note : started->notes) m_console.note(note);
        m_console.note(printed("%" PRId64 " of %" PRId64 " numbers learn (%.2f %%), on %" PRId64 " samples, in '%s'",
                               started->trainableParameters, started->parameters,
                               100.0 * static_cast<double>(started->trainableParameters) /
                                   static_cast<double>(std::max<std::int64_t>(1, started->parameters)),
                               started->samples, started->run.c_str()));
    } else if (const auto* step = std::get_if<protocol::StepEvent>(&event.body)) {
        if (step->step % m_interval == 0 || step->step == m_steps) showStep(*step, event.time);
    } else if (const auto* evaluation = std::get_if<protocol::EvaluationEvent>(&event.body)) {
        std::cout << printed(" validation loss at iteration %" PRId64
                             " | lm loss value: %.6E | lm loss PPL: %.6E | accuracy: %.4f |%s",
                             evaluation->step, evaluation->loss, std::exp(std::min(20.0, evaluation->loss)),
                             evaluation->accuracy, evaluation->best ? " best so far" : "")
                  << std::endl;
        const std::string kinds = kindsText(evaluation->kinds);
        if (!kinds.empty()) std::cout << " accuracy by kind |" << kinds << std::endl;
    } else if (const auto* answer = std::get_if<protocol::SampleAnswerEvent>(&event.body)) {
        std::cout << " sample at iteration " << answer->step << " | " << answer->prompt << " -> " << answer->answer
                  << std::endl;
    } else if (const auto* notice = std::get_if<protocol::NoticeEvent>(&event.body)) {
        if (notice->kind == "refused_step") {
            ++m_refused;
            m_nan += notice->message.find("not finite") != std::string::npos ? 1 : 0;
        }
        m_console.warning(notice->message);
    } else if (const auto* finished = std::get_if<protocol::RunFinishedEvent>(&event.body)) {
        m_console.note("run " + finished->reason + " at step " + std::to_string(finished->step) + troublesText(*finished) +
                       (finished->adapter.empty() ? "" : "; saved in '" + finished->adapter + "'"));
    }
}

}  // namespace lapidary::app
