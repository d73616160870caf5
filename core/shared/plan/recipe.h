// All of a training run in one value, read from and printed as one JSON with Megatron-Bridge's sections and keys
// (specification megatron 5.1-5.4); keys of our own are marked "own" here and listed in resources/recipes/README.md.
// Printing writes every key; reading accepts any subset, refuses every key that is not known, and bounds every number.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/shared/base/result.h"
#include "core/shared/plan/adapter_spec.h"
#include "core/shared/plan/freeze_plan.h"

namespace lapidary::plan {

enum class PeftScheme : std::uint8_t { Lora, Dora };
enum class DecayStyle : std::uint8_t { Constant, Linear, Cosine };
enum class Precision : std::uint8_t { Float32, Bfloat16Mixed };  // mixed: bf16 weights in the forward, float32 master weights
enum class StateDtype : std::uint8_t { Float32, EightBit };
enum class DatasetType : std::uint8_t { Mock, Preloaded, Hf, Captions, Scenes };
enum class LengthPolicy : std::uint8_t { Fail, Skip, SplitText };
enum class RowPolicy : std::uint8_t { Stop, Skip };
enum class LossMaskMode : std::uint8_t { Answer, Search };  // megatron 6.3: v0.5's rule, v0.2's rule
enum class DataloaderType : std::uint8_t { Single, Cyclic };
enum class MarkerNumbering : std::uint8_t { AcrossRecord, EachMessage };  // megatron 6.1: which picture an "<image>" stands for
enum class SampleEpoch : std::uint8_t { Set, Run };  // what an epoch of the order of samples is: megatron 6.1
enum class TrainTask : std::uint8_t { Answers, TowerLabels };  // TowerLabels: dense labels on the tower's pooled tokens (demo)
enum class Metric : std::uint8_t { Loss, Accuracy };
// What a run does about a step whose loss or gradient cannot be trusted (fault 37), and about one that does not fit into memory (36).
enum class BadStepPolicy : std::uint8_t { Stop, Pause, Skip, Rollback, LowerLr };
enum class MemoryPolicy : std::uint8_t { Pause, Stop, Smaller, Skip };

// torch.set_float32_matmul_precision: how exactly float32 matrices are multiplied.  Medium: rounded to bfloat16, summed in float32, where
// the hardware has units for it (AMX, tensor cores); High: TensorFloat32 there.
enum class MatmulPrecision : std::uint8_t { Highest, High, Medium };

// A JSON object whose keys belong to somebody else (a maker's arguments), kept as compact text: "{}" where empty.
struct FreeObject {
    std::string json = "{}";
    bool operator==(const FreeObject&) const = default;
};

struct ModelSection {
    std::string hfPath;  // id in the local cache, folder, .gguf or "demo"; checkpoint.pretrained_checkpoint wins where given
    std::int64_t tensorModelParallelSize = 1;
    std::int64_t pipelineModelParallelSize = 1;
    std::optional<std::string> pipelineDtype;
    std::optional<std::int64_t> virtualPipelineModelParallelSize;
    std::int64_t contextParallelSize = 1;
    bool sequenceParallel = false;
    std::int64_t seqLength = 4096;  // tokens of a sample at most
    bool freezeLanguageModel = false;
    bool freezeVisionModel = false;
    bool freezeVisionProjection = false;
    bool calculatePerTokenLoss = true;  // the mean over all answer tokens of a step; Bridge's other mean is refused
    std::optional<std::string> recomputeGranularity;  // null or "full": the same as train.activation_checkpointing
    std::optional<Training> language;  // own; null: what the flags and peft say
    std::optional<Training> vision;  // own
    std::optional<Training> projection;  // own
    bool operator==(const ModelSection&) const = default;
};

struct TrainSection {
    std::int64_t trainIters = 1000;
    std::int64_t globalBatchSize = 32;
    std::int64_t microBatchSize = 1;
    std::optional<std::int64_t> exitInterval;
    std::optional<double> exitDurationInMins;
    bool exitSignalHandler = true;
    bool manualGc = false;  // Python's garbage collector: read, without effect
    std::int64_t manualGcInterval = 0;
    std::int64_t manualGcEval = 0;
    bool activationCheckpointing = false;  // own
    MatmulPrecision float32MatmulPrecision = MatmulPrecision::Highest;  // own, after torch
    TrainTask task = TrainTask::Answers;  // own
    double lossSpikeFactor = 10.0;  // own; the step is not applied at a loss this many times the recent mean; 0: off
    BadStepPolicy onBadStep = BadStepPolicy::Stop;  // own
    MemoryPolicy onOutOfMemory = MemoryPolicy::Pause;  // own
    std::int64_t remedyLimit = 10;  // own; so often a run helps itself by the two above, then it stops
    std::int64_t noOpCheckSteps = 10;  // own; weights that did not move by then end the run; 0: off
    bool operator==(const TrainSection&) const = default;
};

// A prompt that the run answers at every evaluation, so that one sees it learn.  Own.
struct PinnedSample {
    std::vector<std::string> images;  // paths
    std::string prompt;
    bool operator==(const PinnedSample&) const = default;
};

struct ValidationSection {
    std::int64_t evalIters = 32;  // 0: no evaluation
    std::int64_t evalInterval = 500;
    std::optional<std::int64_t> earlyStoppingPatience;  // own; evaluations without a better one before the run ends
    double earlyStoppingMinDelta = 0.0;  // own
    Metric metric = Metric::Loss;  // own; what "best" and early stopping look at
    std::vector<PinnedSample> samples;  // own
    std::int64_t sampleMaxNewTokens = 64;  // own
    bool operator==(const ValidationSection&) const = default;
};

struct LearningRateFactors {  // own; times the schedule's learning rate
    double language = 1.0;
    double vision = 1.0;
    double projection = 1.0;
    bool operator==(const LearningRateFactors&) const = default;
};

struct OptimizerSection {
    std::string optimizer = "adam";  // AdamW: decoupled decay
    double lr = 1e-4;
    double minLr = 0.0;
    double weightDecay = 0.0;  // overruled by scheduler.start_weight_decay where that is given
    double adamBeta1 = 0.9;
    double adamBeta2 = 0.999;
    double adamEps = 1e-8;
    double clipGrad = 1.0;  // global L2 norm; 0: off
    bool useDistributedOptimizer = false;
    StateDtype stateDtype = StateDtype::Float32;  // own
    bool decayBiasAndNorm = false;  // own
    LearningRateFactors lrFactors;  // own
    bool operator==(const OptimizerSection&) const = default;
};

struct SchedulerSection {
    DecayStyle lrDecayStyle = DecayStyle::Cosine;
    std::optional<std::int64_t> lrDecayIters;  // null: train.train_iters
    std::int64_t lrWarmupIters = 0;
    double lrWarmupInit = 0.0;
    std::optional<double> startWeightDecay;  // null: optimizer.weight_decay
    std::optional<double> endWeightDecay;
    std::string weightDecayIncrStyle = "constant";  // constant, linear, cosine
    bool overrideOptParamScheduler = true;
    bool operator==(const SchedulerSection&) const = default;
};

struct DdpSection {  // read as Bridge writes it; gradients are reduced in float32 over all ranks
    bool checkForNanInGrad = true;
    bool gradReduceInFp32 = true;
    bool overlapGradReduce = false;
    bool overlapParamGather = false;
    bool averageInCollective = true;
    std::string dataParallelShardingStrategy = "no_shard";
    bool useDistributedOptimizer = false;
    bool useMegatronFsdp = false;
    bool operator==(const DdpSection&) const = default;
};

struct DatasetSection {
    DatasetType datasetType = DatasetType::Preloaded;  // own key for --dataset-type
    std::optional<std::int64_t> seqLength;  // null: model.seq_length; another value is refused
    std::optional<std::string> makerName;  // hf: cord_v2, medpix, raven …
    FreeObject makerKwargs;  // path_or_dataset, subset, split
    std::optional<std::string> hfProcessorPath;
    std::optional<std::string> trainDataPath;  // file or folder
    std::optional<std::string> validDataPath;
    std::optional<std::string> testDataPath;
    std::optional<std::string> imageFolder;
    std::int64_t numWorkers = 1;
    DataloaderType dataloaderType = DataloaderType::Cyclic;
    SampleEpoch epoch =
        SampleEpoch::Set;  // own: the set once; or as in Bridge all samples of the run, place i being i modulo the set
    std::int64_t numImages = 1;  // mock: pictures of its one sample
    bool dataSharding = true;
    bool pinMemory = false;
    bool packSequences = false;
    std::map<std::string, std::string> columns;  // own: role (messages, prompt, answer, image) → column; empty: found
    RowPolicy onBadRow = RowPolicy::Stop;  // own
    LengthPolicy lengthPolicy = LengthPolicy::Fail;  // own: samples longer than seq_length
    LossMaskMode lossMaskMode = LossMaskMode::Answer;  // own
    MarkerNumbering markerNumbering = MarkerNumbering::AcrossRecord;  // own; EachMessage as in Bridge's preloaded provider
    bool allowUrls = false;  // own
    bool cacheVisionFeatures = true;  // own: pooled tower output on disk while the tower is frozen
    std::optional<bool> doPanAndScan;  // own; null: what the model's processor says, as the three below
    std::optional<std::int64_t> panAndScanMinCropSize;
    std::optional<std::int64_t> panAndScanMaxNumCrops;
    std::optional<double> panAndScanMinRatioToActivate;
    FreeObject scenes;  // own: settings of the generator of scenes
    bool operator==(const DatasetSection&) const = default;
};

struct LoggerSection {
    std::int64_t logInterval = 10;
    std::optional<std::string> tensorboardDir;  // null: <run>/tb_logs
    std::int64_t tensorboardLogInterval = 1;
    bool logTimersToTensorboard = false;
    bool logProgress = false;
    std::optional<std::string> wandbProject;
    std::optional<std::string> wandbEntity;
    std::optional<std::string> wandbExpName;
    std::optional<std::string> wandbSaveDir;
    bool operator==(const LoggerSection&) const = default;
};

struct TokenizerSection {  // the model's own tokenizer is always used
    std::string tokenizerType = "HuggingFaceTokenizer";
    std::optional<std::string> tokenizerModel;
    std::optional<std::int64_t> vocabSize;
    bool operator==(const TokenizerSection&) const = default;
};

struct CheckpointSection {
    std::optional<std::string> save;  // null: <run>/checkpoints; another one names the run
    std::optional<std::string> load;  // null: the same
    std::optional<std::string> pretrainedCheckpoint;
    std::int64_t saveInterval = 500;
    std::int64_t mostRecentK = -1;  // checkpoints that are kept; -1: all
    std::optional<std::int64_t> ckptStep;
    std::string ckptFormat = "torch_dist";
    bool fullyParallelSave = true;
    bool asyncSave = false;
    bool saveOptim = true;
    bool saveRng = true;
    bool loadOptim = true;
    bool loadRng = true;
    bool finetune = false;
    bool saveTokenizerAssets = true;
    bool saveBest = true;  // own: the best checkpoint by validation.metric is kept beside the most recent ones
    bool operator==(const CheckpointSection&) const = default;
};

struct DistSection {
    std::string distributedBackend = "auto";  // own value; Bridge's nccl and gloo too
    std::int64_t distributedTimeoutMinutes = 2;
    bool operator==(const DistSection&) const = default;
};

struct RngSection {
    std::int64_t seed = 1234;
    bool dataParallelRandomInit = false;
    bool operator==(const RngSection&) const = default;
};

// Bridge's names of fused modules (linear_qkv, linear_proj, linear_fc1, linear_fc2) and peft's suffixes are both accepted.
struct PeftSection {
    PeftScheme peftScheme = PeftScheme::Lora;
    std::int64_t dim = 32;
    double alpha = 32.0;
    double dropout = 0.0;
    std::string dropoutPosition = "pre";
    AdapterInit loraAInitMethod = AdapterInit::Xavier;  // "xavier", or own "peft": kaiming-uniform, peft's default
    std::string loraBInitMethod = "zero";
    std::vector<std::string> targetModules;
    std::optional<std::string> targetModulesRegex;  // own: one expression instead of the list
    std::vector<std::string> excludeModules;
    bool useRslora = false;  // own
    std::vector<std::string> modulesToSave;  // own
    std::map<std::string, std::int64_t> rankPattern;  // own
    std::map<std::string, double> alphaPattern;  // own
    bool postNormBypass = false;  // own: Bridge's numerics (megatron 5.3)
    bool operator==(const PeftSection&) const = default;
};

struct RunSection {  // Bridge's arguments dir and name of a recipe; own section
    std::optional<std::string> dir;  // null: $SAVE_DIR, else nemo_experiments in the working folder
    std::string name = "lapidary_finetune";
    bool operator==(const RunSection&) const = default;
};

// One stage of a run in several, own: `overrides` hold for it ("optimizer.lr": 0.001 → its JSON text), and it ends when
// every metric is measured at least as high as its threshold, or at maxIters.
struct Stage {
    std::string name;
    std::map<std::string, std::string> overrides;  // dotted path → compact JSON of the value
    std::map<std::string, double> advanceWhen;  // metric ("accuracy.char1", "accuracy.colour") → threshold; all must hold
    std::int64_t minIters = 0;
    std::int64_t maxIters = 0;
    bool operator==(const Stage&) const = default;
};

struct Recipe {
    std::string recipe;  // the built-in recipe that absent keys come from; empty: the defaults of this header
    RunSection run;
    ModelSection model;
    TrainSection train;
    ValidationSection validation;
    OptimizerSection optimizer;
    SchedulerSection scheduler;
    DdpSection ddp;
    DatasetSection dataset;
    LoggerSection logger;
    TokenizerSection tokenizer;
    CheckpointSection checkpoint;
    DistSection dist;
    RngSection rng;
    std::optional<PeftSection> peft;
    Precision mixedPrecision = Precision::Float32;
    std::vector<Stage> stages;

    // `root` holds any subset of the keys; what is absent is taken from `base`.  train.eval_iters and train.eval_interval
    // (Bridge up to v0.3) are read as validation's.  `source` names the text in errors.
    // Errors: InvalidData naming the path ("optimizer.lr"), expected and found; for an unknown key the nearest known one.
    static Result<Recipe> fromJson(const nlohmann::json& root, const std::string& source, const Recipe& base);
    static Result<Recipe> fromJson(const nlohmann::json& root, const std::string& source);
    // Every key, in the order of this header: fromJson reads it back equal.
    [[nodiscard]] nlohmann::ordered_json toJson() const;

    bool operator==(const Recipe&) const = default;
};

struct RecipeDifference {
    std::string path;  // "optimizer.lr"
    std::string from;  // compact JSON
    std::string to;
    bool operator==(const RecipeDifference&) const = default;
};

// What `to` says differently, in the order of the sections; lists as a whole.
std::vector<RecipeDifference> diff(const Recipe& from, const Recipe& to);
// One line a difference ("optimizer.lr: 5e-06 -> 0.0001"); empty where there is none.
std::string printDiff(const std::vector<RecipeDifference>& differences);

}  // namespace lapidary::plan
