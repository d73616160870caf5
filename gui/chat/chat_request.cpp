#include "gui/chat/chat_request.h"

namespace lapidary::gui {
namespace {

constexpr std::int64_t kAlternatives = 5;

protocol::ContentPart partOf(const MessagePart& part) {
    protocol::ContentPart result;
    if (!part.picture) {
        result.text = part.text.toStdString();
        return result;
    }
    result.type = protocol::ContentPart::Type::Image;
    if (part.picture->path.isEmpty())
        result.url = part.picture->url.toStdString();
    else
        result.path = part.picture->path.toStdString();
    result.views = viewSettingsOf(part.picture->views);
    return result;
}

}  // namespace

std::optional<protocol::PictureViewSettings> viewSettingsOf(const PictureViews& views) {
    protocol::PictureViewSettings settings;
    switch (views.mode) {
        case PictureViews::Mode::Model: return std::nullopt;
        case PictureViews::Mode::Off: settings.panAndScan = false; break;
        case PictureViews::Mode::Own: settings.crops = views.crops; break;
        case PictureViews::Mode::On:
            settings.panAndScan = true;
            settings.panAndScanMinCropSize = views.panAndScan.minCropSize;
            settings.panAndScanMaxNumCrops = views.panAndScan.maxNumCrops;
            settings.panAndScanMinRatioToActivate = views.panAndScan.minRatioToActivate;
            break;
    }
    return settings;
}

protocol::PreviewRequest previewRequestOf(const Picture& picture) {
    protocol::PreviewRequest request;
    if (picture.path.isEmpty())
        request.url = picture.url.toStdString();
    else
        request.path = picture.path.toStdString();
    const auto own = viewSettingsOf(picture.views);
    if (!own) return request;
    request.views = {own->panAndScan, own->panAndScanMinCropSize, own->panAndScanMaxNumCrops, own->panAndScanMinRatioToActivate,
                     std::nullopt};
    if (own->crops) request.views.crops.emplace().push_back(*own->crops);
    return request;
}

protocol::ChatRequest chatRequestOf(const std::vector<const Message*>& path, const ConversationSettings& settings,
                                    const QString& sequence) {
    protocol::ChatRequest request;
    if (!settings.systemPrompt.trimmed().isEmpty()) {
        protocol::ContentPart text;
        text.text = settings.systemPrompt.toStdString();
        request.messages.push_back({"system", {text}});
    }
    for (const Message* message : path) {
        protocol::ChatMessage& next = request.messages.emplace_back();
        next.role = message->role == Role::User ? "user" : "assistant";
        for (const MessagePart& part : message->parts) next.content.push_back(partOf(part));
    }
    request.continueLast = !path.empty() && path.back()->role == Role::Assistant;
    request.sampling = {settings.temperature,       settings.topK, settings.topP, settings.minP,
                        settings.repetitionPenalty, settings.seed};
    request.maxNewTokens = settings.maxNewTokens;
    for (const QString& stop : settings.stop) request.stop.push_back(stop.toStdString());
    request.logprobs = settings.probabilities ? kAlternatives : 0;
    request.sequence = sequence.toStdString();
    return request;
}

}  // namespace lapidary::gui
