#include "core/engine/session/prompt.h"

#include <utility>

namespace lapidary::session {
namespace {

Result<std::vector<image::Picture>> loadPictures(const std::vector<image::ImageSource>& sources, image::UrlConsent urls,
                                                 const std::stop_token& stop) {
    std::vector<image::Picture> pictures;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "reading the pictures was cancelled", ""};
        auto picture = image::loadPicture(sources[i], urls, {}, stop);
        if (!picture) return picture.error().within("picture " + std::to_string(i + 1));
        pictures.push_back(std::move(*picture));
    }
    return pictures;
}

}  // namespace

Error textOnlyModelError() {
    return Error{ErrorCode::Unsupported,
                 "this model is text-only: it has no vision tower and cannot see pictures. Leave the pictures out, or open a "
                 "vision-language model (Gemma 3 4B, 12B or 27B)",
                 ""};
}

Result<processor::ProcessedPrompt> buildPrompt(const OpenedCheckpoint& opened, const processor::Conversation& conversation,
                                               const PromptSettings& settings, std::stop_token stop) {
    if (!conversation.images.empty() && !opened.processor->acceptsPictures()) return textOnlyModelError();
    ASSIGN_OR_RETURN(const auto pictures, loadPictures(conversation.images, settings.urls, stop));
    processor::ProcessSettings process;
    process.views = settings.views;
    process.viewsOfPicture = settings.viewsOfPicture;
    process.contextTokens = settings.contextTokens;
    process.typedSpecialTokens =
        settings.raw || settings.parseSpecial ? text::SpecialTokens::Parse : text::SpecialTokens::AsText;
    if (settings.raw || !opened.chatTemplate.hasTemplate) {
        return opened.processor->complete(conversation.messages, pictures, process, stop);
    }
    return opened.processor->chat(conversation.messages, pictures, settings.after, process, stop);
}

}  // namespace lapidary::session
