#include "core/data/checkpoint/side_files.h"

#include <nlohmann/json.hpp>

#include "core/shared/base/file.h"
#include "core/shared/base/json.h"

namespace lapidary::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxSideFileBytes = 4U << 20U;
constexpr std::uint64_t kMaxTokenizerConfigBytes = 64U << 20U;  // Gemma 3's has 1.2 MB
constexpr std::uint64_t kMaxTemplateBytes = 1U << 20U;

std::optional<fs::path> ifPresent(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored) ? std::optional(path) : std::nullopt;
}

// Three finite numbers; absent or null leaves `values`.
Result<void> readChannels(const Json& object, const char* key, std::array<double, 3>& values, bool positive,
                          const std::string& source) {
    const auto entry = object.find(key);
    if (entry == object.end() || entry->is_null()) return {};
    const bool three = entry->is_array() && entry->size() == 3;
    for (std::size_t i = 0; three && i < 3; ++i) {
        if (!(*entry)[i].is_number()) break;
        values[i] = (*entry)[i].get<double>();
        if (!(values[i] > -1e6 && values[i] < 1e6) || (positive && values[i] <= 0.0)) break;
        if (i == 2) return {};
    }
    return Error{ErrorCode::InvalidData,
                 std::string("'") + key + "': expected three " + (positive ? "positive " : "") + "numbers, found " +
                     describeJson(*entry),
                 source};
}

Result<void> readBounded(const Json& object, const char* key, std::int64_t& value, std::int64_t least, std::int64_t most,
                         const std::string& source) {
    ASSIGN_OR_RETURN(const auto number, findInteger(object, key, source));
    if (!number) return {};
    if (*number < least || *number > most) {
        return Error{ErrorCode::InvalidData,
                     std::string("'") + key + "': expected an integer from " + std::to_string(least) + " to " +
                         std::to_string(most) + ", found " + std::to_string(*number),
                     source};
    }
    value = *number;
    return {};
}

// A template is a string, or (older files) a list of {name, template}, of which "default" counts.
std::optional<std::string> templateOf(const Json& root) {
    const auto entry = root.is_object() ? root.find("chat_template") : root.end();
    if (!root.is_object() || entry == root.end()) return std::nullopt;
    if (entry->is_string()) return entry->get<std::string>();
    if (!entry->is_array()) return std::nullopt;
    for (const Json& named : *entry) {
        if (named.is_object() && named.value("name", Json()) == "default" && named.value("template", Json()).is_string()) {
            return named["template"].get<std::string>();
        }
    }
    return std::nullopt;
}

Result<std::optional<std::string>> readChatTemplate(const Checkpoint& checkpoint) {
    if (checkpoint.tokenizer.chatTemplateJinja) {
        ASSIGN_OR_RETURN(std::string text, readFile(*checkpoint.tokenizer.chatTemplateJinja, kMaxTemplateBytes));
        return std::optional(std::move(text));
    }
    if (const auto path = ifPresent(checkpoint.folder / "chat_template.json")) {
        ASSIGN_OR_RETURN(const Json root, readJson(*path, kMaxTemplateBytes));
        if (auto found = templateOf(root)) return found;
    }
    if (!checkpoint.tokenizer.tokenizerConfigJson) return std::optional<std::string>{};
    ASSIGN_OR_RETURN(const Json root, readJson(*checkpoint.tokenizer.tokenizerConfigJson, kMaxTokenizerConfigBytes));
    return templateOf(root);
}

}  // namespace

Result<Json> readJson(const fs::path& path, std::uint64_t maxBytes) {
    ASSIGN_OR_RETURN(const std::string text, readFile(path, maxBytes));
    return parseJson(text, path.string());
}

ImageProcessorSettings defaultImageProcessor(const config::Gemma3Config& config) {
    ImageProcessorSettings settings;
    settings.height = settings.width = config.vision ? config.vision->imageSize : settings.height;
    settings.imageSequenceLength = config.mmTokensPerImage;
    return settings;
}

