#include "core/shared/plan/recipe_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/shared/base/json.h"
#include "core/shared/plan/recipe_overrides.h"

namespace lapidary::plan {
namespace {

std::string shown(double value) { return Json(value).dump(); }

Error usage(const std::string& message) { return Error{ErrorCode::Usage, message, ""}; }

// What is asked for beyond data parallelism, and the overrides that take it back.
Result<void> checkParallelism(const Recipe& recipe) {
    const ModelSection& model = recipe.model;
    std::string asked;
    std::string overrides;
    const auto refuse = [&](bool wanted, const std::string& what, const std::string& override) {
        if (!wanted) return;
        asked += (asked.empty() ? "" : ", ") + what;
        overrides += " " + override;
    };
    const auto size = [](const char* name, std::int64_t value) { return std::string(name) + " " + std::to_string(value); };
    refuse(model.tensorModelParallelSize > 1, size("tensor parallelism", model.tensorModelParallelSize),
           "model.tensor_model_parallel_size=1");
    refuse(model.pipelineModelParallelSize > 1, size("pipeline parallelism", model.pipelineModelParallelSize),
           "model.pipeline_model_parallel_size=1");
    refuse(model.virtualPipelineModelParallelSize.has_value(), "virtual pipeline stages",
           "model.virtual_pipeline_model_parallel_size=null");
    refuse(model.contextParallelSize > 1, size("context parallelism", model.contextParallelSize),
           "model.context_parallel_size=1");
    refuse(model.sequenceParallel, "sequence parallelism", "model.sequence_parallel=false");
    refuse(recipe.ddp.useMegatronFsdp, "Megatron FSDP", "ddp.use_megatron_fsdp=false");
    if (asked.empty()) return {};
    return Error{
        ErrorCode::Unsupported,
        "the recipe asks for " + asked + "; Lapidary trains with data parallelism alone. To run it so, add:" + overrides, ""};
}

Result<void> checkOffered(const Recipe& recipe) {
    const auto refuse = [](const std::string& what, const std::string& override) {
        return Error{ErrorCode::Unsupported, what + ". To run it so, add: " + override, ""};
    };
    if (!recipe.model.calculatePerTokenLoss) {
        return refuse("the loss is the mean over all answer tokens of a step, not a mean of means",
                      "model.calculate_per_token_loss=true");
    }
    if (recipe.dataset.packSequences) {
        return refuse("samples are not packed for Gemma 3 (nor does Megatron-Bridge)", "dataset.pack_sequences_in_batch=false");
    }
    if (!recipe.checkpoint.loadOptim || !recipe.checkpoint.loadRng) {
        return refuse(
            "a run that goes on takes all of its state; one that begins anew with its weights names their folder by "
            "checkpoint.pretrained_checkpoint",
            "checkpoint.load_optim=true checkpoint.load_rng=true");
    }
    if (recipe.rng.dataParallelRandomInit) {
        return refuse("all ranks start from the same weights", "rng.data_parallel_random_init=false");
    }
    return {};
}

Result<void> checkSizes(const Recipe& recipe, std::int64_t worldSize) {
    const std::int64_t step = recipe.train.microBatchSize * worldSize;
    if (recipe.train.globalBatchSize % step != 0) {
        return usage(
            "train.global_batch_size " + std::to_string(recipe.train.globalBatchSize) +
            " is no multiple of train.micro_batch_size " + std::to_string(recipe.train.microBatchSize) + " times " +
            std::to_string(worldSize) + (worldSize == 1 ? " rank" : " ranks") +
            "; for instance train.global_batch_size=" + std::to_string((recipe.train.globalBatchSize / step + 1) * step));
    }
    if (recipe.dataset.seqLength && *recipe.dataset.seqLength != recipe.model.seqLength) {
        return usage("dataset.seq_length " + std::to_string(*recipe.dataset.seqLength) + " is not model.seq_length " +
                     std::to_string(recipe.model.seqLength) +
                     "; add dataset.seq_length=null or model.seq_length=" + std::to_string(*recipe.dataset.seqLength));
    }
    if (recipe.optimizer.lr <= 0.0) return usage("optimizer.lr is 0: nothing would learn");
    if (recipe.validation.earlyStoppingPatience && recipe.validation.evalIters == 0) {
        return usage("validation.early_stopping_patience needs evaluations; validation.eval_iters is 0");
    }
    return {};
}

Result<void> checkStages(const Recipe& recipe, std::int64_t worldSize) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < recipe.stages.size(); ++i) {
        const Stage& stage = recipe.stages[i];
        if (stage.name.empty() || !names.insert(stage.name).second) {
            return usage("stages[" + std::to_string(i) + "]: every stage needs a name of its own");
        }
        if (stage.maxIters < 1 || stage.minIters > stage.maxIters) {
            return usage("stage '" + stage.name + "': expected 0 <= min_iters <= max_iters and max_iters above 0");
        }
        ASSIGN_OR_RETURN(Recipe settled, recipeOfStage(recipe, i));
        settled.stages.clear();
        if (auto checked = checkRecipe(settle(std::move(settled)).recipe, worldSize); !checked) {
            return checked.error().within("stage '" + stage.name + "'");
        }
    }
    return {};
}

