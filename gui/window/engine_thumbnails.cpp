#include "gui/window/engine_thumbnails.h"

namespace lapidary::gui {

EngineThumbnails::EngineThumbnails(EngineApi& engine, QObject* parent) : QObject(parent), m_engine(engine) {
    connect(&m_provider, &PngThumbnails::wanted, this, [this](const Picture& picture) {
        if (picture.path.isEmpty()) return;  // an address has none until it is read for its views
        protocol::ThumbnailRequest request;
        request.path = picture.path.toStdString();
        m_keys[m_engine.send(request)] = thumbnailKey(picture);
    });
    connect(&engine, &EngineApi::received, this, [this](std::int64_t id, const protocol::EventBody& body) {
        const auto asked = m_keys.find(id);
        if (asked == m_keys.end()) return;
        if (const auto* thumbnail = std::get_if<protocol::ThumbnailEvent>(&body))
            m_provider.add(asked->second, QString::fromStdString(thumbnail->path));
        if (protocol::endsRequest(body)) m_keys.erase(asked);
    });
}

}  // namespace lapidary::gui
