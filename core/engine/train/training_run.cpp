#include "core/engine/train/training_run.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "core/data/image/image_processor.h"
#include "core/data/scenes/initial_model.h"
#include "core/engine/distributed/agreement.h"
#include "core/engine/train/on_this_rank.h"
#include "core/engine/train/run_forecast.h"
#include "core/engine/train/run_loop.h"
#include "core/engine/train/scoped_arithmetic.h"
#include "core/engine/train/tower_objective.h"
#include "core/shared/base/file.h"
#include "core/shared/base/json.h"
#include "core/shared/base/private_memory.h"
#include "core/shared/plan/recipe_overrides.h"
#include "core/shared/plan/recipe_rules.h"

namespace lapidary::train {
namespace {

namespace fs = std::filesystem;

// Logits in memory at once on a GPU: enough for whole matrix products.  On a CPU few, so that they stay in the cache.
constexpr std::int64_t kDeviceLossBlockBytes = 1 << 30;

std::string sha256(const std::string& text) {
    return image::sha256Hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

// The recipe without what may change between two sittings of one run.
std::string lastingRecipe(plan::Recipe recipe) {
    const plan::Recipe plain;
    recipe.run = plain.run;
    recipe.logger = plain.logger;
    recipe.validation = plain.validation;
    recipe.checkpoint = plain.checkpoint;
    recipe.train.exitInterval = plain.train.exitInterval;
    recipe.train.exitDurationInMins = plain.train.exitDurationInMins;
    recipe.train.onBadStep = plain.train.onBadStep;
    recipe.train.onOutOfMemory = plain.train.onOutOfMemory;
    recipe.train.remedyLimit = plain.train.remedyLimit;
    recipe.train.activationCheckpointing = plain.train.activationCheckpointing;  // the same numbers
    recipe.model.recomputeGranularity = plain.model.recomputeGranularity;
    recipe.model.hfPath.clear();  // the model itself is compared
    recipe.stages.clear();
    return recipe.toJson().dump();
}

// Names, shapes and sizes of every tensor, and sizes of the files: a cheap likeness of a base that may be gigabytes.
std::string modelLikeness(const session::OpenedCheckpoint& opened) {
    std::string text;
    for (const std::string& name : opened.checkpoint.tensors->names()) {
        const auto tensor = opened.checkpoint.tensors->tensor(name);
        text += name;
        if (!tensor) continue;
        const std::size_t sample = std::min<std::size_t>(tensor->bytes.size(), 4096);
        text += std::to_string(tensor->bytes.size());
        text.append(reinterpret_cast<const char*>(tensor->bytes.data()), sample);
    }
    return sha256(text);
}

RunIdentity identityOf(const RunRequest& request, const TrainingModel& model, const TrainingData& data,
                       distributed::ProcessGroup& group) {
    RunIdentity identity;
    identity.recipe = lastingRecipe(request.recipe);
    identity.data = data.training->fingerprint();
    identity.model = modelLikeness(model.opened);
    identity.build = request.build;
    identity.worldSize = group.size();
    identity.threads = at::get_num_threads();
    // Not which one: ranks have a GPU each.  Of what make it is the build tells.
    identity.device = request.device.is_cpu() ? "cpu" : "cuda";
    return identity;
}

std::string tableRow(const std::string& what, const std::string& before, const std::string& now) {
    return before == now ? "" : "\n  " + what + ": " + before + " -> " + now;
}

// What would make a resumed run another one (fault 44); empty where nothing does.
std::string differences(const RunIdentity& before, const RunIdentity& now) {
    std::string table;
    const auto old = parseJson(before.recipe, "recipe");
    const auto fresh = parseJson(now.recipe, "recipe");
    if (before.recipe != now.recipe && old && fresh) {
        const auto from = plan::Recipe::fromJson(*old, "checkpoint");
        const auto to = plan::Recipe::fromJson(*fresh, "recipe");
        if (from && to) {
            for (const plan::RecipeDifference& one : plan::diff(*from, *to)) table += tableRow(one.path, one.from, one.to);
        }
    }
    if (before.recipe != now.recipe && table.empty()) table += tableRow("recipe", sha256(before.recipe), sha256(now.recipe));
    table += tableRow("training data", before.data, now.data);
    table += tableRow("base model", before.model, now.model);
    table += tableRow("build", before.build, now.build);
    table += tableRow("ranks", std::to_string(before.worldSize), std::to_string(now.worldSize));
    table += tableRow("threads", std::to_string(before.threads), std::to_string(now.threads));
    table += tableRow("device", before.device, now.device);
    return table;
}

TrainerSettings trainerSettings(const plan::Recipe& recipe, double weightDecay) {
    TrainerSettings settings;
    settings.optimizer.beta1 = recipe.optimizer.adamBeta1;
    settings.optimizer.beta2 = recipe.optimizer.adamBeta2;
    settings.optimizer.eps = recipe.optimizer.adamEps;
    settings.optimizer.weightDecay = weightDecay;
    settings.optimizer.moments =
        recipe.optimizer.stateDtype == plan::StateDtype::EightBit ? MomentType::EightBit : MomentType::Float32;
    settings.schedule.maximum = recipe.optimizer.lr;
    settings.schedule.minimum = recipe.optimizer.minLr;
    settings.schedule.initial = recipe.scheduler.lrWarmupInit;
    switch (recipe.scheduler.lrDecayStyle) {
        case plan::DecayStyle::Constant: settings.schedule.decay = Decay::Constant; break;
        case plan::DecayStyle::Linear: settings.schedule.decay = Decay::Linear; break;
        case plan::DecayStyle::Cosine: settings.schedule.decay = Decay::Cosine; break;
    }
    settings.schedule.warmupSteps = recipe.scheduler.lrWarmupIters;
    settings.schedule.decaySteps = plan::decayIterations(recipe);
    settings.maxGradNorm = recipe.optimizer.clipGrad;
    settings.spikeFactor = recipe.train.lossSpikeFactor;
    return settings;
}

// In Bridge an epoch is the whole run, of which place i is sample i modulo the set (specification megatron 6.1).
Result<dataset::SampleOrder> sampleOrder(const plan::Recipe& recipe, std::int64_t samples, int ranks) {
    dataset::SampleOrder::Shape shape;
    shape.samples = samples;
    shape.microBatchSize = recipe.train.microBatchSize;
    shape.dataParallelSize = ranks;
    if (recipe.dataset.dataloaderType == plan::DataloaderType::Cyclic) {
        shape.kind = recipe.dataset.dataSharding ? dataset::SampleOrderKind::Cyclic : dataset::SampleOrderKind::CyclicTogether;
    }
    if (recipe.dataset.epoch == plan::SampleEpoch::Run) {
        shape.samples = recipe.train.trainIters * recipe.train.globalBatchSize;
        shape.repeated = samples;
    }
    return dataset::SampleOrder::create(shape);
}

// The folder of the newest good checkpoint, or nothing.
Result<std::string> newestCheckpoint(const RunFolder& folder, RunLog& log) {
    std::vector<std::string> skipped;
    ASSIGN_OR_RETURN(const auto newest, folder.newestValid(skipped));
    for (const std::string& sentence : skipped) log.notice(0, "checkpoint_skipped", sentence);
    return newest ? newest->folder.string() : std::string();
}

std::string listed(const std::vector<std::int64_t>& steps) {
    std::string text;
    for (const std::int64_t step : steps) text += (text.empty() ? "" : ", ") + std::to_string(step);
    return text;
}

// The folder of the checkpoint that checkpoint.ckpt_step names.  What was saved behind it will no longer be of the run: that needs consent.
Result<std::string> askedCheckpoint(const RunRequest& request, const RunFolder& folder, std::int64_t step) {
    std::vector<std::int64_t> steps = folder.checkpoints();
    if (std::find(steps.begin(), steps.end(), step) == steps.end()) {
        return Error{ErrorCode::NotFound,
                     "there is no checkpoint of step " + std::to_string(step) + " (checkpoint.ckpt_step); " +
                         (steps.empty() ? "the run has none yet" : "the run has those of steps " + listed(steps)),
                     folder.checkpointsFolder().string()};
    }
    ASSIGN_OR_RETURN(const SavedCheckpoint asked, folder.verify(step));
    std::erase_if(steps, [&](std::int64_t each) { return each <= step; });
    if (!steps.empty() && !request.acceptChanges) {
        return Error{ErrorCode::Usage,
                     "a run that goes back to step " + std::to_string(step) + " leaves what it saved behind it (steps " +
                         listed(steps) + "); --accept-changes goes back, and keeps those aside in 'set_aside'",
                     request.folder.string()};
    }
    return asked.folder.string();
}

// A sitting that ended without a word lost what it did behind its last checkpoint; that is said.
void tellOfInterruption(const RunFolder& folder, const std::string& checkpoint, RunLog& log, std::int64_t step) {
    if (!folder.wasInterrupted()) return;
    log.notice(step, "interrupted",
               "the last sitting ended without a word (power, kill, reset or sleep); " +
                   (checkpoint.empty() ? "no checkpoint was there yet, the run begins anew"
                                       : "the run goes on from its checkpoint of step " + std::to_string(step)));
}

// Else the next sitting, or the limit on kept checkpoints, would take those of the way that was left for the run's newest.
Result<std::string> leaveBehind(RunFolder& folder, RunLog& log, std::int64_t step) {
    ASSIGN_OR_RETURN(const auto place, folder.setAsideBehind(step));
    if (place) {
        log.notice(step, "warning",
                   "back at step " + std::to_string(step) + "; what the run had saved behind it is kept in '" +
                       place->string() + "' and no longer a part of it");
    }
    return std::string();
}

// Brings the trainer to a checkpoint and gives its counters.
Result<RunCounters> goOn(const RunRequest& request, const fs::path& checkpoint, RunLog& log, Trainer& trainer,
                         const RunIdentity& identity) {
    ASSIGN_OR_RETURN(const SavedState saved, readSavedState(checkpoint));
    const std::string changed = differences(saved.identity, identity);
    if (!changed.empty() && !request.acceptChanges) {
        return Error{ErrorCode::Different,
                     "the run cannot go on bit for bit, since this differs:" + changed +
                         "\n--accept-changes goes on from its weights all the same",
                     request.folder.string()};
    }
    if (!changed.empty()) log.notice(saved.counters.step, "warning", "goes on although this differs:" + changed);
    RETURN_IF_ERROR(restoreTrainingState(checkpoint, trainer.optimizer()));
    trainer.restore(saved.counters.step, saved.counters.recentLoss);
    return saved.counters;
}

// What one rank could not do, none goes on with.
template <class Work>
auto onEveryRank(distributed::ProcessGroup& group, const Work& work) -> decltype(work()) {
    auto mine = onThisRank(work);
    RETURN_IF_ERROR(distributed::agree(group, mine ? Result<void>() : Result<void>(mine.error())));
    return mine;
}

// Where the run begins: at step 0, or with the trainer as its checkpoint was.
Result<RunCounters> findBeginning(const RunRequest& request, distributed::ProcessGroup& group, RunFolder* folder, RunLog& log,
                                  Trainer& trainer, const RunIdentity& identity) {
    const std::optional<std::int64_t>& asked = request.recipe.checkpoint.ckptStep;
    ASSIGN_OR_RETURN(const std::string checkpoint, distributed::byFirstRank(group, [&] {
                         return asked ? askedCheckpoint(request, *folder, *asked) : newestCheckpoint(*folder, log);
                     }));
    RunCounters counters;
    if (!checkpoint.empty()) {
        ASSIGN_OR_RETURN(counters, onEveryRank(group, [&] { return goOn(request, checkpoint, log, trainer, identity); }));
    }
    RETURN_IF_ERROR(distributed::byFirstRank(
        group, [&] { return asked ? leaveBehind(*folder, log, *asked) : Result<std::string>(std::string()); }));
    if (folder != nullptr) tellOfInterruption(*folder, checkpoint, log, counters.step);
    return counters;
}

// The prompts that rank 0 answers at evaluations; nothing elsewhere, and where there are none.
Result<std::optional<SampleAnswers>> openSamples(const plan::Recipe& recipe, const TrainingModel& model,
                                                 distributed::ProcessGroup& group, const std::stop_token& stop) {
    std::optional<SampleAnswers> samples;
    if (!answersSamples(recipe)) return samples;
    RETURN_IF_ERROR(distributed::byFirstRank(group, [&] {
        return onThisRank([&]() -> Result<std::string> {
            ASSIGN_OR_RETURN(samples, SampleAnswers::open(recipe, model, stop));
            return std::string();
        });
    }));
    return samples;
}

// All ranks must compute the same run; what differs between two machines would be wrong in silence.
Result<void> compareRanks(const plan::Recipe& recipe, const RunIdentity& identity, distributed::ProcessGroup& group) {
    // What may change between two sittings must not differ between two ranks where all have to do the same.
    const std::string helps = std::to_string(static_cast<int>(recipe.train.onBadStep)) +
                              std::to_string(static_cast<int>(recipe.train.onOutOfMemory)) +
                              std::to_string(plan::recomputesActivations(recipe) ? 1 : 0) +
                              std::to_string(recipe.train.remedyLimit);
    const std::string mine =
        sha256(identity.recipe + identity.data + identity.model + identity.build + identity.device + helps);
    ASSIGN_OR_RETURN(const std::vector<std::string> all, distributed::gatherTexts(group, mine));
    for (std::size_t rank = 1; rank < all.size(); ++rank) {
        if (all[rank] == all[0]) continue;
        return Error{
            ErrorCode::Different,
            "recipe, data, base model, program or device of rank " + std::to_string(rank) + " differ from those of rank 0", ""};
    }
    return {};
}

// Path of the model that the run begins with.
Result<std::string> prepareStart(const plan::Recipe& recipe, const RunFolder& folder) {
    const std::string modelPath = recipe.checkpoint.pretrainedCheckpoint.value_or(recipe.model.hfPath);
    if (modelPath != scenes::kInitialModelPath) return modelPath;
    const fs::path initial = folder.root() / "initial";
    // Without a checkpoint nothing stands on it yet: it may be that of a start that failed, with another seed or cut short.
    if (folder.checkpoints().empty() || !fs::exists(initial / "model.safetensors")) {
        RETURN_IF_ERROR(scenes::writeInitialModel(initial, static_cast<std::uint64_t>(recipe.rng.seed)));
    }
    return initial.string();
}

// The recipe as the next sitting may read it: which must not go back once more.
std::string keptRecipe(plan::Recipe recipe) {
    recipe.checkpoint.ckptStep.reset();
    return recipe.toJson().dump(2);
}

// Opens what rank 0 alone writes; elsewhere nothing.
Result<void> openFolder(const RunRequest& request, distributed::ProcessGroup& group, std::optional<RunFolder>& folder,
                        std::string& modelPath) {
    ASSIGN_OR_RETURN(modelPath, distributed::byFirstRank(group, [&] {
                         return onThisRank([&]() -> Result<std::string> {
                             ASSIGN_OR_RETURN(
                                 folder, RunFolder::open(request.folder, request.resume ? RunStart::Resume : RunStart::Fresh));
                             RETURN_IF_ERROR(folder->keepRecipe(keptRecipe(request.recipe)));
                             return prepareStart(request.recipe, *folder);
                         });
                     }));
    return {};
}

std::unique_ptr<Objective> makeObjective(const plan::Recipe& recipe, TrainingModel& model) {
    if (recipe.train.task == plan::TrainTask::TowerLabels) {
        auto tower = std::make_unique<TowerObjective>(*model.network);
        for (TrainableParameter& parameter : tower->parameters()) model.helpers.push_back(std::move(parameter));
        return tower;
    }
    AnswerObjective::Settings settings{.checkpointActivations = plan::recomputesActivations(recipe),
                                       .adapter = model.adapter.get(),
                                       .store = model.visionStates.get()};
    if (!model.network->options().device.is_cpu()) settings.lossBlockBytes = kDeviceLossBlockBytes;
    return std::make_unique<AnswerObjective>(*model.network, settings);
}

std::string dtypeName(const plan::Recipe& recipe) {
    return recipe.mixedPrecision == plan::Precision::Float32 ? "float32" : "bfloat16";
}

// Nothing for a stage that is still to begin, "+" for one that was begun, and behind that the weights that a finished one ended with.
Result<std::string> stateOfStage(const fs::path& folder) {
    if (!fs::exists(folder / "events.jsonl")) return std::string();
    const auto done = readFile(folder / "finished", 4096);
    return "+" + done.value_or("");
}

}  // namespace

Result<RunResult> runTraining(const RunRequest& request, distributed::ProcessGroup& group, std::stop_token stop) {
    const plan::Recipe& recipe = request.recipe;
    PrivateMemoryPeak memory;
    const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
    at::set_num_threads(
        static_cast<int>(request.threads > 0 ? request.threads : std::max<std::int64_t>(1, cores / group.localSize())));
    const ScopedMatmulPrecision precision(recipe.train.float32MatmulPrecision);
    const ScopedDeterminism determinism(request.device);
    ASSIGN_OR_RETURN(const double weightDecay, plan::effectiveWeightDecay(recipe));
    if (recipe.checkpoint.ckptStep && !request.resume) {
        return Error{ErrorCode::Usage,
                     "checkpoint.ckpt_step goes back in a run that was begun, with --resume.  A new run that begins with the "
                     "weights of a checkpoint names their folder by checkpoint.pretrained_checkpoint",
                     request.folder.string()};
    }
    std::optional<RunFolder> opened;
    std::string modelPath;
    RETURN_IF_ERROR(openFolder(request, group, opened, modelPath));
    RunFolder* const folder = opened ? &*opened : nullptr;
    const SystemClock machine;
    const Clock& clock = request.clock != nullptr ? *request.clock : machine;
    RunLog log(folder, folder != nullptr ? request.onEvent : nullptr, clock);
    ASSIGN_OR_RETURN(TrainingModel model, onEveryRank(group, [&] {
                         return openTrainingModel(recipe, modelPath, request.visionCache, request.device);
                     }));
    ASSIGN_OR_RETURN(TrainingData data, onEveryRank(group, [&] { return openTrainingData(recipe, model.opened, stop); }));
    ASSIGN_OR_RETURN(const std::optional<SampleAnswers> samples, openSamples(recipe, model, group, stop));
    ASSIGN_OR_RETURN(const plan::TrainingForecast forecast,
                     forecastRun(recipe, shapesOf(model.opened.checkpoint), data.largest, at::get_num_threads()));
    const std::unique_ptr<Objective> objective = makeObjective(recipe, model);
    TrainableParameters all = model.parameters;
    all.insert(all.end(), model.helpers.begin(), model.helpers.end());
    const TrainerSettings settings = trainerSettings(recipe, weightDecay);
    RETURN_IF_ERROR(settings.schedule.check());
    Trainer trainer(*objective, std::move(all), settings, group);
    ASSIGN_OR_RETURN(auto order, sampleOrder(recipe, data.training->size(), group.size()));
    const RunIdentity identity = identityOf(request, model, data, group);
    RETURN_IF_ERROR(compareRanks(recipe, identity, group));
    ASSIGN_OR_RETURN(const RunCounters counters, findBeginning(request, group, folder, log, trainer, identity));
    if (folder != nullptr && !request.tensorboard.empty())
        log.openTensorboard(request.tensorboard, counters.step, recipe.logger.tensorboardLogInterval);
    protocol::RunStartedEvent started;
    started.run = request.folder.string();
    started.step = counters.step;
    started.steps = recipe.train.trainIters;
    started.parameters = model.totalParameters;
    started.trainableParameters = model.trainableParameters;
    started.samples = data.training->size();
    started.worldSize = group.size();
    started.globalBatchSize = recipe.train.globalBatchSize;
    started.device = identity.device;
    started.dtype = dtypeName(recipe);
    if (request.device.is_cpu()) {
        started.estimatedPrivateBytes = forecast.memory.totalBytes();
    } else {
        started.notes.emplace_back(
            "What a run needs of a GPU's memory is not forecast; its steps tell the peak (device_bytes).");
    }
    started.notes.insert(started.notes.end(), data.notes.begin(), data.notes.end());
    started.notes.insert(started.notes.end(), model.opened.warnings.begin(), model.opened.warnings.end());
    log.write(started);
    return RunLoop(
               request,
               {model, data, *objective, trainer, folder, log, samples ? &*samples : nullptr, group, clock, memory, identity},
               std::move(order), counters)
        .run(stop);
}

Result<RunResult> runRecipe(const RunRequest& request, distributed::ProcessGroup& group, std::stop_token stop) {
    if (request.recipe.stages.empty()) return runTraining(request, group, stop);
    RETURN_IF_ERROR(distributed::byFirstRank(group, [&]() -> Result<std::string> {
        std::error_code problem;
        fs::create_directories(request.folder, problem);
        if (problem) return systemError("cannot make the folder", request.folder, problem.value());
        RETURN_IF_ERROR(writeFileAtomically(request.folder / "recipe.json", keptRecipe(request.recipe)));
        return std::string();
    }));
    std::string weights;
    RunResult result;
    bool underWay = false;
    for (std::size_t i = 0; i < request.recipe.stages.size(); ++i) {
        const plan::Stage& stage = request.recipe.stages[i];
        const std::string number = (i < 9 ? "0" : "") + std::to_string(i + 1);
        RunRequest one = request;
        one.folder = request.folder / "stages" / (number + "-" + stage.name);
        if (!request.tensorboard.empty()) one.tensorboard = request.tensorboard / stage.name;
        ASSIGN_OR_RETURN(one.recipe, plan::recipeOfStage(request.recipe, i));
        if (!weights.empty()) one.recipe.model.hfPath = weights;
        one.goals = stage.advanceWhen;
        one.minSteps = stage.minIters;
        ASSIGN_OR_RETURN(const std::string before, distributed::byFirstRank(group, [&] { return stateOfStage(one.folder); }));
        one.resume = !before.empty();
        if (before.size() > 1) {
            weights = before.substr(1);
            result = {stage.maxIters, "done", fs::path(weights).parent_path(), std::nullopt, {}};
            continue;
        }
        if (std::exchange(underWay, true)) one.recipe.checkpoint.ckptStep.reset();  // it was a step of the stage before
        Result<RunResult> ended = runTraining(one, group, stop);
        if (!ended) return ended.error().within("stage '" + stage.name + "'");
        result = *ended;
        if (result.reason == "stopped") return result;
        weights = (result.checkpoint / "model").string();
        RETURN_IF_ERROR(distributed::byFirstRank(group, [&]() -> Result<std::string> {
            RETURN_IF_ERROR(writeFileAtomically(one.folder / "finished", weights));
            return std::string();
        }));
    }
    if (!underWay && request.recipe.checkpoint.ckptStep) {
        return Error{ErrorCode::Usage, "checkpoint.ckpt_step goes back in the stage that is under way; all stages are finished",
                     request.folder.string()};
    }
    return result;
}

Result<void> tellRun(const fs::path& folder, RunCommand word) {
    fs::path at = folder;
    std::error_code none;
    for (const auto& stage : fs::directory_iterator(folder / "stages", none)) {
        const bool isLater = at == folder || stage.path() > at;
        if (isLater && fs::exists(stage.path() / "events.jsonl") && !fs::exists(stage.path() / "finished")) at = stage.path();
    }
    return leaveCommand(at, word);
}

}  // namespace lapidary::train
