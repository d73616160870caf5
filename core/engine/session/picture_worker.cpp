#include "core/engine/session/picture_worker.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/data/image/image_processor.h"
#include "core/data/image/image_source.h"
#include "core/engine/ops/cuda_plugin.h"
#include "core/engine/session/forecast.h"
#include "core/engine/session/request_conversion.h"
#include "core/shared/base/file.h"

namespace lapidary::session {
namespace {

protocol::ForecastEvent forecastEvent(const plan::MemoryForecast& memory, std::int64_t context, at::Device device) {
    protocol::ForecastEvent event;
    for (const auto& item : memory.items) event.parts.push_back({item.name, item.bytes});
    event.totalBytes = memory.totalBytes();
    event.availableBytes = ops::availableBytes(device);
    event.context = context;
    event.device = device.str();
    return event;
}

// Named by content: the same picture needs writing once.
Result<std::filesystem::path> writePng(const std::filesystem::path& folder, const std::string& name, const std::string& bytes) {
    std::filesystem::path path = folder / (name + ".png");
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) RETURN_IF_ERROR(writeFileAtomically(path, bytes));
    return path;
}

}  // namespace

Result<protocol::DoneEvent> PictureWorker::handle(const QueuedRequest& queued) const {
    const std::int64_t id = queued.request.id;
    if (const auto* request = std::get_if<protocol::PreviewRequest>(&queued.request.body))
        return preview(id, *request, queued.stop);
    if (const auto* request = std::get_if<protocol::ThumbnailRequest>(&queued.request.body)) return thumbnail(id, *request);
    if (const auto* request = std::get_if<protocol::CountRequest>(&queued.request.body))
        return count(id, *request, queued.stop);
    if (const auto* request = std::get_if<protocol::ForecastRequest>(&queued.request.body)) return forecast(id, *request);
    return Error{ErrorCode::Unsupported, "the picture worker does not answer this type of request", ""};
}

Result<protocol::DoneEvent> PictureWorker::preview(std::int64_t id, const protocol::PreviewRequest& request,
                                                   const std::stop_token& stop) const {
    // Without a model: what the released checkpoints do (896 x 896, 256 tokens a view).
    image::ImageProcessorSettings settings;
    const auto model = m_holder.get();
    const bool ofModel = model && model->processor().acceptsPictures();
    if (ofModel) settings = model->processor().imageProcessor().settings();
    ASSIGN_OR_RETURN(const image::ImageProcessor processor, image::ImageProcessor::create(settings));
    const image::ImageSource source{request.url.empty() ? image::ImageSource::Kind::Path : image::ImageSource::Kind::Url,
                                    request.url.empty() ? request.path : request.url};
    ASSIGN_OR_RETURN(const image::Picture picture, image::loadPicture(source, image::UrlConsent::Allow, {}, stop));
    ASSIGN_OR_RETURN(const RequestedViews wanted, viewsOf(request.views, settings, 1));
    const image::ViewSettings& viewSettings = wanted.viewsOfPicture.empty() ? wanted.views : wanted.viewsOfPicture.front();
    ASSIGN_OR_RETURN(const std::vector<image::View> views, processor.views(picture, viewSettings, stop));
    protocol::PreviewEvent event;
    event.width = picture.width;
    event.height = picture.height;
    event.size = settings.size;
    event.tokens = settings.tokensPerView * static_cast<std::int64_t>(views.size());
    for (const image::View& view : views) {
        ASSIGN_OR_RETURN(const std::string png, image::encodePng(view.rgb, view.size, view.size));
        ASSIGN_OR_RETURN(const auto path, writePng(m_runtimeFolder, "view-" + view.sha256, png));
        event.views.push_back({view.whole, view.box, path.string(), view.sha256, settings.tokensPerView});
    }
    if (model && !ofModel) event.warnings.emplace_back("the open model is text-only: it cannot see pictures");
    m_events.write({id, std::move(event)});
    return protocol::DoneEvent{};
}

