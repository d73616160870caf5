#include "core/engine/session/opened_checkpoint.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/data/net/hub.h"
#include "core/data/text/special_tokens.h"
#include "core/shared/base/shipped_files.h"

namespace lapidary::session {
namespace {

namespace fs = std::filesystem;

bool hasTokenizer(const checkpoint::TokenizerMaterial& material) {
    return material.tokenizerJson || material.sentencePieceModel || material.gguf;
}

Result<std::shared_ptr<const text::Tokenizer>> loadTokenizer(const checkpoint::Checkpoint& checkpoint) {
    const checkpoint::TokenizerMaterial& material = checkpoint.tokenizer;
    text::TokenizerSource source;
    if (material.tokenizerJson) source.tokenizerJson = *material.tokenizerJson;
    if (material.sentencePieceModel) source.tokenizerModel = *material.sentencePieceModel;
    source.gguf = material.gguf;
    if (checkpoint.config.isVisionLanguage()) source.imageTokenId = checkpoint.config.imageTokenIndex;
    if (!hasTokenizer(material)) {
        return Error{
            ErrorCode::NotFound,
            "no tokenizer: expected tokenizer.json or tokenizer.model beside the weights, or a vocabulary inside a GGUF file",
            checkpoint.folder.string()};
    }
    return text::Tokenizer::load(source);
}

// The vision tower takes one size and the projector gives one number of tokens, so the configuration has the last word.
image::ImageProcessorSettings imageSettings(const checkpoint::Checkpoint& checkpoint, std::vector<std::string>& warnings) {
    image::ImageProcessorSettings settings;
    if (!checkpoint.config.vision) return settings;
    settings.size = checkpoint.config.vision->imageSize;
    settings.tokensPerView = checkpoint.config.mmTokensPerImage;
    if (!checkpoint.imageProcessor) return settings;
    const checkpoint::ImageProcessorSettings& stored = *checkpoint.imageProcessor;
    if (stored.width != settings.size || stored.height != settings.size) {
        warnings.push_back("the image processor's size is " + std::to_string(stored.width) + " x " +
                           std::to_string(stored.height) + ", but the vision tower takes " + std::to_string(settings.size) +
                           " x " + std::to_string(settings.size) + ": the tower's size is used");
    }
    if (stored.imageSequenceLength != settings.tokensPerView) {
        warnings.push_back("the processor's image_seq_length is " + std::to_string(stored.imageSequenceLength) +
                           ", but config.json's mm_tokens_per_image is " + std::to_string(settings.tokensPerView) +
                           ": the latter is used");
    }
    settings.rescaleFactor = stored.rescaleFactor;
    settings.mean = stored.mean;
    settings.standardDeviation = stored.standardDeviation;
    settings.panAndScanByDefault = stored.doPanAndScan;
    settings.panAndScan = {stored.panAndScanMinCropSize, stored.panAndScanMaxNumCrops, stored.panAndScanMinRatioToActivate};
    return settings;
}

// Specification 1.4, step 6, and 8: generation_config.json, else greedy with config.json's end tokens.
config::GenerationConfig generationDefaults(const checkpoint::Checkpoint& checkpoint, const text::Tokenizer* tokenizer,
                                            bool hasTemplate) {
    if (checkpoint.generation) return *checkpoint.generation;
    config::GenerationConfig defaults;
    defaults.eosTokenIds = checkpoint.config.text.eosTokenIds;
    defaults.padTokenId = checkpoint.config.text.padTokenId;
    defaults.bosTokenId = checkpoint.config.text.bosTokenId;
    // A GGUF names one end token alone; a model that chats also ends its turn.
    const auto endOfTurn = tokenizer == nullptr ? std::nullopt : tokenizer->idOf(text::kEndOfTurn);
    auto& ends = defaults.eosTokenIds;
    if (checkpoint.kind == checkpoint::CheckpointKind::Gguf && hasTemplate && endOfTurn &&
        std::find(ends.begin(), ends.end(), *endOfTurn) == ends.end()) {
        ends.push_back(*endOfTurn);
    }
    return defaults;
}

// Tokenizer, processor and what depends on them.
Result<void> addProcessor(OpenedCheckpoint& opened) {
    ASSIGN_OR_RETURN(const auto tokenizer, loadTokenizer(opened.checkpoint));
    std::vector<std::string> warnings = tokenizer->warnings();
    const image::ImageProcessorSettings images = imageSettings(opened.checkpoint, warnings);
    ASSIGN_OR_RETURN(auto processor, processor::Gemma3Processor::create(tokenizer, opened.checkpoint.config, images));
    opened.processor = std::make_shared<const processor::Gemma3Processor>(std::move(processor));
    opened.generation = generationDefaults(opened.checkpoint, tokenizer.get(), opened.chatTemplate.hasTemplate);
    opened.warnings.insert(opened.warnings.end(), warnings.begin(), warnings.end());
    return {};
}

Result<fs::path> demoFolder() {
    auto folder = shippedFolder(kDemoModel);
    if (folder) return folder;
    Error error = folder.error();
    error.message = "the demo model is missing: " + error.message + "; --model also takes a folder, a .gguf file or a model id";
    return error;
}

bool isTokenizerFolder(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored) && !fs::exists(path / "config.json", ignored) &&
           (fs::exists(path / "tokenizer.json", ignored) || fs::exists(path / "tokenizer.model", ignored));
}

}  // namespace

