#include "core/data/processor/gemma3_processor.h"

#include <algorithm>
#include <utility>

#include "core/data/text/special_tokens.h"
#include "core/shared/rules/prompt_layout.h"

namespace lapidary::processor {
namespace {

Error invalid(const std::string& message) { return {ErrorCode::InvalidData, message, ""}; }

// The configuration and the tokenizer must mean the same three tokens (Fault16).
Result<void> checkImageTokens(const text::Tokenizer& tokenizer, const config::Gemma3Config& config) {
    struct Expected {
        const char* key;
        std::string_view piece;
        std::int64_t id;
    };
    for (const Expected& expected : {Expected{"boi_token_index", text::kStartOfImage, config.boiTokenIndex},
                                     Expected{"eoi_token_index", text::kEndOfImage, config.eoiTokenIndex},
                                     Expected{"image_token_index", text::kImageSoftToken, config.imageTokenIndex}}) {
        const auto id = tokenizer.idOf(expected.piece);
        const std::string found =
            id ? "the tokenizer gives it the id " + std::to_string(*id) : "the tokenizer does not know it";
        if (id != expected.id) {
            return invalid(std::string(expected.key) + " is " + std::to_string(expected.id) + " (" +
                           std::string(expected.piece) + "), but " + found);
        }
        // The soft token's row is never looked up, so converters to GGUF cut it off (specification 1.1, 7.4).
        if (expected.id >= config.text.vocabSize && expected.id != config.imageTokenIndex) {
            return invalid(std::string(expected.key) + " is " + std::to_string(expected.id) + ", but the embedding has " +
                           std::to_string(config.text.vocabSize) + " rows");
        }
    }
    return {};
}

std::vector<PictureSize> sizesOf(std::span<const image::Picture> pictures) {
    std::vector<PictureSize> sizes;
    for (const image::Picture& picture : pictures) sizes.push_back({picture.width, picture.height});
    return sizes;
}

// Specification 5.4: a picture's place opened to its views.
void appendLayout(std::vector<text::Segment>& segments, std::int64_t numCrops, std::int64_t tokensPerView) {
    const auto layout = rules::imageLayout(numCrops, tokensPerView);
    segments.push_back({true, rules::layoutText(layout)});
}

}  // namespace

Result<Gemma3Processor> Gemma3Processor::create(std::shared_ptr<const text::Tokenizer> tokenizer,
                                                const config::Gemma3Config& config,
                                                const image::ImageProcessorSettings& images) {
    ASSIGN_OR_RETURN(auto imageProcessor, image::ImageProcessor::create(images));
    if (config.isVisionLanguage()) RETURN_IF_ERROR(checkImageTokens(*tokenizer, config));
    Gemma3Processor processor(std::move(tokenizer), std::move(imageProcessor));
    processor.m_acceptsPictures = config.isVisionLanguage();
    processor.m_tokensPerView = config.mmTokensPerImage;
    processor.m_imageTokenId = config.imageTokenIndex;
    processor.m_vocabSize = config.text.vocabSize;
    return processor;
}

Gemma3Processor::Gemma3Processor(std::shared_ptr<const text::Tokenizer> tokenizer, image::ImageProcessor images)
    : m_tokenizer(std::move(tokenizer)), m_images(std::move(images)) {}

Result<ProcessedPrompt> Gemma3Processor::chat(std::span<const text::Message> messages, std::span<const image::Picture> pictures,
                                              text::AfterLastMessage after, const ProcessSettings& settings,
                                              std::stop_token stop) const {
    ASSIGN_OR_RETURN(auto draft, draftChat(messages, after, {settings.typedSpecialTokens, std::ssize(pictures)}));
    return process(std::move(draft), pictures, settings, stop);
}

Result<ProcessedPrompt> Gemma3Processor::complete(std::span<const text::Message> messages,
                                                  std::span<const image::Picture> pictures, const ProcessSettings& settings,
                                                  std::stop_token stop) const {
    ASSIGN_OR_RETURN(auto draft, draftPlain(messages, {settings.typedSpecialTokens, std::ssize(pictures)}));
    return process(std::move(draft), pictures, settings, stop);
}

Result<ProcessedPrompt> Gemma3Processor::raw(std::string_view prompt, std::span<const image::Picture> pictures,
                                             const ProcessSettings& settings, std::stop_token stop) const {
    return process(draftRaw(prompt, {settings.typedSpecialTokens, std::ssize(pictures)}), pictures, settings, stop);
}

Result<std::int64_t> Gemma3Processor::countTokens(std::span<const text::Message> messages,
                                                  std::span<const PictureSize> pictures, text::AfterLastMessage after,
                                                  const ProcessSettings& settings) const {
    ASSIGN_OR_RETURN(auto draft, draftChat(messages, after, {settings.typedSpecialTokens, std::ssize(pictures)}));
    return count(std::move(draft), pictures, settings);
}

Result<ProcessedPrompt> Gemma3Processor::layout(std::span<const text::Message> messages, std::span<const PictureSize> pictures,
                                                text::AfterLastMessage after, const ProcessSettings& settings) const {
    ASSIGN_OR_RETURN(auto draft, draftChat(messages, after, {settings.typedSpecialTokens, std::ssize(pictures)}));
    ASSIGN_OR_RETURN(const Boxes boxes, boxesOf(pictures, settings));
    RETURN_IF_ERROR(assignPictures(draft, std::ssize(pictures)));
    return layOut(draft, boxes, settings.contextTokens);
}

Result<std::vector<std::int64_t>> Gemma3Processor::expandedIds(std::string_view prompt, std::span<const std::int64_t> numCrops,
                                                               text::SpecialTokens typed) const {
    PromptDraft draft = draftRaw(prompt, {typed, std::ssize(numCrops)});
    RETURN_IF_ERROR(assignPictures(draft, std::ssize(numCrops)));
    Boxes boxes;
    for (const std::int64_t crops : numCrops)
        boxes.emplace_back(static_cast<std::size_t>(std::max<std::int64_t>(0, crops)) + 1);
    ASSIGN_OR_RETURN(auto prompted, layOut(draft, boxes, std::nullopt));
    return std::move(prompted.ids);
}

Result<Gemma3Processor::Boxes> Gemma3Processor::boxesOf(std::span<const PictureSize> pictures,
                                                        const ProcessSettings& settings) const {
    if (!pictures.empty() && !m_acceptsPictures) {
        return Error{ErrorCode::Unsupported, "this is a text-only model: it has no vision tower, so it cannot take pictures",
                     ""};
    }
    if (!settings.viewsOfPicture.empty() && settings.viewsOfPicture.size() != pictures.size()) {
        return Error{ErrorCode::Usage,
                     std::to_string(settings.viewsOfPicture.size()) + " view settings for " + std::to_string(pictures.size()) +
                         " pictures",
                     ""};
    }
    Boxes boxes;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const image::ViewSettings& views = settings.viewsOfPicture.empty() ? settings.views : settings.viewsOfPicture[i];
        auto found = m_images.boxes(pictures[i].width, pictures[i].height, views);
        if (!found) return found.error().within("picture " + std::to_string(i + 1));
        boxes.push_back(std::move(*found));
    }
    return boxes;
}

