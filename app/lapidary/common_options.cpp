#include "app/lapidary/common_options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <utility>

#include "core/data/text/utf8.h"
#include "core/shared/base/file.h"

namespace lapidary::app {
namespace {

constexpr std::uint64_t kMaxCropsFileBytes = std::uint64_t{1} << 20;

void tellWarnings(const std::vector<std::string>& warnings, const Console& console) {
    for (const std::string& warning : warnings) console.warning(warning);
}

}  // namespace

std::string ModelOptions::model() const {
    if (!request.model.empty()) return request.model;
    return megatronModelPath.empty() ? hfModelPath : megatronModelPath;
}

void addCheckpointOptions(CLI::App& command, ModelOptions& options) {
    CLI::Option* own =
        command
            .add_option(
                "-m,--model", options.request.model,
                "folder, .gguf file, id in the local Hugging Face cache, or demo: the small model that comes with Lapidary")
            ->type_name("M");
    command.add_option("--hf-model-path", options.hfModelPath, "same as --model (Megatron-Bridge's name)")
        ->excludes(own)
        ->type_name("M");
    command.add_option("--megatron-model-path", options.megatronModelPath, "same as --model (Megatron-Bridge's name)")
        ->excludes(own)
        ->type_name("M");
    command.add_option("--mmproj", options.request.mmproj, "vision part of a GGUF model")->type_name("F");
}

void addModelOptions(CLI::App& command, ModelOptions& options) {
    addCheckpointOptions(command, options);
    command.add_option("--adapter", options.request.adapters, "PEFT adapter folder (repeatable: they are added)")
        ->type_name("DIR")
        ->allow_extra_args(false);
    command.add_option("--device", options.request.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
    command.add_option("--dtype", options.request.dtype, "what activations are computed in")
        ->check(CLI::IsMember({"auto", "float32", "bfloat16"}))
        ->type_name("auto|float32|bfloat16");
    command.add_option("--quantize", options.request.quantize, "quantise a float model while it is opened")
        ->check(CLI::IsMember({"int8", "int4", "q8_0", "q4_0"}))
        ->type_name("int8|int4|q8_0|q4_0");
    command.add_option("--threads", options.request.threads, "threads to compute with (default: all cores)")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1024}))
        ->type_name("N");
    command.add_option("--context", options.request.context, "tokens of prompt and answer together (default: the model's own)")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40))
        ->type_name("N");
    command.add_flag("--force-context", options.request.forceContext, "allow a context longer than the model was made for");
    command.add_flag("--parse-special", options.parseSpecial, "special tokens typed in a text count as such");
    command.add_flag("--allow-urls", options.allowUrls, "fetch addresses that stand inside files");
}

void addVisionCacheOption(CLI::App& command, ModelOptions& options) {
    options.request.visionCache = "auto";
    command
        .add_option(
            "--vision-cache", options.request.visionCache,
            "keep what the vision tower makes of pictures on disk, shared with training: on, off, a folder, or auto (where "
            "a training run keeps it already)")
        ->type_name("auto|on|off|DIR")
        ->capture_default_str();
}

void tellReusedViews(const session::AnswerReport& report, const Console& console) {
    if (report.views == 0) return;
    console.info("features reused for " + std::to_string(report.reusedViews) + " of " + std::to_string(report.views) +
                 (report.views == 1 ? " view" : " views"));
}

Result<std::shared_ptr<const session::Model>> loadModel(const ModelOptions& options, const Invocation& invocation) {
    session::ModelRequest request = options.request;
    request.model = options.model();
    const auto progress = [&](const std::string& stage, double) { invocation.console.info(stage + " " + request.model); };
    ASSIGN_OR_RETURN(auto model, session::Model::load(request, progress, invocation.stop));
    tellWarnings(model->warnings(), invocation.console);
    return model;
}

Result<session::OpenedCheckpoint> openCheckpointOf(const ModelOptions& options, const Invocation& invocation) {
    ASSIGN_OR_RETURN(const std::filesystem::path path, session::resolveModelPath(options.model()));
    ASSIGN_OR_RETURN(session::OpenedCheckpoint opened, session::openWithProcessor(path, options.request.mmproj));
    tellWarnings(opened.warnings, invocation.console);
    return opened;
}

void addViewOptions(CLI::App& command, PromptOptions& options) {
    command.add_flag_function(
        "--pan-and-scan,!--no-pan-and-scan", [&options](std::int64_t count) { options.panAndScan = count > 0; },
        "add crops of long pictures, or do not (default: as the model's own processor does)");
    command
        .add_option("--pan-and-scan-min-crop-size", options.minCropSize,
                    "smallest side of a crop in pixels (default: the model's own, 256)")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 20))
        ->type_name("N");
    command
        .add_option("--pan-and-scan-max-num-crops", options.maxNumCrops,
                    "most crops of a picture (default: the model's own, 4)")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1024}))
        ->type_name("N");
    command
        .add_option("--pan-and-scan-min-ratio-to-activate", options.minRatioToActivate,
                    "sides' ratio from which on crops are made (default: the model's own, 1.2)")
        ->type_name("R");
}

