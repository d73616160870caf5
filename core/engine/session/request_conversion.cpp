#include "core/engine/session/request_conversion.h"

#include <algorithm>
#include <string>
#include <utility>

namespace lapidary::session {

processor::Conversation conversationOf(const std::vector<protocol::ChatMessage>& messages) {
    processor::Conversation conversation;
    for (const protocol::ChatMessage& message : messages) {
        std::vector<text::ContentPart> parts;
        for (const protocol::ContentPart& part : message.content) {
            if (part.type == protocol::ContentPart::Type::Text) {
                parts.push_back({text::ContentPart::Type::Text, part.text, -1});
                continue;
            }
            const bool isPath = part.url.empty();
            parts.push_back({text::ContentPart::Type::Image, "", static_cast<std::int64_t>(conversation.images.size())});
            conversation.images.push_back(
                {isPath ? image::ImageSource::Kind::Path : image::ImageSource::Kind::Url, isPath ? part.path : part.url});
        }
        conversation.messages.push_back({message.role, std::move(parts)});
    }
    return conversation;
}

namespace {

image::ViewSettings viewsOfOne(const protocol::PictureViewSettings& wanted, const image::ImageProcessorSettings& defaults) {
    image::ViewSettings views;
    views.panAndScan = {wanted.panAndScanMinCropSize.value_or(defaults.panAndScan.minCropSize),
                        wanted.panAndScanMaxNumCrops.value_or(defaults.panAndScan.maxNumCrops),
                        wanted.panAndScanMinRatioToActivate.value_or(defaults.panAndScan.minRatioToActivate)};
    if (wanted.panAndScan.value_or(defaults.panAndScanByDefault)) views.mode = image::CropMode::PanAndScan;
    if (wanted.crops) {
        views.mode = image::CropMode::Given;
        views.boxes = *wanted.crops;
    }
    return views;
}

}  // namespace

Result<RequestedViews> viewsOf(const protocol::ViewSettings& wanted, const std::vector<protocol::ChatMessage>& messages,
                               const image::ImageProcessorSettings& defaults) {
    std::vector<const protocol::ContentPart*> pictures;
    for (const protocol::ChatMessage& message : messages) {
        for (const protocol::ContentPart& part : message.content) {
            if (part.type == protocol::ContentPart::Type::Image) pictures.push_back(&part);
        }
    }
    ASSIGN_OR_RETURN(RequestedViews requested, viewsOf(wanted, defaults, pictures.size()));
    const bool anyOwn = std::any_of(pictures.begin(), pictures.end(),
                                    [](const protocol::ContentPart* part) { return part->views.has_value(); });
    if (!anyOwn) return requested;
    requested.viewsOfPicture.resize(pictures.size(), requested.views);
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        if (pictures[i]->views) requested.viewsOfPicture[i] = viewsOfOne(*pictures[i]->views, defaults);
    }
    return requested;
}

Result<RequestedViews> viewsOf(const protocol::ViewSettings& wanted, const image::ImageProcessorSettings& defaults,
                               std::size_t pictures) {
    RequestedViews requested;
    requested.views = viewsOfOne({wanted.panAndScan, wanted.panAndScanMinCropSize, wanted.panAndScanMaxNumCrops,
                                  wanted.panAndScanMinRatioToActivate, std::nullopt},
                                 defaults);
    if (!wanted.crops) return requested;
    if (wanted.crops->size() != pictures) {
        return Error{ErrorCode::Usage,
                     "expected one list of crops a picture (" + std::to_string(pictures) + "), found " +
                         std::to_string(wanted.crops->size()),
                     "crops"};
    }
    for (const auto& boxes : *wanted.crops) {
        image::ViewSettings own = requested.views;
        own.mode = image::CropMode::Given;
        own.boxes = boxes;
        requested.viewsOfPicture.push_back(std::move(own));
    }
    return requested;
}

ModelRequest modelRequestOf(const protocol::LoadRequest& request) {
    ModelRequest model;
    model.model = request.model;
    model.mmproj = request.mmproj;
    model.adapters = request.adapters;
    model.device = request.device;
    model.dtype = request.dtype;
    model.quantize = request.quantize;
    model.threads = request.threads;
    model.context = request.context;
    model.forceContext = request.forceContext;
    model.visionCache = request.visionCache;
    return model;
}

}  // namespace lapidary::session
