// The keys of every section of a recipe, once: RecipeReader and RecipeWriter both walk this list, so that what is printed is what
// is read.  Private to the sources of this folder.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include "core/shared/plan/recipe.h"

namespace lapidary::plan {

constexpr std::int64_t kMaxCount = 1'000'000'000;  // iterations, samples, tokens: products of two stay below 2^63
constexpr std::int64_t kMaxRanks = 65'536;
constexpr double kMaxNumber = 1e12;
constexpr double kBelowOne = 0.9999999999;

// The spelling of each value of an enum.
template <class E, std::size_t N>
using Names = std::pair<E, std::string_view>[N];  // NOLINT(modernize-avoid-c-arrays): deduced from the braces below

constexpr Names<Training, 3> kTrainingNames = {
    {Training::Frozen, "frozen"}, {Training::Adapter, "adapter"}, {Training::Full, "full"}};
constexpr Names<PeftScheme, 2> kPeftSchemeNames = {{PeftScheme::Lora, "lora"}, {PeftScheme::Dora, "dora"}};
constexpr Names<DecayStyle, 3> kDecayStyleNames = {
    {DecayStyle::Constant, "constant"}, {DecayStyle::Linear, "linear"}, {DecayStyle::Cosine, "cosine"}};
constexpr Names<Precision, 2> kPrecisionNames = {{Precision::Float32, "fp32"}, {Precision::Bfloat16Mixed, "bf16_mixed"}};
constexpr Names<StateDtype, 2> kStateDtypeNames = {{StateDtype::Float32, "fp32"}, {StateDtype::EightBit, "8bit"}};
constexpr Names<DatasetType, 5> kDatasetTypeNames = {{DatasetType::Mock, "mock"},
                                                     {DatasetType::Preloaded, "preloaded"},
                                                     {DatasetType::Hf, "hf"},
                                                     {DatasetType::Captions, "captions"},
                                                     {DatasetType::Scenes, "scenes"}};
constexpr Names<LengthPolicy, 3> kLengthPolicyNames = {
    {LengthPolicy::Fail, "fail"}, {LengthPolicy::Skip, "skip"}, {LengthPolicy::SplitText, "split_text"}};
constexpr Names<RowPolicy, 2> kRowPolicyNames = {{RowPolicy::Stop, "stop"}, {RowPolicy::Skip, "skip"}};
constexpr Names<LossMaskMode, 2> kLossMaskModeNames = {{LossMaskMode::Answer, "answer"}, {LossMaskMode::Search, "search"}};
constexpr Names<DataloaderType, 2> kDataloaderTypeNames = {{DataloaderType::Single, "single"},
                                                           {DataloaderType::Cyclic, "cyclic"}};
constexpr Names<MarkerNumbering, 2> kMarkerNumberingNames = {{MarkerNumbering::AcrossRecord, "across_record"},
                                                             {MarkerNumbering::EachMessage, "each_message"}};
constexpr Names<SampleEpoch, 2> kSampleEpochNames = {{SampleEpoch::Set, "set"}, {SampleEpoch::Run, "run"}};
constexpr Names<TrainTask, 2> kTrainTaskNames = {{TrainTask::Answers, "answers"}, {TrainTask::TowerLabels, "tower_labels"}};
constexpr Names<Metric, 2> kMetricNames = {{Metric::Loss, "loss"}, {Metric::Accuracy, "accuracy"}};
constexpr Names<BadStepPolicy, 5> kBadStepPolicyNames = {{BadStepPolicy::Stop, "stop"},
                                                         {BadStepPolicy::Pause, "pause"},
                                                         {BadStepPolicy::Skip, "skip"},
                                                         {BadStepPolicy::Rollback, "rollback"},
                                                         {BadStepPolicy::LowerLr, "lower_lr"}};
constexpr Names<MemoryPolicy, 4> kMemoryPolicyNames = {{MemoryPolicy::Pause, "pause"},
                                                       {MemoryPolicy::Stop, "stop"},
                                                       {MemoryPolicy::Smaller, "smaller"},
                                                       {MemoryPolicy::Skip, "skip"}};
constexpr Names<MatmulPrecision, 3> kMatmulPrecisionNames = {
    {MatmulPrecision::Highest, "highest"}, {MatmulPrecision::High, "high"}, {MatmulPrecision::Medium, "medium"}};
constexpr Names<AdapterInit, 2> kAdapterInitNames = {{AdapterInit::PeftDefault, "peft"}, {AdapterInit::Xavier, "xavier"}};

template <class V>
void fields(V& v, RunSection& s) {
    v.path("dir", s.dir);
    v.path("name", s.name);
}

template <class V>
void fields(V& v, ModelSection& s) {
    v.path("hf_path", s.hfPath);
    v.integer("tensor_model_parallel_size", s.tensorModelParallelSize, 1, kMaxRanks);
    v.integer("pipeline_model_parallel_size", s.pipelineModelParallelSize, 1, kMaxRanks);
    v.oneOf("pipeline_dtype", s.pipelineDtype, {"bf16", "fp32"});
    v.integer("virtual_pipeline_model_parallel_size", s.virtualPipelineModelParallelSize, 1, kMaxRanks);
    v.integer("context_parallel_size", s.contextParallelSize, 1, kMaxRanks);
    v.flag("sequence_parallel", s.sequenceParallel);
    v.integer("seq_length", s.seqLength, 1, 1 << 20);
    v.flag("freeze_language_model", s.freezeLanguageModel);
    v.flag("freeze_vision_model", s.freezeVisionModel);
    v.flag("freeze_vision_projection", s.freezeVisionProjection);
    v.flag("calculate_per_token_loss", s.calculatePerTokenLoss);
    v.oneOf("recompute_granularity", s.recomputeGranularity, {"full"});
    v.choice("language", s.language, kTrainingNames);
    v.choice("vision", s.vision, kTrainingNames);
    v.choice("projection", s.projection, kTrainingNames);
}

template <class V>
void fields(V& v, TrainSection& s) {
    v.integer("train_iters", s.trainIters, 1, kMaxCount);
    v.integer("global_batch_size", s.globalBatchSize, 1, 1 << 20);
    v.integer("micro_batch_size", s.microBatchSize, 1, 1 << 16);
    v.integer("exit_interval", s.exitInterval, 1, kMaxCount);
    v.number("exit_duration_in_mins", s.exitDurationInMins, 0.0, kMaxNumber);
    v.flag("exit_signal_handler", s.exitSignalHandler);
    v.flag("manual_gc", s.manualGc);
    v.integer("manual_gc_interval", s.manualGcInterval, 0, kMaxCount);
    v.integer("manual_gc_eval", s.manualGcEval, 0, kMaxCount);
    v.flag("activation_checkpointing", s.activationCheckpointing);
    v.choice("float32_matmul_precision", s.float32MatmulPrecision, kMatmulPrecisionNames);
    v.choice("task", s.task, kTrainTaskNames);
    v.number("loss_spike_factor", s.lossSpikeFactor, 0.0, kMaxNumber);
    v.choice("on_bad_step", s.onBadStep, kBadStepPolicyNames);
    v.choice("on_out_of_memory", s.onOutOfMemory, kMemoryPolicyNames);
    v.integer("remedy_limit", s.remedyLimit, 0, kMaxCount);
    v.integer("no_op_check_steps", s.noOpCheckSteps, 0, kMaxCount);
}

template <class V>
void fields(V& v, PinnedSample& s) {
    v.paths("images", s.images);
    v.freeText("prompt", s.prompt);
}

template <class V>
void fields(V& v, ValidationSection& s) {
    v.integer("eval_iters", s.evalIters, 0, kMaxCount);
    v.integer("eval_interval", s.evalInterval, 1, kMaxCount);
    v.integer("early_stopping_patience", s.earlyStoppingPatience, 1, kMaxCount);
    v.number("early_stopping_min_delta", s.earlyStoppingMinDelta, 0.0, kMaxNumber);
    v.choice("metric", s.metric, kMetricNames);
    v.objects("samples", s.samples);
    v.integer("sample_max_new_tokens", s.sampleMaxNewTokens, 1, 1 << 20);
}

template <class V>
void fields(V& v, LearningRateFactors& s) {
    v.number("language", s.language, 0.0, 1000.0);
    v.number("vision", s.vision, 0.0, 1000.0);
    v.number("projection", s.projection, 0.0, 1000.0);
}

template <class V>
void fields(V& v, OptimizerSection& s) {
    v.oneOf("optimizer", s.optimizer, {"adam"});
    v.number("lr", s.lr, 0.0, 10.0);
    v.number("min_lr", s.minLr, 0.0, 10.0);
    v.number("weight_decay", s.weightDecay, 0.0, 10.0);
    v.number("adam_beta1", s.adamBeta1, 0.0, kBelowOne);
    v.number("adam_beta2", s.adamBeta2, 0.0, kBelowOne);
    v.number("adam_eps", s.adamEps, 1e-30, 1.0);
    v.number("clip_grad", s.clipGrad, 0.0, kMaxNumber);
    v.flag("use_distributed_optimizer", s.useDistributedOptimizer);
    v.choice("state_dtype", s.stateDtype, kStateDtypeNames);
    v.flag("decay_bias_and_norm", s.decayBiasAndNorm);
    v.section("lr_factors", s.lrFactors);
}

template <class V>
void fields(V& v, SchedulerSection& s) {
    v.choice("lr_decay_style", s.lrDecayStyle, kDecayStyleNames);
    v.integer("lr_decay_iters", s.lrDecayIters, 1, kMaxCount);
    v.integer("lr_warmup_iters", s.lrWarmupIters, 0, kMaxCount);
    v.number("lr_warmup_init", s.lrWarmupInit, 0.0, 10.0);
    v.number("start_weight_decay", s.startWeightDecay, 0.0, 10.0);
    v.number("end_weight_decay", s.endWeightDecay, 0.0, 10.0);
    v.oneOf("weight_decay_incr_style", s.weightDecayIncrStyle, {"constant", "linear", "cosine"});
    v.flag("override_opt_param_scheduler", s.overrideOptParamScheduler);
}

template <class V>
void fields(V& v, DdpSection& s) {
    v.flag("check_for_nan_in_grad", s.checkForNanInGrad);
    v.flag("grad_reduce_in_fp32", s.gradReduceInFp32);
    v.flag("overlap_grad_reduce", s.overlapGradReduce);
    v.flag("overlap_param_gather", s.overlapParamGather);
    v.flag("average_in_collective", s.averageInCollective);
    v.oneOf("data_parallel_sharding_strategy", s.dataParallelShardingStrategy,
            {"no_shard", "optim", "optim_grads", "optim_grads_params"});
    v.flag("use_distributed_optimizer", s.useDistributedOptimizer);
    v.flag("use_megatron_fsdp", s.useMegatronFsdp);
}

template <class V>
void fields(V& v, DatasetSection& s) {
    v.choice("dataset_type", s.datasetType, kDatasetTypeNames);
    v.integer("seq_length", s.seqLength, 1, 1 << 20);
    v.path("maker_name", s.makerName);
    v.freeObject("maker_kwargs", s.makerKwargs);
    v.path("hf_processor_path", s.hfProcessorPath);
    v.path("train_data_path", s.trainDataPath);
    v.path("valid_data_path", s.validDataPath);
    v.path("test_data_path", s.testDataPath);
    v.path("image_folder", s.imageFolder);
    v.integer("num_workers", s.numWorkers, 0, 1024);
    v.choice("dataloader_type", s.dataloaderType, kDataloaderTypeNames);
    v.choice("epoch", s.epoch, kSampleEpochNames);
    v.integer("num_images", s.numImages, 0, 1024);
    v.flag("data_sharding", s.dataSharding);
    v.flag("pin_memory", s.pinMemory);
    v.flag("pack_sequences_in_batch", s.packSequences);
    v.texts("columns", s.columns);
    v.choice("on_bad_row", s.onBadRow, kRowPolicyNames);
    v.choice("length_policy", s.lengthPolicy, kLengthPolicyNames);
    v.choice("loss_mask_mode", s.lossMaskMode, kLossMaskModeNames);
    v.choice("marker_numbering", s.markerNumbering, kMarkerNumberingNames);
    v.flag("allow_urls", s.allowUrls);
    v.flag("cache_vision_features", s.cacheVisionFeatures);
    v.flag("do_pan_and_scan", s.doPanAndScan);
    v.integer("pan_and_scan_min_crop_size", s.panAndScanMinCropSize, 1, 1 << 16);
    v.integer("pan_and_scan_max_num_crops", s.panAndScanMaxNumCrops, 1, 1024);
    v.number("pan_and_scan_min_ratio_to_activate", s.panAndScanMinRatioToActivate, 0.0, 1e6);
    v.freeObject("scenes", s.scenes);
}

template <class V>
void fields(V& v, LoggerSection& s) {
    v.integer("log_interval", s.logInterval, 1, kMaxCount);
    v.path("tensorboard_dir", s.tensorboardDir);
    v.integer("tensorboard_log_interval", s.tensorboardLogInterval, 1, kMaxCount);
    v.flag("log_timers_to_tensorboard", s.logTimersToTensorboard);
    v.flag("log_progress", s.logProgress);
    v.path("wandb_project", s.wandbProject);
    v.path("wandb_entity", s.wandbEntity);
    v.path("wandb_exp_name", s.wandbExpName);
    v.path("wandb_save_dir", s.wandbSaveDir);
}

template <class V>
void fields(V& v, TokenizerSection& s) {
    v.oneOf("tokenizer_type", s.tokenizerType, {"HuggingFaceTokenizer", "NullTokenizer"});
    v.path("tokenizer_model", s.tokenizerModel);
    v.integer("vocab_size", s.vocabSize, 1, 1 << 24);
}

template <class V>
void fields(V& v, CheckpointSection& s) {
    v.path("save", s.save);
    v.path("load", s.load);
    v.path("pretrained_checkpoint", s.pretrainedCheckpoint);
    v.integer("save_interval", s.saveInterval, 1, kMaxCount);
    v.integer("most_recent_k", s.mostRecentK, -1, kMaxCount);
    v.integer("ckpt_step", s.ckptStep, 0, kMaxCount);
    v.oneOf("ckpt_format", s.ckptFormat, {"torch_dist", "hf"});
    v.flag("fully_parallel_save", s.fullyParallelSave);
    v.flag("async_save", s.asyncSave);
    v.flag("save_optim", s.saveOptim);
    v.flag("save_rng", s.saveRng);
    v.flag("load_optim", s.loadOptim);
    v.flag("load_rng", s.loadRng);
    v.flag("finetune", s.finetune);
    v.flag("save_tokenizer_assets", s.saveTokenizerAssets);
    v.flag("save_best", s.saveBest);
}

template <class V>
void fields(V& v, DistSection& s) {
    v.oneOf("distributed_backend", s.distributedBackend, {"auto", "nccl", "gloo"});
    v.integer("distributed_timeout_minutes", s.distributedTimeoutMinutes, 1, 100'000);
}

template <class V>
void fields(V& v, RngSection& s) {
    v.integer("seed", s.seed, 0, std::numeric_limits<std::int64_t>::max());
    v.flag("data_parallel_random_init", s.dataParallelRandomInit);
}

template <class V>
void fields(V& v, PeftSection& s) {
    v.choice("peft_scheme", s.peftScheme, kPeftSchemeNames);
    v.integer("dim", s.dim, 1, 1 << 16);
    v.number("alpha", s.alpha, 0.0, kMaxNumber);
    v.number("dropout", s.dropout, 0.0, kBelowOne);
    v.oneOf("dropout_position", s.dropoutPosition, {"pre"});
    v.choice("lora_A_init_method", s.loraAInitMethod, kAdapterInitNames);
    v.oneOf("lora_B_init_method", s.loraBInitMethod, {"zero"});
    v.paths("target_modules", s.targetModules);
    v.freeText("target_modules_regex", s.targetModulesRegex);
    v.paths("exclude_modules", s.excludeModules);
    v.flag("use_rslora", s.useRslora);
    v.paths("modules_to_save", s.modulesToSave);
    v.integers("rank_pattern", s.rankPattern, 1, 1 << 16);
    v.numbers("alpha_pattern", s.alphaPattern, 0.0, kMaxNumber);
    v.flag("post_norm_bypass", s.postNormBypass);
}

template <class V>
void fields(V& v, Stage& s) {
    v.path("name", s.name);
    v.freeValues("overrides", s.overrides);
    v.numbers("advance_when", s.advanceWhen, -kMaxNumber, kMaxNumber);
    v.integer("min_iters", s.minIters, 0, kMaxCount);
    v.integer("max_iters", s.maxIters, 0, kMaxCount);
}

template <class V>
void fields(V& v, Recipe& s) {
    v.path("recipe", s.recipe);
    v.section("run", s.run);
    v.section("model", s.model);
    v.section("train", s.train);
    v.section("validation", s.validation);
    v.section("optimizer", s.optimizer);
    v.section("scheduler", s.scheduler);
    v.section("ddp", s.ddp);
    v.section("dataset", s.dataset);
    v.section("logger", s.logger);
    v.section("tokenizer", s.tokenizer);
    v.section("checkpoint", s.checkpoint);
    v.section("dist", s.dist);
    v.section("rng", s.rng);
    v.section("peft", s.peft);
    v.choice("mixed_precision", s.mixedPrecision, kPrecisionNames);
    v.objects("stages", s.stages);
    v.alwaysNull("comm_overlap");
    v.alwaysNull("profiling");
}

}  // namespace lapidary::plan