void noteWithoutEffect(const Recipe& recipe, std::vector<std::string>& notes) {
    const auto note = [&](bool set, const char* key) {
        if (set) notes.push_back(std::string(key) + " has no effect here.");
    };
    note(recipe.ddp.overlapGradReduce, "ddp.overlap_grad_reduce");
    note(recipe.ddp.overlapParamGather, "ddp.overlap_param_gather");
    note(!recipe.ddp.gradReduceInFp32, "ddp.grad_reduce_in_fp32=false");
    note(recipe.checkpoint.asyncSave, "checkpoint.async_save");
    note(!recipe.checkpoint.saveOptim || !recipe.checkpoint.saveRng,
         "checkpoint.save_optim=false and save_rng=false (a checkpoint holds all that a run needs to go on)");
    note(recipe.dataset.hfProcessorPath.has_value(), "dataset.hf_processor_path (the model's own processor is used)");
    note(recipe.dataset.testDataPath.has_value(), "dataset.test_data_path");
    note(recipe.dist.distributedBackend == "nccl",
         "dist.distributed_backend=nccl (tensors are on the CPU: Gloo joins the ranks)");
    note(!recipe.train.exitSignalHandler, "train.exit_signal_handler=false (SIGTERM saves and ends the run)");
    note(recipe.logger.logProgress, "logger.log_progress (events.jsonl tells)");
    note(recipe.logger.wandbSaveDir.has_value(), "logger.wandb_save_dir");
    note(recipe.tokenizer.tokenizerModel.has_value(), "tokenizer.tokenizer_model (the model's own tokenizer is used)");
}

}  // namespace

std::int64_t decayIterations(const Recipe& recipe) { return recipe.scheduler.lrDecayIters.value_or(recipe.train.trainIters); }

bool recomputesActivations(const Recipe& recipe) {
    return recipe.train.activationCheckpointing || recipe.model.recomputeGranularity.has_value();
}

SettledRecipe settle(Recipe recipe) {
    std::vector<std::string> notes;
    OptimizerSection& optimizer = recipe.optimizer;
    if (optimizer.minLr > optimizer.lr) {
        const double lower = 0.1 * optimizer.lr;
        notes.push_back("optimizer.min_lr " + shown(optimizer.minLr) + " is above optimizer.lr " + shown(optimizer.lr) + "; " +
                        shown(lower) + " is used, as in Megatron-Bridge since v0.3.");
        optimizer.minLr = lower;
    }
    const std::int64_t decay = decayIterations(recipe);
    std::int64_t& warmup = recipe.scheduler.lrWarmupIters;
    if (warmup > 0 && warmup >= decay) {
        notes.push_back("scheduler.lr_warmup_iters " + std::to_string(warmup) + " would not be over before the decay ends at " +
                        std::to_string(decay) + "; " + std::to_string(decay / 10) + " is used.");
        warmup = decay / 10;
    }
    const auto acting = effectiveWeightDecay(recipe);
    if (acting && *acting != optimizer.weightDecay) {
        notes.push_back("The weight decay in effect is " + shown(*acting) +
                        ": scheduler.start_weight_decay overrules optimizer.weight_decay " + shown(optimizer.weightDecay) +
                        ", as in Megatron-Bridge.");
    }
    const ModelSection& model = recipe.model;
    if (recipe.peft && !model.vision && !model.projection && !model.language) {
        notes.emplace_back(
            "With peft, adapters of the language model learn and all else is frozen, as in Megatron-Bridge; model.vision=full "
            "or "
            "model.projection=full say more.");
    }
    noteWithoutEffect(recipe, notes);
    return {std::move(recipe), std::move(notes)};
}

