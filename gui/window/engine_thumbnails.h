// Thumbnails of the pictures in messages: the engine writes them, the message list shows them.  Lives on the main thread.
#pragma once

#include <QObject>
#include <map>

#include "gui/chat_widgets/thumbnails.h"
#include "gui/engine_client/engine_api.h"

namespace lapidary::gui {

class EngineThumbnails final : public QObject {
    Q_OBJECT

public:
    explicit EngineThumbnails(EngineApi& engine, QObject* parent = nullptr);
    [[nodiscard]] PngThumbnails& provider() { return m_provider; }

private:
    EngineApi& m_engine;
    PngThumbnails m_provider;
    std::map<std::int64_t, QString> m_keys;  // of requests
};

}  // namespace lapidary::gui