Result<ImageProcessorSettings> parseImageProcessor(const Json& root, const ImageProcessorSettings& defaults,
                                                   const std::string& source) {
    if (!root.is_object()) return Error{ErrorCode::InvalidData, "expected an object, found " + describeJson(root), source};
    const auto nested = root.find("image_processor");
    const Json& object = nested != root.end() && nested->is_object() ? *nested : root;
    ImageProcessorSettings settings = defaults;
    RETURN_IF_ERROR(readChannels(object, "image_mean", settings.mean, false, source));
    RETURN_IF_ERROR(readChannels(object, "image_std", settings.standardDeviation, true, source));
    const auto size = object.find("size");
    if (size != object.end() && size->is_object()) {
        RETURN_IF_ERROR(readBounded(*size, "height", settings.height, 1, 16384, source));
        RETURN_IF_ERROR(readBounded(*size, "width", settings.width, 1, 16384, source));
    }
    RETURN_IF_ERROR(readBounded(object, "image_seq_length", settings.imageSequenceLength, 1, 1 << 20, source));
    RETURN_IF_ERROR(readBounded(object, "pan_and_scan_min_crop_size", settings.panAndScanMinCropSize, 1, 1 << 20, source));
    RETURN_IF_ERROR(readBounded(object, "pan_and_scan_max_num_crops", settings.panAndScanMaxNumCrops, 1, 1000, source));
    ASSIGN_OR_RETURN(const auto factor, findNumber(object, "rescale_factor", source));
    settings.rescaleFactor = factor.value_or(settings.rescaleFactor);
    ASSIGN_OR_RETURN(const auto panAndScan, findBool(object, "do_pan_and_scan", source));
    settings.doPanAndScan = panAndScan.value_or(settings.doPanAndScan);
    ASSIGN_OR_RETURN(const auto ratio, findNumber(object, "pan_and_scan_min_ratio_to_activate", source));
    settings.panAndScanMinRatioToActivate = ratio.value_or(settings.panAndScanMinRatioToActivate);
    return settings;
}

Result<void> readSideFiles(Checkpoint& checkpoint) {
    const fs::path& folder = checkpoint.folder;
    TokenizerMaterial& tokenizer = checkpoint.tokenizer;
    tokenizer.sentencePieceModel = ifPresent(folder / "tokenizer.model");
    tokenizer.tokenizerJson = ifPresent(folder / "tokenizer.json");
    tokenizer.tokenizerConfigJson = ifPresent(folder / "tokenizer_config.json");
    tokenizer.chatTemplateJinja = ifPresent(folder / "chat_template.jinja");
    ASSIGN_OR_RETURN(auto chatTemplate, readChatTemplate(checkpoint));
    if (chatTemplate) tokenizer.chatTemplate = std::move(chatTemplate);

    if (const auto path = ifPresent(folder / "generation_config.json")) {
        ASSIGN_OR_RETURN(const Json root, readJson(*path, kMaxSideFileBytes));
        auto generation = config::parseGenerationConfig(root);
        if (!generation) return std::move(generation).error().within(path->string());
        checkpoint.generation = std::move(*generation);
    }
    if (!checkpoint.config.vision) return {};
    const ImageProcessorSettings defaults = checkpoint.imageProcessor.value_or(defaultImageProcessor(checkpoint.config));
    checkpoint.imageProcessor = defaults;
    for (const char* name : {"preprocessor_config.json", "processor_config.json"}) {
        const auto path = ifPresent(folder / name);
        if (!path) continue;
        ASSIGN_OR_RETURN(const Json root, readJson(*path, kMaxSideFileBytes));
        ASSIGN_OR_RETURN(checkpoint.imageProcessor, parseImageProcessor(root, defaults, path->string()));
        break;
    }
    const ImageProcessorSettings& settings = *checkpoint.imageProcessor;
    if (settings.height != checkpoint.config.vision->imageSize || settings.width != checkpoint.config.vision->imageSize) {
        return Error{ErrorCode::InvalidData,
                     "the image processor makes pictures of " + std::to_string(settings.height) + " x " +
                         std::to_string(settings.width) + ", the vision tower takes " +
                         std::to_string(checkpoint.config.vision->imageSize) + " squared",
                     folder.string()};
    }
    return {};
}

}  // namespace lapidary::checkpoint