// Ids, types, spans and the places of views; the views themselves come later.
Result<ProcessedPrompt> Gemma3Processor::layOut(const PromptDraft& draft, const Boxes& boxes,
                                                std::optional<std::int64_t> contextTokens) const {
    ProcessedPrompt prompt;
    std::vector<text::Segment> segments;
    std::int64_t views = 0;
    for (const DraftPiece& piece : draft) {
        if (!piece.isPicture) {
            segments.push_back(piece.segment);
            continue;
        }
        const auto& own = boxes[piece.picture];
        appendLayout(segments, std::ssize(own) - 1, m_tokensPerView);
        prompt.images.push_back({piece.picture, 0, 0, own, views, std::ssize(own) * m_tokensPerView});
        views += std::ssize(own);
    }
    const std::int64_t softTokens = views * m_tokensPerView;
    const auto tooLong = [&](const std::string& total) {
        const std::string ofPictures =
            views == 0 ? "" : std::to_string(softTokens) + " of them for " + std::to_string(views) + " views of pictures, ";
        return invalid("the prompt takes " + total + " tokens, " + ofPictures + "but the context holds " +
                       std::to_string(*contextTokens));
    };
    if (contextTokens && softTokens > *contextTokens) return tooLong("more than " + std::to_string(softTokens));
    prompt.ids = m_tokenizer->encode(segments);
    if (contextTokens && std::ssize(prompt.ids) > *contextTokens) return tooLong(std::to_string(prompt.ids.size()));

    for (const std::int64_t id : prompt.ids) {
        const bool softToken = m_acceptsPictures && id == m_imageTokenId;
        if (id >= m_vocabSize && !softToken) {
            return invalid("'" + m_tokenizer->piece(id) + "' in the text has the id " + std::to_string(id) +
                           ", but the model's embedding has " + std::to_string(m_vocabSize) + " rows");
        }
        prompt.tokenTypeIds.push_back(softToken ? 1 : 0);
    }
    if (m_acceptsPictures) prompt.imageSpans = rules::imageSpansFromTypes(prompt.tokenTypeIds);
    // Soft tokens that a person typed in Parse mode have no features behind them.
    const bool asLaidOut = std::ssize(prompt.imageSpans) == views &&
                           std::all_of(prompt.imageSpans.begin(), prompt.imageSpans.end(),
                                       [&](const rules::ImageSpan& span) { return span.end - span.begin == m_tokensPerView; });
    if (!asLaidOut) return invalid("the text itself contains <image_soft_token>; only a picture's place may");
    return prompt;
}

Result<ProcessedPrompt> Gemma3Processor::process(PromptDraft draft, std::span<const image::Picture> pictures,
                                                 const ProcessSettings& settings, const std::stop_token& stop) const {
    ASSIGN_OR_RETURN(const Boxes boxes, boxesOf(sizesOf(pictures), settings));
    RETURN_IF_ERROR(assignPictures(draft, std::ssize(pictures)));
    ASSIGN_OR_RETURN(auto prompt, layOut(draft, boxes, settings.contextTokens));
    for (PromptImage& place : prompt.images) {
        const image::Picture& picture = pictures[place.picture];
        place.width = picture.width;
        place.height = picture.height;
        const image::ViewSettings& viewSettings =
            settings.viewsOfPicture.empty() ? settings.views : settings.viewsOfPicture[place.picture];
        auto views = m_images.views(picture, viewSettings, stop);
        if (!views) return views.error().within("picture " + std::to_string(place.picture + 1));
        std::move(views->begin(), views->end(), std::back_inserter(prompt.views));
    }
    return prompt;
}

Result<std::int64_t> Gemma3Processor::count(PromptDraft draft, std::span<const PictureSize> pictures,
                                            const ProcessSettings& settings) const {
    ASSIGN_OR_RETURN(const Boxes boxes, boxesOf(pictures, settings));
    RETURN_IF_ERROR(assignPictures(draft, std::ssize(pictures)));
    ASSIGN_OR_RETURN(const auto prompt, layOut(draft, boxes, settings.contextTokens));
    return std::ssize(prompt.ids);
}

}  // namespace lapidary::processor