Result<fs::path> resolveModelPath(const std::string& model) {
    if (model.empty())
        return Error{ErrorCode::Usage, "no model was given: --model takes demo, a folder, a .gguf file or a model id", ""};
    if (model == kDemoModel) return demoFolder();
    std::error_code ignored;
    const fs::path path = model;
    if (path.extension() == ".safetensors" && fs::is_regular_file(path, ignored) &&
        !fs::exists(path.parent_path() / "config.json", ignored)) {
        return Error{
            ErrorCode::NotFound,
            "'" + model + "' holds weights alone: config.json is expected beside it, and --model takes the folder of both",
            "--model"};
    }
    if (fs::exists(path, ignored)) return path;
    if (model.starts_with("/") || model.starts_with(".") || model.ends_with(".gguf") || !net::isModelId(model)) {
        return Error{ErrorCode::NotFound, "there is no file or folder '" + model + "'", "--model"};
    }
    ASSIGN_OR_RETURN(const auto settings, net::hubSettingsFromEnvironment());
    auto found = net::Hub(settings).find(model);
    if (!found) return found.error().within("--model");
    return *found;
}

Result<OpenedCheckpoint> openWithProcessor(const fs::path& path, const fs::path& mmproj, TokenizerNeed need) {
    OpenedCheckpoint opened;
    checkpoint::OpenOptions options;
    if (!mmproj.empty()) options.mmproj = mmproj;
    ASSIGN_OR_RETURN(opened.checkpoint, checkpoint::openCheckpoint(path, options));
    opened.warnings = opened.checkpoint.warnings;
    opened.chatTemplate = text::checkChatTemplate(opened.checkpoint.tokenizer.chatTemplate);
    if (!opened.chatTemplate.warning.empty()) opened.warnings.push_back(opened.chatTemplate.warning);
    const bool optional = need == TokenizerNeed::Optional;
    if (optional && !hasTokenizer(opened.checkpoint.tokenizer)) {
        opened.generation = generationDefaults(opened.checkpoint, nullptr, false);
        return opened;
    }
    const auto added = addProcessor(opened);
    if (!added && !optional) return added.error();
    if (!added) {
        opened.generation = generationDefaults(opened.checkpoint, nullptr, false);
        opened.warnings.push_back("the tokenizer cannot be used, so token ids alone are read: " + added.error().toString());
    }
    return opened;
}

Result<std::shared_ptr<const text::Tokenizer>> openTokenizer(const fs::path& path) {
    text::TokenizerSource source;
    std::error_code ignored;
    if (isTokenizerFolder(path)) {
        if (fs::exists(path / "tokenizer.json", ignored)) source.tokenizerJson = path / "tokenizer.json";
        if (fs::exists(path / "tokenizer.model", ignored)) source.tokenizerModel = path / "tokenizer.model";
        return text::Tokenizer::load(source);
    }
    if (fs::is_regular_file(path, ignored) && (path.extension() == ".json" || path.extension() == ".model")) {
        (path.extension() == ".json" ? source.tokenizerJson : source.tokenizerModel) = path;
        return text::Tokenizer::load(source);
    }
    ASSIGN_OR_RETURN(const auto checkpoint, checkpoint::openCheckpoint(path));
    return loadTokenizer(checkpoint);
}

}  // namespace lapidary::session