void addCropsOption(CLI::App& command, PromptOptions& options) {
    command
        .add_option("--crops", options.cropsFiles,
                    "own crops: a JSON list of [left, top, right, bottom] in pixels; once for each picture, in their order "
                    "([]: the whole picture alone)")
        ->type_name("F.json")
        ->allow_extra_args(false);
}

void addPromptOptions(CLI::App& command, PromptOptions& options) {
    command.add_option("-p,--prompt", options.prompt, "the text; - or a pipe: standard input")->type_name("T");
    command.add_option("--messages", options.messagesFile, "a conversation: the messages list of transformers")
        ->type_name("F.json");
    command.add_option("-i,--image,--image-path", options.images, "a picture: path, https address or data: text (repeatable)")
        ->type_name("P")
        ->allow_extra_args(false);
    command.add_option("--system", options.system, "system message")->type_name("T");
    command.add_flag("--raw", options.raw, "no chat template: <bos> and the text as it stands, special tokens parsed");
    addViewOptions(command, options);
    addCropsOption(command, options);
}

Result<processor::Conversation> conversationOf(const std::string& text, const PromptOptions& options) {
    processor::Conversation conversation;
    RETURN_IF_ERROR(text::requireUtf8(options.system, "--system"));
    if (!options.system.empty()) conversation.messages.push_back({"system", options.system});
    std::vector<text::ContentPart> parts;
    for (const std::string& argument : options.images) {
        ASSIGN_OR_RETURN(image::ImageSource source, image::imageSourceFromArgument(argument));
        parts.push_back({text::ContentPart::Type::Image, "", static_cast<std::int64_t>(conversation.images.size())});
        conversation.images.push_back(std::move(source));
    }
    parts.push_back({text::ContentPart::Type::Text, text, -1});
    conversation.messages.push_back({"user", std::move(parts)});
    return conversation;
}

namespace {

Result<ReadPrompt> readConversation(const PromptOptions& options, const ModelOptions& model, const std::stop_token& stop) {
    ReadPrompt read;
    if (!options.messagesFile.empty()) {
        if (options.prompt || !options.images.empty() || !options.system.empty()) {
            return Error{ErrorCode::Usage,
                         "--messages describes the whole conversation: leave --prompt, --image and --system out", ""};
        }
        ASSIGN_OR_RETURN(read.conversation, processor::readMessagesFile(options.messagesFile));
        read.urls = model.allowUrls ? image::UrlConsent::Allow : image::UrlConsent::Refuse;
        return read;
    }
    if (!options.prompt && ::isatty(STDIN_FILENO) == 1) {
        return Error{ErrorCode::Usage, "there is no prompt: give --prompt, --messages, or a text on standard input", ""};
    }
    std::string text = options.prompt.value_or("-");
    if (text == "-") {
        ASSIGN_OR_RETURN(text, readStandardInput(stop));
        if (text.ends_with('\n')) text.pop_back();  // the one that `echo` adds
        if (text.empty() && options.images.empty()) {
            return Error{ErrorCode::Usage, "there is no prompt: give --prompt, --messages, or a text on standard input", ""};
        }
    }
    RETURN_IF_ERROR(text::requireUtf8(text, options.prompt.value_or("-") == "-" ? "standard input" : "--prompt"));
    ASSIGN_OR_RETURN(read.conversation, conversationOf(text, options));
    read.urls = image::UrlConsent::Allow;
    return read;
}

}  // namespace

Result<ReadPrompt> readPrompt(const PromptOptions& options, const ModelOptions& model, const std::stop_token& stop) {
    ASSIGN_OR_RETURN(ReadPrompt read, readConversation(options, model, stop));
    ASSIGN_OR_RETURN(read.crops, readCrops(options, read.conversation.images.size()));
    return read;
}

Result<void> checkPanAndScan(const PromptOptions& options) {
    if (options.panAndScan.value_or(false)) return {};
    const char* given = options.minCropSize          ? "--pan-and-scan-min-crop-size"
                        : options.maxNumCrops        ? "--pan-and-scan-max-num-crops"
                        : options.minRatioToActivate ? "--pan-and-scan-min-ratio-to-activate"
                                                     : nullptr;
    if (given == nullptr) return {};
    return Error{ErrorCode::Usage, std::string(given) + " goes with --pan-and-scan: add it, or leave the number out", ""};
}

