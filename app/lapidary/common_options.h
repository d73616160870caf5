// Options that several verbs share: the model, the prompt, how answers are drawn.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/lapidary/verb.h"
#include "core/data/processor/messages_file.h"
#include "core/engine/session/answer.h"
#include "core/engine/session/model.h"
#include "core/engine/session/prompt.h"
#include "core/shared/protocol/request.h"

namespace lapidary::app {

struct ModelOptions {
    session::ModelRequest request;
    std::string hfModelPath;        // Megatron-Bridge's spellings of --model
    std::string megatronModelPath;
    bool parseSpecial = false;
    bool allowUrls = false;

    // --model, else Bridge's: the Megatron path is the one that holds weights where both are given.
    [[nodiscard]] std::string model() const;
};
void addModelOptions(CLI::App& command, ModelOptions& options);
// --vision-cache, of verbs that answer.
void addVisionCacheOption(CLI::App& command, ModelOptions& options);
// --model and --mmproj alone: verbs that open no network.
void addCheckpointOptions(CLI::App& command, ModelOptions& options);

// Opens the model; its warnings go to the console.
Result<std::shared_ptr<const session::Model>> loadModel(const ModelOptions& options, const Invocation& invocation);
Result<session::OpenedCheckpoint> openCheckpointOf(const ModelOptions& options, const Invocation& invocation);

struct PromptOptions {
    std::optional<std::string> prompt;  // "-": standard input
    std::string messagesFile;
    std::vector<std::string> images;
    std::string system;
    bool raw = false;
    std::optional<bool> panAndScan;  // nothing: as the model's own processor does
    std::optional<std::int64_t> minCropSize;
    std::optional<std::int64_t> maxNumCrops;
    std::optional<double> minRatioToActivate;
    std::vector<std::string> cropsFiles;  // one a picture, in their order
};
void addPromptOptions(CLI::App& command, PromptOptions& options);
void addViewOptions(CLI::App& command, PromptOptions& options);  // pan & scan
void addCropsOption(CLI::App& command, PromptOptions& options);
// Errors: Usage for pan & scan's numbers without --pan-and-scan: nothing would heed them.
Result<void> checkPanAndScan(const PromptOptions& options);
// Which views of a picture are wanted; what is not said comes from the model's own settings.
image::ViewSettings viewSettings(const PromptOptions& options, const image::ImageProcessorSettings& images);

using CropLists = std::vector<std::vector<rules::CropBox>>;  // own crops, one list a picture; empty: no own crops
// What --crops names, and checkPanAndScan; looks at no picture and no model.
// Errors: Usage where it is not one list for each of `pictures`, or stands beside --pan-and-scan; those of the files.
Result<CropLists> readCrops(const PromptOptions& options, std::size_t pictures);
// `views` with own crops, one a picture; nothing where there are none: then `views` are those of all.
std::vector<image::ViewSettings> viewsOfPictures(const image::ViewSettings& views, const CropLists& crops);

struct ReadPrompt {
    processor::Conversation conversation;
    image::UrlConsent urls = image::UrlConsent::Refuse;  // an address typed on the command line is consent
    CropLists crops{};
};
// The conversation that --prompt (or standard input), --system and --image, or --messages describe, and own crops of its pictures.
// Errors: Usage for combinations that cannot be meant, or for no prompt at all; those of the files and of readCrops.
Result<ReadPrompt> readPrompt(const PromptOptions& options, const ModelOptions& model, const std::stop_token& stop);
// One user turn of `text`, behind a system message where --system is given, its pictures before the text.
Result<processor::Conversation> conversationOf(const std::string& text, const PromptOptions& options);
session::PromptSettings promptSettings(const PromptOptions& options, const ModelOptions& model,
                                       const session::OpenedCheckpoint& opened, const CropLists& crops = {});

struct SamplingOptions {
    protocol::SamplingSettings sampling;
    std::int64_t maxNewTokens = 512;
    std::vector<std::string> stop;
    std::int64_t logprobs = 0;
};
void addSamplingOptions(CLI::App& command, SamplingOptions& options);
// What can be refused before a model is opened, which takes its time.  Errors: Usage; InvalidData for a stop text that is no UTF-8.
Result<void> checkSampling(const SamplingOptions& options);
// With --log-level info: how many pictures the tower had to look at.
void tellReusedViews(const session::AnswerReport& report, const Console& console);
Result<session::AnswerSettings> answerSettings(const SamplingOptions& options, const session::Model& model);

// Everything on standard input, at most 64 MiB.  Errors: Cancelled when a signal comes while waiting.
Result<std::string> readStandardInput(const std::stop_token& stop);

// A model without a chat template continues texts: says so once.
void noteCompletionMode(const session::OpenedCheckpoint& opened, const PromptOptions& options, const Console& console);

}  // namespace lapidary::app
