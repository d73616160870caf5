#include "core/engine/session/request_conversion.h"

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

Result<RequestedViews> viewsOf(const protocol::ViewSettings& wanted, const image::ImageProcessorSettings& defaults,
                               std::size_t pictures) {
    RequestedViews requested;
    requested.views.panAndScan = {wanted.panAndScanMinCropSize.value_or(defaults.panAndScan.minCropSize),
                                  wanted.panAndScanMaxNumCrops.value_or(defaults.panAndScan.maxNumCrops),
                                  wanted.panAndScanMinRatioToActivate.value_or(defaults.panAndScan.minRatioToActivate)};
    if (wanted.panAndScan.value_or(defaults.panAndScanByDefault)) requested.views.mode = image::CropMode::PanAndScan;
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