Result<void> checkRecipe(const Recipe& recipe, std::int64_t worldSize) {
    RETURN_IF_ERROR(checkParallelism(recipe));
    RETURN_IF_ERROR(checkOffered(recipe));
    RETURN_IF_ERROR(checkStages(recipe, worldSize));
    if (!recipe.stages.empty()) return {};  // every stage was checked as a recipe of its own
    RETURN_IF_ERROR(checkSizes(recipe, worldSize));
    RETURN_IF_ERROR(freezePlan(recipe));
    RETURN_IF_ERROR(effectiveWeightDecay(recipe));
    return {};
}

Result<void> checkDataset(const DatasetSection& dataset) {
    switch (dataset.datasetType) {
        case DatasetType::Preloaded:
            if (!dataset.trainDataPath)
                return usage("no training data is named; add --data-path FILE (dataset.train_data_path)");
            return {};
        case DatasetType::Hf:
            if (!dataset.makerName) return usage("no data set is named; add dataset.maker_name=cord_v2, medpix or raven");
            return {};
        case DatasetType::Captions:
            if (!dataset.imageFolder)
                return usage("no folder of pictures is named; add --image-folder DIR (dataset.image_folder)");
            return {};
        case DatasetType::Mock:
        case DatasetType::Scenes: return {};
    }
    return {};
}

Result<FreezePlan> freezePlan(const Recipe& recipe) {
    const ModelSection& model = recipe.model;
    FreezePlan plan = FreezePlan::fromFlags(model.freezeLanguageModel, model.freezeVisionModel, model.freezeVisionProjection);
    if (recipe.peft) plan = {Training::Adapter, Training::Frozen, Training::Frozen};
    plan.language = model.language.value_or(plan.language);
    plan.vision = model.vision.value_or(plan.vision);
    plan.projection = model.projection.value_or(plan.projection);
    const Training parts[] = {plan.language, plan.vision, plan.projection};
    const bool adapters = std::find(std::begin(parts), std::end(parts), Training::Adapter) != std::end(parts);
    if (std::all_of(std::begin(parts), std::end(parts), [](Training part) { return part == Training::Frozen; })) {
        return usage(
            "nothing would learn: language model, vision tower and projection are all frozen; set one of model.language, "
            "model.vision "
            "and model.projection to full");
    }
    if (adapters && !recipe.peft) return usage("a part of the model is to get an adapter, but there is none; add --peft lora");
    if (!adapters && recipe.peft) {
        return usage("peft is set, but no part of the model is to get an adapter; add model.language=adapter, or --peft none");
    }
    return plan;
}

Result<double> effectiveWeightDecay(const Recipe& recipe) {
    const SchedulerSection& scheduler = recipe.scheduler;
    const double start = scheduler.startWeightDecay.value_or(recipe.optimizer.weightDecay);
    const double end = scheduler.endWeightDecay.value_or(start);
    if (start != end) {
        return Error{ErrorCode::Unsupported,
                     "a weight decay that changes from " + shown(start) + " to " + shown(end) +
                         " is not offered; add scheduler.end_weight_decay=" + shown(start),
                     ""};
    }
    return start;
}

RunPlaces runPlaces(const Recipe& recipe, const std::optional<std::string>& saveDir) {
    const bool saveDirGiven = saveDir && !saveDir->empty();
    const std::filesystem::path dir = recipe.run.dir.value_or(saveDirGiven ? *saveDir : "nemo_experiments");
    // Bridge's two paths name the folder of checkpoints, which is one below the run here.
    const auto given = [](const std::optional<std::string>& path, const std::filesystem::path& otherwise) {
        if (!path) return otherwise;
        const std::filesystem::path folder = std::filesystem::path(*path + "/").lexically_normal().parent_path();
        return folder.filename() == "checkpoints" ? folder.parent_path() : folder;
    };
    RunPlaces places;
    places.folder = given(recipe.checkpoint.save, dir / recipe.run.name);
    places.load = given(recipe.checkpoint.load, places.folder);
    places.tensorboard =
        recipe.logger.tensorboardDir ? std::filesystem::path(*recipe.logger.tensorboardDir) : places.folder / "tb_logs";
    return places;
}

}  // namespace lapidary::plan