Result<protocol::DoneEvent> PictureWorker::thumbnail(std::int64_t id, const protocol::ThumbnailRequest& request) const {
    ASSIGN_OR_RETURN(const image::Picture picture, image::readPicture(request.path));
    ASSIGN_OR_RETURN(const std::string png, image::encodeThumbnail(picture, request.maxSide));
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(png.data());
    ASSIGN_OR_RETURN(const auto path, writePng(m_runtimeFolder, "thumbnail-" + image::sha256Hex({bytes, png.size()}), png));
    const std::int64_t longer = std::max(picture.width, picture.height);
    const double scale = longer > request.maxSide ? static_cast<double>(request.maxSide) / static_cast<double>(longer) : 1.0;
    const auto scaled = [scale](std::int64_t side) {
        return std::max<std::int64_t>(1, std::llround(static_cast<double>(side) * scale));
    };
    m_events.write({id, protocol::ThumbnailEvent{path.string(), scaled(picture.width), scaled(picture.height)}});
    return protocol::DoneEvent{};
}

Result<protocol::DoneEvent> PictureWorker::count(std::int64_t id, const protocol::CountRequest& request,
                                                 const std::stop_token& stop) const {
    const auto model = m_holder.get();
    if (!model) return noModelError();
    const processor::Conversation conversation = conversationOf(request.messages);
    ASSIGN_OR_RETURN(const RequestedViews views,
                     viewsOf(request.views, request.messages, model->processor().imageProcessor().settings()));
    PromptSettings settings;
    settings.raw = request.raw;
    settings.parseSpecial = request.parseSpecial;
    settings.views = views.views;
    settings.viewsOfPicture = views.viewsOfPicture;
    settings.urls = image::UrlConsent::Allow;
    // The prompt itself is made, not only counted: the number is then the one that a chat will have, by construction.
    ASSIGN_OR_RETURN(const auto prompt, buildPrompt(model->opened(), conversation, settings, stop));
    protocol::CountEvent event;
    event.tokens = static_cast<std::int64_t>(prompt.ids.size());
    event.images = static_cast<std::int64_t>(prompt.images.size());
    event.views = static_cast<std::int64_t>(prompt.views.size());
    event.context = model->contextTokens();
    m_events.write({id, event});
    return protocol::DoneEvent{};
}

Result<protocol::DoneEvent> PictureWorker::forecast(std::int64_t id, const protocol::ForecastRequest& request) const {
    ModelRequest wanted;
    wanted.device = request.device;
    wanted.dtype = request.dtype;
    wanted.quantize = request.quantize;
    const auto answer = [&](const checkpoint::Checkpoint& checkpoint, std::int64_t tokens) -> Result<protocol::DoneEvent> {
        ASSIGN_OR_RETURN(const model::LoadOptions options, loadOptionsOf(wanted));
        ASSIGN_OR_RETURN(const std::int64_t context, resolveContext(checkpoint.config.text, tokens, true));
        ASSIGN_OR_RETURN(const auto memory, forecastOf(checkpoint, context, options));
        m_events.write({id, forecastEvent(memory, context, options.device)});
        return protocol::DoneEvent{};
    };
    if (request.model.empty()) {
        const auto model = m_holder.get();
        if (!model) return noModelError();
        if (request.device == "auto") wanted.device = model->deviceName();
        if (request.dtype == "auto") wanted.dtype = model->dtypeName();
        if (request.quantize.empty()) wanted.quantize = model->quantizeName();
        return answer(model->opened().checkpoint, request.context == 0 ? model->contextTokens() : request.context);
    }
    ASSIGN_OR_RETURN(const auto path, resolveModelPath(request.model));
    checkpoint::OpenOptions options;
    if (!request.mmproj.empty()) options.mmproj = request.mmproj;
    ASSIGN_OR_RETURN(const checkpoint::Checkpoint checkpoint, checkpoint::openCheckpoint(path, options));
    return answer(checkpoint, request.context);
}

}  // namespace lapidary::session