Result<CropLists> readCrops(const PromptOptions& options, std::size_t pictures) {
    CropLists lists;
    if (!options.cropsFiles.empty() && options.panAndScan.value_or(false))
        return Error{ErrorCode::Usage, "--crops replaces --pan-and-scan: give one of them", ""};
    RETURN_IF_ERROR(checkPanAndScan(options));
    if (options.panAndScan.value_or(false) && pictures == 0)
        return Error{ErrorCode::Usage, "--pan-and-scan makes crops of a picture, and there is no picture", ""};
    if (options.cropsFiles.empty()) return lists;
    if (pictures == 0) return Error{ErrorCode::Usage, "--crops gives crops of a picture, and there is no picture", ""};
    if (options.cropsFiles.size() != pictures) {
        return Error{ErrorCode::Usage,
                     "expected one --crops a picture (" + std::to_string(pictures) + "), in their order, found " +
                         std::to_string(options.cropsFiles.size()) + ": crops are in pixels of their own picture",
                     ""};
    }
    for (const std::string& file : options.cropsFiles) {
        ASSIGN_OR_RETURN(const std::string json, readFile(file, kMaxCropsFileBytes));
        ASSIGN_OR_RETURN(auto boxes, image::parseCrops(json, file));
        lists.push_back(std::move(boxes));
    }
    return lists;
}

std::vector<image::ViewSettings> viewsOfPictures(const image::ViewSettings& views, const CropLists& crops) {
    std::vector<image::ViewSettings> own(crops.size(), views);
    for (std::size_t i = 0; i < crops.size(); ++i) {
        own[i].mode = image::CropMode::Given;
        own[i].boxes = crops[i];
    }
    return own;
}

image::ViewSettings viewSettings(const PromptOptions& options, const image::ImageProcessorSettings& images) {
    image::ViewSettings views;
    views.panAndScan = images.panAndScan;
    if (options.panAndScan.value_or(images.panAndScanByDefault)) views.mode = image::CropMode::PanAndScan;
    if (options.minCropSize) views.panAndScan.minCropSize = *options.minCropSize;
    if (options.maxNumCrops) views.panAndScan.maxNumCrops = *options.maxNumCrops;
    if (options.minRatioToActivate) views.panAndScan.minRatioToActivate = *options.minRatioToActivate;
    return views;
}

session::PromptSettings promptSettings(const PromptOptions& options, const ModelOptions& model,
                                       const session::OpenedCheckpoint& opened, const CropLists& crops) {
    session::PromptSettings settings;
    settings.raw = options.raw;
    settings.parseSpecial = model.parseSpecial;
    settings.views = viewSettings(options, opened.processor->imageProcessor().settings());
    settings.viewsOfPicture = viewsOfPictures(settings.views, crops);
    return settings;
}

void addSamplingOptions(CLI::App& command, SamplingOptions& options) {
    command.add_option("-n,--max-new-tokens", options.maxNewTokens, "longest answer in tokens")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40))
        ->capture_default_str()
        ->type_name("N");
    command
        .add_option("-t,--temperature", options.sampling.temperature,
                    "0: greedy (default: generation_config.json, else greedy)")
        ->type_name("T");
    command.add_option("--top-k", options.sampling.topK, "draw from the K likeliest; 0: off")->type_name("K");
    command.add_option("--top-p", options.sampling.topP, "draw from the likeliest that hold P of the probability")
        ->type_name("P");
    command.add_option("--min-p", options.sampling.minP, "leave out what is less likely than P times the likeliest")
        ->type_name("P");
    command
        .add_option("--repetition-penalty", options.sampling.repetitionPenalty, "above 1: what was said becomes less likely")
        ->type_name("R");
    command.add_option("--seed", options.sampling.seed, "the same seed draws the same answer")
        ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()))
        ->type_name("N");
    command.add_option("--stop", options.stop, "a text that ends the answer (repeatable)")
        ->type_name("T")
        ->allow_extra_args(false);
    command.add_option("--logprobs", options.logprobs, "with --json: log-probabilities and the N likeliest tokens beside each")
        ->check(CLI::Range(0, 100))
        ->type_name("N");
}

Result<void> checkSampling(const SamplingOptions& options) {
    const auto possible = session::resolveSampling({}, options.sampling);
    if (!possible) return possible.error();
    for (const std::string& stop : options.stop) {
        if (stop.empty()) return Error{ErrorCode::Usage, "expected a text that ends the answer, found an empty one", "--stop"};
        RETURN_IF_ERROR(text::requireUtf8(stop, "--stop"));
    }
    return {};
}

Result<session::AnswerSettings> answerSettings(const SamplingOptions& options, const session::Model& model) {
    session::AnswerSettings settings;
    ASSIGN_OR_RETURN(settings.sampler, session::resolveSampling(model.opened().generation, options.sampling));
    settings.maxNewTokens = options.maxNewTokens;
    settings.stopStrings = options.stop;
    settings.alternatives = options.logprobs;
    return settings;
}

void noteCompletionMode(const session::OpenedCheckpoint& opened, const PromptOptions& options, const Console& console) {
    if (opened.chatTemplate.hasTemplate || options.raw) return;
    console.note("This is a base model without a chat template: it continues the text.");
    if (!options.system.empty()) console.warning("without a chat template the system message is only text before the prompt");
}

}  // namespace lapidary::app
